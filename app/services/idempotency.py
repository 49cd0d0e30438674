"""The same request twice does its deed once: answers are kept by Idempotency-Key.

The answer is saved in the deed's own transaction, so that there is never the one
without the other. Two at the same moment are told apart by the write transaction:
the second sees the first one's answer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.errors import InvalidError, Problem
from app.services.cleanup import KEEP_IDEMPOTENCY_KEYS
from app.storage.tables import idempotency_keys


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


def earlier_answer(
    tx: sa.Connection, request: Request, *, now: datetime
) -> Answer | None:
    """Return what the same request was answered before, or None.

    Raises InvalidError where the key came with another body.
    """
    row = tx.execute(
        sa.select(idempotency_keys).where(
            idempotency_keys.c.scope == request.scope,
            idempotency_keys.c.key == request.key,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.created_at <= now - KEEP_IDEMPOTENCY_KEYS:
        _forget(tx, request)
        return None
    if row.fingerprint != request.fingerprint:
        message = "this key came with another body before; use a new one"
        raise InvalidError([Problem("Idempotency-Key", message)])
    return Answer(status=row.status, body=row.body)


def keep(tx: sa.Connection, request: Request, answer: Answer, *, now: datetime) -> None:
    """Keep the answer for the next request with the same key."""
    row = {
        "scope": request.scope,
        "key": request.key,
        "fingerprint": request.fingerprint,
        "status": answer.status,
        "body": answer.body,
        "created_at": now,
    }
    tx.execute(sa.insert(idempotency_keys), [row])


def _forget(tx: sa.Connection, request: Request) -> None:
    tx.execute(
        sa.delete(idempotency_keys).where(
            idempotency_keys.c.scope == request.scope,
            idempotency_keys.c.key == request.key,
        )
    )
