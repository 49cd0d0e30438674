"""API keys: who may do what. A key is shown once; only its digest is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from app import installation
from app.clock import utc_now
from app.domain.ids import new_id
from app.errors import NotFoundError
from app.runtime import Runtime
from app.storage.tables import api_keys
from app.storage.types import Moment

#: Random bytes in a key: 192 bits cannot be guessed.
KEY_BYTES = 24
KEY_PREFIX = "bh_"
#: The id under which the first key, which stands in the settings, is known.
FIRST_KEY_ID = "first"


class Scope(StrEnum):
    """What a key may do (CONTRACT section 4)."""

    ADMIN = "admin"  # everything
    SITE = "site"  # bookings and notifications; services to read
    PUBLIC = "public"  # may stand in a web page: availability, create a booking
    METRICS = "metrics"  # /metrics alone


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """A key as it is kept, without the key itself."""

    id: str
    name: str
    scope: Scope
    created_at: datetime | None = None
    revoked_at: datetime | None = None


class KeyRing:
    """Tells whose key a request carries; built once per process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        first = installation.first_api_key(runtime.settings).value
        self._first_digest = _digest(first).encode()

    def find(self, key: str) -> ApiKey | None:
        """Return the key's owner and scope, or None for an unknown or revoked key."""
        digest = _digest(key)
        if hmac.compare_digest(digest.encode(), self._first_digest):
            return ApiKey(id=FIRST_KEY_ID, name="first key", scope=Scope.ADMIN)
        query = sa.select(api_keys).where(
            api_keys.c.digest == digest, api_keys.c.revoked_at.is_(None)
        )
        with self._runtime.database.read() as tx:
            row = tx.execute(query).mappings().one_or_none()
        return None if row is None else _api_key(row)


def create(runtime: Runtime, *, name: str, scope: Scope) -> tuple[str, ApiKey]:
    """Make a key; return it, for the only time, and what is kept of it."""
    key = KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)
    made = ApiKey(id=new_id(), name=name, scope=scope, created_at=utc_now())
    row = {
        "id": made.id,
        "name": name,
        "scope": scope,
        "digest": _digest(key),
        "created_at": made.created_at,
    }
    with runtime.database.write() as tx:
        tx.execute(sa.insert(api_keys), [row])
    return key, made


def all_keys(runtime: Runtime) -> list[ApiKey]:
    """Return every key that was made, revoked ones too, the oldest first."""
    with runtime.database.read() as tx:
        rows = tx.execute(sa.select(api_keys).order_by(api_keys.c.id)).mappings().all()
    return [_api_key(row) for row in rows]


def revoke(runtime: Runtime, key_id: str) -> None:
    """Make a key useless from now on; raise NotFoundError where there is none."""
    # Within a function a moment must say by itself how it is kept.
    now = sa.literal(utc_now(), Moment())
    with runtime.database.write() as tx:
        revoked = tx.execute(
            sa.update(api_keys)
            .where(api_keys.c.id == key_id)
            .values(revoked_at=sa.func.coalesce(api_keys.c.revoked_at, now))
        )
    if revoked.rowcount == 0:
        raise NotFoundError("API key", key_id)


def _digest(key: str) -> str:
    # No salt and no slow hash: the key is random, there is nothing to guess.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _api_key(row: sa.RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        name=row["name"],
        scope=Scope(row["scope"]),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
