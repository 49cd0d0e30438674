"""What RabbitMQ or an address refuses is named in plain words, without a password."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from app.broker import Doorbell, open_doorbell
from app.broker.rabbit_doorbell import open_rabbit_doorbell
from app.errors import QueueUnavailableError, StartError
from tests.rabbit import Rabbit
from tests.valkey import free_port
from tests.waiting import wait_until


@pytest.fixture
def rabbit() -> Iterator[Rabbit]:
    with Rabbit() as rabbit:
        yield rabbit


@pytest.fixture
def doorbell(rabbit: Rabbit) -> Iterator[Doorbell]:
    doorbell = open_doorbell(rabbit.url, namespace=rabbit.namespace)
    yield doorbell
    doorbell.close()


@pytest.mark.parametrize(
    ("login", "vhost", "words"),
    [
        ("guest:hunter2", "", "refuses the login"),
        ("nobody:hunter2", "", "refuses the login"),
        ("guest:guest", "nowhere", "has no such vhost"),
    ],
)
def test_refusal_at_the_door_is_named_and_shows_no_password(
    rabbit: Rabbit, login: str, vhost: str, words: str
) -> None:
    url = f"amqp://{login}@127.0.0.1:5672/{vhost}"
    doorbell = open_doorbell(url, namespace=rabbit.namespace)

    with pytest.raises(QueueUnavailableError, match=words) as refused:
        doorbell.ring(["task-1"])

    assert "hunter2" not in repr(refused.value)
    assert refused.value.__suppress_context__
    doorbell.close()


def test_queue_that_others_have_made_differently_is_named(
    rabbit: Rabbit, doorbell: Doorbell
) -> None:
    rabbit.declare_otherwise()

    with pytest.raises(QueueUnavailableError, match="with other settings"):
        doorbell.ring(["task-1"])

    rabbit.delete_queue()
    wait_until(lambda: doorbell.available, within_s=6, what="a probe is let through")
    doorbell.ring(["task-1"])
    assert rabbit.depth() == 1


def test_other_protocol_is_named(rabbit: Rabbit) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=say_something_else, args=(other,)).start()
        url = f"amqp://127.0.0.1:{other.getsockname()[1]}"
        doorbell = open_doorbell(url, namespace="test")

        with pytest.raises(QueueUnavailableError, match="does not speak AMQP"):
            doorbell.ring(["task-1"])


def say_something_else(server: socket.socket) -> None:
    line, _ = server.accept()
    with line:
        line.recv(8)
        line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_ping_and_depth_fail_as_ringing_does() -> None:
    doorbell = open_doorbell(f"amqp://127.0.0.1:{free_port()}", namespace="test")

    with pytest.raises(QueueUnavailableError, match="cannot be reached"):
        doorbell.ping()
    with pytest.raises(QueueUnavailableError, match=r"reached\. It is left alone"):
        doorbell.depth()


@pytest.mark.parametrize(
    "url", ["amqp://:hunter2@localhost:port/", "amqp://", "http://:hunter2@localhost"]
)
def test_unreadable_address_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StartError, match="BROKER_URL") as refused:
        open_rabbit_doorbell(url, namespace="test")

    assert "hunter2" not in str(refused.value)
