"""The simulator in a process of its own: where messages go, and the ledger of them.

Made by `stage.py`. The ledger is the only witness that the reckoning believes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.chaos.part import Part
from app.commands.http_api import exchange
from app.errors import StartError

_FREE_PORTS = ("--http-port", "0", "--smtp-port", "0")
#: The whole ledger of a long run has some megabytes.
ANSWER_WITHIN_S = 60.0


class Provider:
    """Twilio's API at `http` and a mail server at `smtp`, once it is started."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        self.part = Part(
            "simulator",
            [
                *(sys.executable, "-m", "app.simulator", *_FREE_PORTS),
                *("--ledger", str(folder / "provider.jsonl")),
            ],
            environment=environment,
            directory=folder,
            ends_with_us=("--exit-on-eof",),
        )
        self.http = ""
        self.smtp_host, self.smtp_port = "", ""

    def start(self) -> None:
        """Start it and learn where it listens."""
        self.part.start()
        self.part.wait_until(lambda: "\n" in self.part.said, what="it listens")
        places = json.loads(self.part.said.splitlines()[0])
        self.http = places["http"]
        self.smtp_host, _, self.smtp_port = places["smtp"].rpartition(":")

    def order(self, faults: Sequence[Mapping[str, Any]]) -> None:
        """Have things go wrong, as `app/simulator/faults.py` knows them."""
        self._ask("POST", "faults", content=list(faults))

    def taken(self) -> list[Mapping[str, Any]]:
        """Return every message that was taken, oldest first."""
        found: list[Mapping[str, Any]] = self._ask("GET", "ledger?accepted=true")
        return found

    def count(self) -> int:
        """Return how many messages were taken so far."""
        reply = exchange(f"{self.http}/_simulator/health")
        return int(reply.body["accepted"])

    def _ask(self, method: str, path: str, *, content: object = None) -> Any:
        reply = exchange(
            f"{self.http}/_simulator/{path}",
            method=method,
            content=None if content is None else json.dumps(content),
            within_s=ANSWER_WITHIN_S,
        )
        if reply.status >= 300:
            raise StartError(f"The simulator refuses {path}: {reply.body}")
        return reply.body["data"]
