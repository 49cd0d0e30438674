"""Connections to the queue server, and its errors in plain words.

Used by the doorbell, the worker's broker, the check at start and the chaos run. Never
retries: a call that is repeated after a lost answer would be stored twice.
"""

from __future__ import annotations

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.errors import StartError

#: What a call to the queue server may raise; OSError covers what slips past redis-py.
CONNECTION_ERRORS = (redis.RedisError, OSError)

#: What is looked for in an error's class and text, and what it means. The first that is
#: found counts. Before Redis 7 a script's error hides its code within the text.
CAUSES = (
    (("AuthenticationError", "WRONGPASS", "NOAUTH"), "refuses the login"),
    (("AuthorizationError", "NoPermissionError", "NOPERM"), "denies a command (ACL)"),
    # The same within a script: Valkey's words, and Redis's.
    (("ACL failure in script", "user executing the"), "denies a command (ACL)"),
    (("OutOfMemoryError", "OOM"), "is out of memory (maxmemory)"),
    (("ReadOnlyError", "READONLY"), "is a read-only replica"),
    (("BusyLoadingError", "LOADING"), "is still loading its data"),
    (("MISCONF",), "cannot write to its disk"),
    (("NOREPLICAS",), "has too few replicas"),
    (("WRONGTYPE",), "holds something else under one of our keys"),
    (("BUSY",), "is busy with a script"),
    (("max number of clients",), "has no connection left to give"),
    (("TimeoutError",), "does not answer"),
    (("ConnectionError", "OSError"), "cannot be reached"),
)


def open_client(
    url: str, *, socket_timeout_s: float, connect_timeout_s: float
) -> redis.Redis:
    """Return a client that fails within its time and never tries twice.

    Nothing is connected yet. What the URL says of time-outs and retries is overruled.
    """
    try:
        # RESP2 without the client's name: one round trip (AUTH) opens a connection.
        pool = redis.ConnectionPool.from_url(url, protocol=2, driver_info=None)
    except (ValueError, TypeError, redis.RedisError):
        # The parser's own words can hold a piece of the password.
        raise StartError(
            "REDIS_URL cannot be read; it looks like redis://:password@host:6379/0, "
            "with special characters in the password percent-encoded."
        ) from None
    pool.connection_kwargs.update(
        retry=Retry(NoBackoff(), 0),
        socket_timeout=socket_timeout_s,
        socket_connect_timeout=connect_timeout_s,
        decode_responses=False,
    )
    return redis.Redis(connection_pool=pool)


def reason_of(error: Exception) -> str:
    """Say in plain words what the queue server's error means; no secret is in it."""
    text = f"{_class_names(error)} {error}"
    for needles, meaning in CAUSES:
        if any(needle in text for needle in needles):
            return f"The queue server {meaning}."
    return f"The queue server answered with an error ({type(error).__name__})."


def _class_names(error: Exception) -> str:
    return " ".join(kind.__name__ for kind in type(error).__mro__)
