"""What is erased is gone from the files, too, not only from the tables."""

from __future__ import annotations

import sqlalchemy as sa

from app.services import customers
from app.services.cleanup import clean_up
from app.services.customers import Who
from app.storage.tables import tasks
from tests.engine import ALICES_PHONE, Engine
from tests.house import perform
from tests.postgres import about_sqlite
from tests.replying import write

SECRETS = (b"rabbit", ALICES_PHONE.encode())


def told_in_files(engine: Engine) -> list[str]:
    """Return the names of the files in which she still can be read of."""
    return [
        file.name
        for file in engine.runtime.settings.data_dir.rglob("*")
        if file.is_file() and any(secret in file.read_bytes() for secret in SECRETS)
    ]


@about_sqlite
def test_no_file_tells_of_an_erased_customer(engine: Engine) -> None:
    runtime, who = engine.runtime, Who(phone=ALICES_PHONE)
    engine.message("Mind the rabbit hole")
    engine.work()
    write(runtime, "Which rabbit?")
    perform(runtime, lambda tx: customers.erase(tx, runtime, who, now=engine.clock.now))
    assert told_in_files(engine) == ["bellhop.db-wal"]

    with runtime.database.read() as tx:
        tx.execute(sa.select(tasks.c.id)).first()
        assert not runtime.database.empty_log()  # somebody reads
    clean_up(runtime)

    assert told_in_files(engine) == []
