"""The same request twice does its deed once: answers are kept by Idempotency-Key.

The key is taken and the answer saved in the deed's own transaction, so that there is
never the one without the other; a deed that fails leaves the key free. Of two at the
same moment the second waits for the first one's commit, and then sees its answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.errors import InvalidError, Problem
from app.services.cleanup import KEEP_IDEMPOTENCY_KEYS
from app.storage.tables import idempotency_keys
from app.storage.upsert import upsert

#: Between a look at the key and the answer nobody forgets it.
_A_WHILE = timedelta(minutes=5)
#: Stands in a row whose deed is still being done; no other transaction ever sees it.
_BEING_DONE = 0


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that may come twice: who sent it (with method and path) and what."""

    scope: str
    key: str
    body: bytes

    @property
    def fingerprint(self) -> str:
        """A digest of the body: another one under the same key is a mistake."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was answered: the HTTP status and the JSON body."""

    status: int
    body: str


def is_known(tx: sa.Connection, request: Request, *, now: datetime) -> bool:
    """Tell whether the same request was answered before, and will be for a while."""
    known = sa.select(idempotency_keys.c.key).where(
        *_this(request),
        idempotency_keys.c.created_at > now - KEEP_IDEMPOTENCY_KEYS + _A_WHILE,
    )
    return tx.execute(known).first() is not None


def earlier_answer(
    tx: sa.Connection, request: Request, *, now: datetime
) -> Answer | None:
    """Return what the same request was answered before; None: it is ours to do.

    Raises InvalidError where the key came with another body.
    """
    if _take(tx, request, now=now):
        return None
    row = tx.execute(sa.select(idempotency_keys).where(*_this(request))).one()
    if row.fingerprint != request.fingerprint:
        message = "came with another body before; use a new one for a new request"
        raise InvalidError([Problem("Idempotency-Key", message)])
    return Answer(status=row.status, body=row.body)


def keep(tx: sa.Connection, request: Request, answer: Answer) -> None:
    """Keep the answer for the next request with the same key."""
    tx.execute(
        sa.update(idempotency_keys)
        .where(*_this(request))
        .values(status=answer.status, body=answer.body)
    )


def _take(tx: sa.Connection, request: Request, *, now: datetime) -> bool:
    """Take the key, or one that was used so long ago that it counts no more."""
    row = {
        "scope": request.scope,
        "key": request.key,
        "fingerprint": request.fingerprint,
        "status": _BEING_DONE,
        "body": "",
        "created_at": now,
    }
    insert = upsert(tx.dialect.name, idempotency_keys)
    statement = insert.on_conflict_do_update(
        index_elements=["scope", "key"],
        set_=row,
        where=idempotency_keys.c.created_at <= now - KEEP_IDEMPOTENCY_KEYS,
    )
    # SQLAlchemy forgets how many rows it was, unless it is asked to keep that.
    counted = statement.execution_options(preserve_rowcount=True)
    return tx.execute(counted, row).rowcount == 1


def _this(request: Request) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (
        idempotency_keys.c.scope == request.scope,
        idempotency_keys.c.key == request.key,
    )
