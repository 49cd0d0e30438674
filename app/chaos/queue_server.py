"""A Valkey of the run's own, set up as `up` does: killed, stalled, flushed at will.

Made by `stage.py`. The guard of `up` stands over it, so that it ends with us even if
we are killed while it is stalled.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from app.chaos.part import Part
from app.chaos.waiting import wait_until
from app.errors import StartError
from app.supervisor import guard, valkey
from app.supervisor.embedded_queue import why_unreachable

READY_WITHIN_S = 30.0


class QueueServer:
    """The server, reachable at `url` with the same port and password all the time."""

    def __init__(self, folder: Path, *, environment: Mapping[str, str]) -> None:
        program = valkey.program()
        if program is None:
            raise StartError(
                "There is no embedded queue server for this system (or its wheel is "
                "not installed): the chaos run needs Linux or macOS."
            )
        port, password = valkey.free_port(), secrets.token_hex(16)
        self.url = f"redis://:{password}@{valkey.LOOPBACK}:{port}/0"
        self._folder = folder / "queue"
        self._folder.mkdir()
        configuration = folder / "valkey.conf"
        configuration.write_text(
            valkey.configuration(
                port=port,
                password=password,
                folder=self._folder,
                log=folder / "valkey.log",
            ),
            encoding="utf-8",
        )
        guarded = (sys.executable, "-I", "-S", str(Path(guard.__file__).resolve()))
        self._part = Part(
            "queue",
            [*guarded, str(program), str(configuration)],
            environment=environment,
            directory=folder,
            ends_with_us=(),
        )
        self._pid = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it with what it had written down, and wait until it answers."""
        self._part.start()
        wait_until(
            lambda: why_unreachable(self.url) is None,
            within_s=READY_WITHIN_S,
            what="the queue server answers",
        )
        with redis.Redis.from_url(self.url) as client:
            self._pid = int(client.info("server")["process_id"])

    def kill(self) -> None:
        """End it as a crash would (SIGKILL), even a stalled one."""
        if self._pid:
            # The guard ends by itself then, and leaves nobody unburied.
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._pid = 0
            self._part.ends()
        self._part.kill()

    def lose_journal(self) -> None:
        """Remove what a killed server had written down."""
        shutil.rmtree(self._folder)
        self._folder.mkdir()

    def stall(self) -> None:
        """Freeze the server (SIGSTOP): connections stay open, nothing answers."""
        # Not its guard, which must notice should we be gone.
        os.kill(self._pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let the stalled server go on (SIGCONT)."""
        os.kill(self._pid, signal.SIGCONT)

    def flush(self) -> None:
        """Make it forget everything (FLUSHALL)."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()
