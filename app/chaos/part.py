"""One real process of a box: started, listened to, frozen, ended, and surely gone.

Used by the chaos run and by the tests. It has a session of its own, so that a Ctrl-C
is for us alone and all that it has started ends with it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from app.chaos.waiting import wait_until
from app.errors import StartError
from app.supervisor.parent import FLAG

#: Seconds for what takes one or two on an idle machine.
SOON_S = 30.0


class Part:
    """A process that is never left behind.

    It holds a pipe from us: should we be killed, it ends by itself, as the words in
    `ends_with_us` tell it to.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
        ends_with_us: Sequence[str] = (FLAG,),
    ) -> None:
        self.name = name
        self._command = [*command, *ends_with_us]
        self._environment = environment
        self._directory = directory
        self._log = directory / f"{name}.log"
        self._began_at = 0
        self._is_usual = True
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int | None:
        """Its process id while it runs or has not been buried."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """How it ended by itself; None while it runs, or once it was buried."""
        return None if self._process is None else self._process.poll()

    @property
    def said(self) -> str:
        """All that it has said since its last start (or since `forget`)."""
        with self._log.open("rb") as log:
            log.seek(self._began_at)
            return log.read().decode(errors="replace")

    def start(self, **env: str) -> None:
        """Start it at once, with further environment variables."""
        if self.is_running:
            raise StartError(f"{self.name} is running already.")
        self.kill()
        self._is_usual = not env
        with self._log.open("ab") as log:
            self._began_at = log.tell()
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self._command,
                cwd=self._directory,
                env={**self._environment, **env},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def mend(self) -> bool:
        """Make it run as usual; tell whether it had to be started for that."""
        if self.is_running and self._is_usual:
            self.thaw()
            return False
        self.kill()
        self.start()
        return True

    def forget(self) -> None:
        """Let what it has said so far not count any more."""
        self._began_at = self._log.stat().st_size

    def wait_for_words(self, words: str, *, times: int = 1) -> None:
        """Wait until it has said the words so often since its start."""
        self.wait_until(lambda: self.said.count(words) >= times, what=words)

    def wait_until(self, condition: Callable[[], bool], *, what: str) -> None:
        """Wait for what this part is to bring about; fail with its own words."""
        deadline = time.monotonic() + SOON_S

        def is_over() -> bool:
            hopeless = not self.is_running or time.monotonic() > deadline
            return condition() or hopeless

        wait_until(is_over, within_s=2 * SOON_S, what=what)
        if not condition():
            raise StartError(f"{self.name}: not {what!r}, but:\n{self.said}")

    def stop(self) -> int:
        """Ask it to end, as a service manager does; return its exit code."""
        self.terminate()
        return self.ends()

    def terminate(self) -> None:
        """Ask it to end, and do not wait."""
        self._running.send_signal(signal.SIGTERM)

    def ends(self) -> int:
        """Wait for its end and return the exit code."""
        try:
            return self._running.wait(SOON_S)
        except subprocess.TimeoutExpired:
            raise StartError(f"{self.name} does not end:\n{self.said}") from None
        finally:
            self.kill()

    def kill(self) -> None:
        """End it, and all that it has started, as a crash would (kill -9)."""
        if self._process is None:
            return
        process, self._process = self._process, None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with process:  # closes the pipe
            process.wait()

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP)."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number: signal.Signals) -> None:
        os.killpg(self._running.pid, number)

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise StartError(f"{self.name} has not been started.")
        return self._process
