"""Two workers, or a worker and a person, at the same task at once on PostgreSQL.

The first has done its deed and not committed when the second one begins. On SQLite the
second one waits at the door; here it goes in, and has to wait at the right row.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.domain.tasks import Status
from app.errors import ConflictError
from app.services import (
    notifications,
)
from app.storage import cleaning, delivering, looking_up, recovering, tables
from app.storage import messages as message_store
from app.storage.delivering import Attempt
from app.storage.recovering import InDoubt
from tests.engine import Engine
from tests.house import (
    rows,
)
from tests.meanwhile import Deed, both, in_own_transaction
from tests.postgres import about_postgresql

pytestmark = about_postgresql


def claim(engine: Engine, task_id: str) -> Deed:
    return lambda tx: delivering.claim(
        tx,
        task_id=task_id,
        seen_revision=None,
        boot_id=engine.presence.boot_id,
        token="token",
        attempt=Attempt(gate="sms", provider="fake", text="Hello"),
        now=engine.clock.now,
    )


def cancel(engine: Engine, task_id: str) -> Deed:
    return lambda tx: notifications.cancel(tx, task_id, now=engine.clock.now)


def test_of_two_workers_that_claim_at_once_one_gets_it(engine: Engine) -> None:
    message = engine.message()

    numbers = both(engine.runtime, claim(engine, message), claim(engine, message))

    assert numbers == (1, None)


def test_what_is_being_cancelled_is_not_claimed(engine: Engine) -> None:
    message = engine.message()

    _, number = both(engine.runtime, cancel(engine, message), claim(engine, message))

    assert number is None
    assert engine.status(message) == "cancelled"


def test_what_is_being_claimed_is_too_late_to_cancel(engine: Engine) -> None:
    message = engine.message()

    _, late = both(engine.runtime, claim(engine, message), cancel(engine, message))

    assert isinstance(late, ConflictError)
    assert engine.status(message) == "sending"


def test_of_two_look_ups_at_once_one_is_made(engine: Engine) -> None:
    message = engine.message()
    engine.put_into(message, Status.UNKNOWN)

    def look_up(tx: sa.Connection) -> bool:
        return looking_up.claim_look_up(
            tx,
            task_id=message,
            boot_id=engine.presence.boot_id,
            token="token",
            now=engine.clock.now,
            until=engine.clock.now + timedelta(seconds=60),
        )

    assert both(engine.runtime, look_up, look_up) == (True, False)


def test_a_take_over_leaves_what_is_being_recorded(engine: Engine) -> None:
    message = engine.message()
    in_own_transaction(engine.runtime, claim(engine, message))
    now = engine.clock.now

    def record(tx: sa.Connection) -> None:
        ended = {"ended_at": now, "outcome": "accepted", "code": "", "reason": ""}
        delivering.end_attempt(tx, task_id=message, number=1, ended=ended)
        to = {
            "status": "sent",
            "reason": "",
            "next_attempt_at": None,
            "given_back": 0,
            "rounds": 0,
            "resends": 0,
            "finished_at": now,
            "now": now,
        }
        assert delivering.settle(tx, task_id=message, token="token", to=to)

    def take_over(tx: sa.Connection) -> int:
        return recovering.make_unknown(
            tx,
            boot_id=engine.presence.boot_id,
            message=InDoubt(reason="dead", clear_up_at=now),
            own=InDoubt(reason="dead", clear_up_at=now),
            now=now,
        )

    _, taken = both(engine.runtime, record, take_over)

    assert taken == 0
    assert engine.status(message) == "sent"
    assert engine.attempts(message)[0]["outcome"] == "accepted"


def test_two_who_clean_up_at_once_count_each_message_once(engine: Engine) -> None:
    messages = [engine.message(recipient=f"+1415556{n:04}") for n in range(6)]
    for message in messages:
        engine.put_into(message, Status.SENT)
    later = engine.clock.now + timedelta(days=30)

    def clean(tx: sa.Connection) -> int:
        return cleaning.clean_batch(tx, finished_before=later, limit=4)

    assert both(engine.runtime, clean, clean) == (4, 2)
    counts = rows(engine.runtime, tables.daily_counts)
    assert sum(row["count"] for row in counts) == 6


def test_a_bulk_cancel_names_what_is_just_being_changed(engine: Engine) -> None:
    one = engine.message(recipient="+14155560001")
    other = engine.message(recipient="+14155560002")

    _, done = both(
        engine.runtime,
        claim(engine, one),
        lambda tx: notifications.cancel_all(
            tx, message_store.Filter(), now=engine.clock.now
        ),
    )

    assert (done.matched, done.done) == (2, 1)
    assert [skipped.id for skipped in done.skipped] == [one]
    assert engine.status(other) == "cancelled"
