"""The job of every contestant but Bellhop: claim the row, word it, POST it, record it.

Two commits with full durability, one HTTP connection that is kept. `deliver` is what
the peers' workers call; where rows and provider are is told by the environment.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

import requests
import sqlalchemy as sa

from app.domain.facts import Facts
from app.domain.recipients import Channel
from app.services.wording import Wording
from app.storage.database import Database
from bench.peers.account import ACCOUNT, SENDER, TOKEN

#: The environment's names: the rows' database, the provider, and the peers' Valkey.
DATABASE, PROVIDER, QUEUE = "BENCH_DATABASE", "BENCH_PROVIDER", "BENCH_QUEUE"

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
_RECORD = (
    sa.update(_rows)
    .where(_rows.c.id == sa.bindparam("row_id"), _rows.c.status == "sending")
    .values(status="sent", sid=sa.bindparam("new_sid"))
)
_STATES = sa.select(_rows.c.id, _rows.c.status, _rows.c.sid)


class Job:
    """What a worker keeps between two deliveries: connections and words."""

    def __init__(self, *, database_url: str, provider_url: str) -> None:
        self._database = Database(database_url)
        self._wording = Wording(business_locale="en", business_timezone="UTC")
        self._url = f"{provider_url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        self._http = requests.Session()
        self._http.auth = (ACCOUNT, TOKEN)
        self._http.trust_env = False

    def add(self, row_ids: Iterable[int]) -> None:
        """Save rows that wait to be sent, in one transaction."""
        new = [{"id": n, "status": "pending", "phone": phone(n)} for n in row_ids]
        with self._database.write() as tx:
            _metadata.create_all(tx)
            tx.execute(sa.insert(_rows), new)

    def deliver(self, row_id: int) -> None:
        """Send one row's message, unless somebody else has taken it."""
        with self._database.write() as tx:
            to = tx.execute(_CLAIM, {"row_id": row_id}).scalar_one_or_none()
        if to is None:
            return
        form = {"To": to, "From": SENDER, "Body": self._words()}
        answer = self._http.post(self._url, data=form, timeout=10)
        answer.raise_for_status()
        with self._database.write() as tx:
            tx.execute(_RECORD, {"row_id": row_id, "new_sid": answer.json()["sid"]})

    def states(self) -> dict[int, tuple[str, str | None]]:
        """Return each row's status and the provider's name for it."""
        with self._database.read() as tx:
            return {row.id: (row.status, row.sid) for row in tx.execute(_STATES)}

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()
        self._database.close()

    def _words(self) -> str:
        facts = Facts(
            business_name="My Business",
            customer_name="Alice",
            service_name="Haircut",
            start=datetime(2031, 5, 22, 12, 30, tzinfo=UTC),
        )
        return self._wording.render(
            "booking_confirmed", Channel.SMS, facts, locale="en", timezone="UTC"
        ).text


def phone(row_id: int) -> str:
    """Return the number that the message of this row goes to."""
    return f"+49159{row_id:08}"


@cache
def job() -> Job:
    """Return this process's job, made when it is first needed."""
    return Job(database_url=os.environ[DATABASE], provider_url=os.environ[PROVIDER])


def deliver(row_id: int) -> None:
    """Send one row's message: what every peer's task does."""
    job().deliver(row_id)
