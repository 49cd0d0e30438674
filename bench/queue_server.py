"""A Valkey of one's own, set up exactly as the one that `up` brings along."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from app.supervisor import valkey
from app.supervisor.embedded_queue import why_unreachable
from bench.children import running

READY_WITHIN_S = 10.0


class QueueServer:
    """A running server at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = redis.Redis.from_url(url)

    def used_bytes(self) -> int:
        """Return how much memory its data and clients take now."""
        return int(self._client.info("memory")["used_memory"])

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


@contextmanager
def queue_server(folder: Path) -> Iterator[QueueServer]:
    """Start a server in this folder (append-only file, synced every second)."""
    port, password = valkey.free_port(), secrets.token_hex(16)
    configuration = folder / "valkey.conf"
    text = valkey.configuration(
        port=port, password=password, folder=folder, log=folder / "valkey.log"
    )
    configuration.write_text(text, encoding="utf-8")
    url = f"redis://:{password}@{valkey.LOOPBACK}:{port}/0"
    command = [str(valkey.program()), str(configuration)]
    with running(command, folder=folder, environment={}):
        _wait_until_answers(url)
        server = QueueServer(url)
        yield server
        server.close()


def _wait_until_answers(url: str) -> None:
    give_up_at = time.monotonic() + READY_WITHIN_S
    while (why := why_unreachable(url)) is not None:
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"the queue server does not answer: {why}")
        time.sleep(0.02)
