"""The same delivery without a queue: the ceiling against which the box is measured.

For each row: claim it in SQLite, word it, POST it to the provider, mark it sent; two
commits with full durability, one HTTP connection that is kept.
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import requests
import sqlalchemy as sa

from app.domain.facts import Facts
from app.domain.recipients import Channel
from app.services.wording import Wording
from app.storage.database import Database
from bench.stage import ACCOUNT, Stage

_metadata = sa.MetaData()
_rows = sa.Table(
    "rows",
    _metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("phone", sa.String, nullable=False),
    sa.Column("sid", sa.String),
)
_CLAIM = (
    sa.update(_rows)
    .where(_rows.c.id == sa.bindparam("row_id"), _rows.c.status == "pending")
    .values(status="sending")
    .returning(_rows.c.phone)
)
_MARK = (
    sa.update(_rows)
    .where(_rows.c.id == sa.bindparam("row_id"), _rows.c.status == "sending")
    .values(status="sent", sid=sa.bindparam("new_sid"))
)


def rate(stage: Stage, count: int) -> float:
    """Return how many messages a second a plain loop delivers."""
    with tempfile.TemporaryDirectory(prefix="bellhop-loop-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'loop.db'}")
        with database.write() as tx:
            _metadata.create_all(tx)
            tx.execute(
                sa.insert(_rows),
                [
                    {"id": n, "status": "pending", "phone": f"+49159{n:08}"}
                    for n in range(count)
                ],
            )
        try:
            return _run(stage, database, count)
        finally:
            database.close()


def _run(stage: Stage, database: Database, count: int) -> float:
    wording = Wording(business_locale="en", business_timezone="UTC")
    url = f"{stage.provider}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    with requests.Session() as session:
        session.auth = (ACCOUNT, "token")
        session.trust_env = False
        began = time.monotonic()
        for row_id in range(count):
            with database.write() as tx:
                phone = tx.execute(_CLAIM, {"row_id": row_id}).scalar_one()
            form = {"To": phone, "From": "+14155550199", "Body": _words(wording)}
            answer = session.post(url, data=form, timeout=10)
            with database.write() as tx:
                tx.execute(_MARK, {"row_id": row_id, "new_sid": answer.json()["sid"]})
        return count / (time.monotonic() - began)


def _words(wording: Wording) -> str:
    facts = Facts(
        business_name="My Business",
        customer_name="Alice",
        service_name="Haircut",
        start=datetime(2031, 5, 22, 12, 30, tzinfo=UTC),
    )
    return wording.render(
        "booking_confirmed", Channel.SMS, facts, locale="en", timezone="UTC"
    ).text
