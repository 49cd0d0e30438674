"""The queue server of the tests' boxes: RabbitMQ with BELLHOP_TEST_BROKER_URL.

Without that variable each box has a Valkey of its own, which tests may harm. RabbitMQ
is common to all of them: a box has its queues there, and removes them at its end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pika
import pytest

from app.runtime import Runtime, queue_namespace
from tests.rabbit import WORKERS

#: The server that all boxes of this run queue on.
SERVER = os.environ.get("BELLHOP_TEST_BROKER_URL")

#: For what stalls, kills, fills or empties the box's own Valkey.
about_valkey = pytest.mark.skipif(
    SERVER is not None,
    reason="about Valkey itself; this run queues on RabbitMQ (test_rabbit_box.py)",
)


def broker_env() -> dict[str, str]:
    """Return the variables by which a box finds its queue; none for its own Valkey."""
    return {} if SERVER is None else {"BROKER_URL": SERVER}


@contextmanager
def own_queues(runtime: Runtime, *, at: str | None = SERVER) -> Iterator[None]:
    """Remove the queues of this house from RabbitMQ, if that is in use, at the end."""
    try:
        yield
    finally:
        if at is not None:
            delete_queues(at, namespace=queue_namespace(runtime.database))


def delete_queues(server: str, *, namespace: str) -> None:
    """Remove the queues of one installation from RabbitMQ."""
    connection = pika.BlockingConnection(pika.URLParameters(server))
    with connection, connection.channel() as channel:
        for worker in WORKERS:
            channel.queue_delete(f"{namespace}.{worker}")
