"""One real process of a box: started, listened to, frozen, ended, and surely gone."""

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

from app.supervisor.parent import FLAG
from tests.waiting import wait_until

#: Seconds for what takes one or two on an idle machine.
SOON_S = 30.0


class Part:
    """A process with a session of its own, so that all it has started ends with it.

    It holds a pipe from us: should the tests be killed, it ends by itself.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        directory: Path,
    ) -> None:
        self.name = name
        self._command = command
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
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def said(self) -> str:
        """All that it has said since its last start (or since `forget`)."""
        with self._log.open("rb") as log:
            log.seek(self._began_at)
            return log.read().decode(errors="replace")

    def start(self, **env: str) -> None:
        """Start it at once, with further environment variables."""
        assert not self.is_running, f"{self.name} is running already"
        self.kill()
        self._is_usual = not env
        with self._log.open("ab") as log:
            self._began_at = log.tell()
            self._process = subprocess.Popen(
                [*self._command, FLAG],
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
            raise AssertionError(f"{self.name}: not {what!r}, but:\n{self.said}")

    def stop(self) -> int:
        """Ask it to end, as a service manager does; return its exit code."""
        self.terminate()
        return self.ends()

    def terminate(self) -> None:
        """Ask it to end, and do not wait."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def ends(self) -> int:
        """Wait for its end and return the exit code."""
        assert self._process is not None
        try:
            code = self._process.wait(SOON_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end:\n{self.said}") from None
        finally:
            self.kill()
        return code

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
        assert self._process is not None
        os.killpg(self._process.pid, number)
