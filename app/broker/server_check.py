"""What at a queue server's settings could harm: asked once, at start and by `doctor`.

Called through `choice.py`; never changes anything there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import redis

from app.broker.connection import CONNECTION_ERRORS, open_client, reason_of

#: The first version with BLMOVE, which the workers wait with.
OLDEST_VERSION = (6, 2)
#: Seconds; a person waits for the answer.
TIMEOUT_S = 1.0

EVICTS = (
    "The queue server throws away what it was given when its memory is full, so that "
    "messages are up to a minute late: set its maxmemory-policy, which is {policy}, to "
    "noeviction."
)
DOES_NOT_PERSIST = (
    "The queue server keeps nothing on disk, so that after its restart messages are up "
    "to a minute late: set its appendonly to yes."
)
MAY_NOT_PERSIST = (
    "The queue server keeps no append-only file and does not tell whether it takes "
    "snapshots: set its appendonly to yes."
)
MAY_NOT_BE_ASKED = (
    "The queue server does not tell whether it keeps what it is given: allow the "
    "command INFO to the user in its address (ACL)."
)
CANNOT_BE_ASKED = (
    "{reason} Nobody knows whether it keeps what it is given: run "
    "`python3 bellhop.py doctor` once that is mended."
)


def check_queue_server(url: str) -> list[str]:
    """Return what a person should know about the queue server; empty if all is well."""
    client = open_client(url, socket_timeout_s=TIMEOUT_S, connect_timeout_s=TIMEOUT_S)
    try:
        facts = client.info()
        return [
            *_version_warnings(facts),
            *_eviction_warnings(facts),
            *_persistence_warnings(facts, snapshots=_snapshots(client)),
        ]
    except redis.exceptions.NoPermissionError:
        return [MAY_NOT_BE_ASKED]
    except CONNECTION_ERRORS as error:
        return [CANNOT_BE_ASKED.format(reason=reason_of(error))]
    finally:
        client.connection_pool.disconnect()


def _version_warnings(facts: Mapping[str, Any]) -> list[str]:
    # Valkey tells the Redis version that it is compatible with (7.2 for all of them).
    version = str(facts.get("redis_version", "0.0"))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers >= OLDEST_VERSION:
        return []
    return [f"The queue server is version {version}; Bellhop needs Redis 6.2 or later."]


def _eviction_warnings(facts: Mapping[str, Any]) -> list[str]:
    policy = str(facts.get("maxmemory_policy", "unknown"))
    if policy == "noeviction":
        return []
    return [EVICTS.format(policy=policy)]


def _persistence_warnings(
    facts: Mapping[str, Any], *, snapshots: str | None
) -> list[str]:
    if facts.get("aof_enabled") or snapshots:
        return []
    return [MAY_NOT_PERSIST if snapshots is None else DOES_NOT_PERSIST]


def _snapshots(client: redis.Redis) -> str | None:
    """Return the `save` setting (may be empty), None where it may not be asked."""
    try:
        return str(client.config_get("save").get("save", ""))
    except redis.ResponseError:
        return None
