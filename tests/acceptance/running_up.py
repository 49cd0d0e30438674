"""A real `up` for one test: started, listened to, signalled, and surely gone after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.held_file import HeldFile
from tests.valkey import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
#: Seconds for what takes well under one second on an idle machine.
SOON_S = 20
#: The three services, as small parts.
PARTS = (
    {"name": "api", "rank": 1},
    {"name": "worker", "rank": 3},
    {"name": "scheduler", "rank": 2},
)


class RunningUp:
    """`with RunningUp(tmp_path) as up:` runs `up` in that directory until the end.

    `command`: the words after Python's name, where small parts are not enough.
    """

    def __init__(
        self,
        directory: Path,
        *,
        command: Sequence[str] | None = None,
        parts: tuple[dict[str, Any], ...] = PARTS,
        **spec: Any,
    ) -> None:
        self.directory = directory
        self.data_dir = directory / "var"
        self.journal = directory / "journal"
        self.environment = {
            **{k: v for k, v in os.environ.items() if k != "REDIS_URL"},
            "PYTHONPATH": str(ROOT),
            "BELLHOP_PORT": str(free_port()),
            "BELLHOP_DATA_DIR": str(self.data_dir),
        }
        driver = str(Path(__file__).with_name("small_up.py"))
        spec = {"parts": parts, "journal": str(self.journal), **spec}
        self._command = command or (driver, json.dumps(spec))
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for name in self.left_running():
            os.killpg(self.pid_of(name), signal.SIGKILL)

    def start(self) -> None:
        """Start `up`; again, once it has ended."""
        self._lines = []
        self.process = subprocess.Popen(
            [sys.executable, *self._command],
            cwd=self.directory,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    @property
    def said(self) -> str:
        """All that it has printed."""
        return "".join(self._lines)

    @property
    def journalled(self) -> list[str]:
        """What the parts wrote down, in order."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def wait_for_words(self, words: str) -> None:
        """Wait until it has printed the words."""
        try:
            wait_until(lambda: words in self.said, within_s=SOON_S, what=words)
        except AssertionError:
            raise AssertionError(f"never said {words!r}, but:\n{self.said}") from None

    def wait_for_event(self, event: str, *, times: int = 1) -> None:
        """Wait until the parts have written such a line so often."""
        wait_until(
            lambda: sum(event in line for line in self.journalled) >= times,
            within_s=SOON_S,
            what=event,
        )

    def wait_until_ready(self) -> None:
        """Wait for the banner and all that comes with it."""
        self.wait_for_words("ready http")

    def ends(self) -> int:
        """Wait for its end and return the exit code."""
        code = self.process.wait(SOON_S)
        self._listener.join()
        return code

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def pid_of(self, name: str) -> int:
        """Return the process id of a child (of its guard, for the queue)."""
        return int((self.data_dir / "children" / f"{name}.lock").read_text())

    def queue_url(self) -> str:
        """Return where other commands find the embedded queue."""
        return (self.data_dir / "queue" / "url").read_text().strip()

    def left_running(self) -> list[str]:
        """Return the children that are alive, or have a living child."""
        return [
            path.stem
            for path in sorted((self.data_dir / "children").glob("*.lock"))
            if _is_held(path)
        ]

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            self._lines.extend(iter(stream.readline, ""))


def _is_held(path: Path) -> bool:
    with HeldFile(path) as held:
        return not held.try_hold()
