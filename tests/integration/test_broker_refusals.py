"""What Redis or Valkey refuses is named in plain words: ring, ping, `/readyz`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import Doorbell, open_redis_doorbell
from app.errors import QueueUnavailableError
from tests.door import open_door
from tests.house import make_runtime
from tests.valkey import ValkeyServer, free_port

#: What is done to a server, and how that is told.
HARMS = [
    (("CONFIG", "SET", "maxmemory", "1"), "is out of memory"),
    (("CONFIG", "SET", "min-replicas-to-write", "1"), "has too few replicas"),
    (("REPLICAOF", "127.0.0.1", "1"), "is a read-only replica"),
    (("ACL", "SETUSER", "default", "-evalsha"), "denies a command"),
    (("ACL", "SETUSER", "default", "-rpush"), "denies a command"),
    (("ACL", "SETUSER", "default", "-@all", "+acl", "+ping"), "denies a command"),
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ValkeyServer]:
    with ValkeyServer(tmp_path) as server:
        yield server


@pytest.fixture
def doorbell(server: ValkeyServer) -> Iterator[Doorbell]:
    doorbell = open_redis_doorbell(server.url, namespace="test")
    yield doorbell
    doorbell.close()


def test_wrong_password_is_named_and_not_shown(server: ValkeyServer) -> None:
    url = server.url.replace(server.password, "hunter2")
    doorbell = open_redis_doorbell(url, namespace="test")

    with pytest.raises(QueueUnavailableError, match="refuses the login") as refused:
        doorbell.ring(["task-1"])

    assert "hunter2" not in repr(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        *HARMS,
        (("SET", "test:main", "no list"), "holds something else"),
        (("SET", "test:main.msgs", "no hash"), "holds something else"),
    ],
)
def test_refusal_of_the_server_is_named(
    server: ValkeyServer, doorbell: Doorbell, harm: tuple[str, ...], words: str
) -> None:
    doorbell.ping()
    server.command(*harm)

    with pytest.raises(QueueUnavailableError, match=words):
        doorbell.ring(["task-1"])


@pytest.mark.parametrize(("harm", "words"), HARMS)
def test_ping_is_refused_where_a_ring_would_be(
    server: ValkeyServer, doorbell: Doorbell, harm: tuple[str, ...], words: str
) -> None:
    doorbell.ping()
    server.command(*harm)

    with pytest.raises(QueueUnavailableError, match=words):
        doorbell.ping()


def test_ping_and_depth_fail_as_ringing_does() -> None:
    doorbell = open_redis_doorbell(
        f"redis://127.0.0.1:{free_port()}/0", namespace="test"
    )

    with pytest.raises(QueueUnavailableError, match="cannot be reached"):
        doorbell.ping()
    with pytest.raises(QueueUnavailableError, match=r"reached\. It is left alone"):
        doorbell.depth()


@pytest.mark.parametrize(("harm", "words"), HARMS)
def test_readyz_names_a_server_that_takes_no_rings(
    server: ValkeyServer, tmp_path: Path, harm: tuple[str, ...], words: str
) -> None:
    with make_runtime(tmp_path, REDIS_URL=server.url) as house:
        door = open_door(house)
        before = door.get("//readyz").json["checks"]["queue"]
        server.command(*harm)

        after = door.get("//readyz")

    assert before == "ok"
    assert after.status == 503
    assert after.json["checks"]["queue"].startswith(f"The queue server {words}")
