"""The provider of a benchmark: Bellhop's simulator in a process of its own.

Its ledger says when each message arrived; every contestant is measured by it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.children import own_python, running
from bench.json_client import Client

#: Two looks at the ledger's length; each takes the provider 0.1 ms.
LOOK_EVERY_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider that takes everything, at `url`."""

    url: str

    def arrivals(self) -> dict[str, float]:
        """Return when each recipient's message arrived (`time.monotonic`)."""
        answer = self._ask("ledger?accepted=true")
        entries: list[dict[str, Any]] = answer["data"]
        moments = {e["recipient"]: float(e["received_monotonic"]) for e in entries}
        if len(moments) != len(entries):
            raise RuntimeError("a recipient was sent the same message twice")
        return moments

    def count(self) -> int:
        """Return how many messages have arrived."""
        return int(self._ask("health")["accepted"])

    def wait_for(self, count: int, *, within_s: float) -> None:
        """Wait until so many messages have arrived."""
        give_up_at = time.monotonic() + within_s
        while (arrived := self.count()) < count:
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"only {arrived} of {count} messages arrived")
            time.sleep(LOOK_EVERY_S)

    def _ask(self, path: str) -> Any:
        with closing(Client(self.url)) as client:
            return client.call("GET", f"/_simulator/{path}")


@contextmanager
def provider(folder: Path) -> Iterator[Provider]:
    """Start a provider with an empty ledger in this folder."""
    # Without fsync: the provider's disk is not what is measured.
    flags = ["--http-port", "0", "--smtp-port", "0", "--no-fsync"]
    flags += ["--ledger", str(folder / "ledger.jsonl")]
    command = own_python("-m", "app.simulator", *flags)
    with running(command, folder=folder, environment={}) as it:
        assert it.stdout is not None
        yield Provider(url=json.loads(it.stdout.readline())["http"])
