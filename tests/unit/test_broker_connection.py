"""What the queue server's errors are called, and that no secret is in them."""

from __future__ import annotations

import pytest
import redis

from app.broker.connection import open_client, reason_of
from app.errors import StartError


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (redis.AuthenticationError("Invalid password"), "refuses the login"),
        (redis.exceptions.NoPermissionError("no evalsha"), "denies a command"),
        (redis.ResponseError("ACL failure in script: User"), "denies a command"),
        (
            redis.ResponseError("The user executing the script can't run this command"),
            "denies a command",
        ),
        (redis.exceptions.OutOfMemoryError("used memory"), "out of memory"),
        (
            redis.ResponseError("ERR Error running script: @user_script:5: -OOM com"),
            "out of memory",
        ),
        (redis.ReadOnlyError("You can't write"), "read-only replica"),
        (redis.BusyLoadingError("Redis is loading"), "still loading"),
        (redis.ResponseError("MISCONF Errors writing to the AOF"), "write to its disk"),
        (redis.ResponseError("NOREPLICAS Not enough good"), "too few replicas"),
        (redis.ResponseError("WRONGTYPE Operation"), "something else"),
        (redis.ResponseError("BUSY Redis is busy running a script"), "busy"),
        (redis.ConnectionError("max number of clients reached"), "no connection left"),
        (redis.TimeoutError("Timeout reading from socket"), "does not answer"),
        (redis.ConnectionError("Error 111 connecting"), "cannot be reached"),
        (OSError(101, "Network is unreachable"), "cannot be reached"),
        (redis.InvalidResponse("garbage"), "InvalidResponse"),
    ],
)
def test_error_is_named_in_plain_words(error: Exception, words: str) -> None:
    assert words in reason_of(error)


@pytest.mark.parametrize(
    "url",
    [
        "redis://:hun/ter2@localhost:6379/0",
        "redis://:hunter2@localhost:port/0",
        "redis://:hunter2@localhost/0?socket_timeout=soon",
        "http://:hunter2@localhost",
    ],
)
def test_unreadable_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StartError, match="REDIS_URL") as refused:
        open_client(url, socket_timeout_s=1, connect_timeout_s=1)

    assert "hun" not in str(refused.value)
    assert refused.value.__suppress_context__


def test_url_cannot_overrule_time_outs_and_retries() -> None:
    client = open_client(
        "redis://localhost/0?socket_timeout=60&retry_on_timeout=yes&health_check=1"
        "&decode_responses=yes",
        socket_timeout_s=0.25,
        connect_timeout_s=0.5,
    )

    options = client.connection_pool.connection_kwargs

    assert options["socket_timeout"] == 0.25
    assert options["socket_connect_timeout"] == 0.5
    assert options["retry"].get_retries() == 0
    assert options["decode_responses"] is False
