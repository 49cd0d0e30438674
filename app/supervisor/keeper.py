"""Keeps one child running: starts it, passes its lines on, starts it again.

One thread each, owned by `supervisor.py`. The child's standard input is a pipe that we
hold and never write to: when we die, however, the child sees it close.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from app.config.surroundings import child_environment
from app.errors import StartError
from app.held_file import HeldFile
from app.logs import fields
from app.supervisor.child import EXIT_CONFIG, Child, Pauses, how_it_ended
from app.supervisor.console import Console
from app.supervisor.leftovers import kill_group, lock_of, take_over

log = logging.getLogger(__name__)

#: A child's last lines, kept for the sentence that says why it failed.
LAST_LINES = 12
#: Characters of a line that are read at once, so that none fills the memory.
LINE_LIMIT = 64 * 1024
#: Seconds for the last lines to come through after a child has ended.
LAST_LINES_WITHIN_S = 1.0
#: Children write in this encoding, and each line at once.
SPEECH = {"PYTHONIOENCODING": "utf-8:backslashreplace", "PYTHONUNBUFFERED": "1"}
#: One heap for all threads of a child: they take turns at Python's lock anyway, and
#: what a burst of work leaves behind is 4 MB less. Only glibc knows the word.
THRIFT = {"MALLOC_ARENA_MAX": "1"}


class Keeper:
    """One child, from its first start until it is told to stop."""

    def __init__(
        self,
        child: Child,
        *,
        console: Console,
        run_dir: Path,
        on_bad_settings: Callable[[], None],
    ) -> None:
        self.child = child
        #: How often it ended without being told to.
        self.deaths = 0
        self.last_lines: deque[str] = deque(maxlen=LAST_LINES)
        self.has_bad_settings = False
        self._has_worked = False
        self._console = console
        self._run_dir = run_dir
        self._on_bad_settings = on_bad_settings
        self._pauses = Pauses()
        self._told = threading.Event()
        self._lock = threading.Lock()
        self._running: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(
            target=self._keep, name=f"keep-{child.name}", daemon=True
        )

    def start(self) -> None:
        """Start the child and look after it from now on."""
        self._thread.start()

    def tell_to_stop(self) -> None:
        """Ask the child to finish; it is not started again."""
        with self._lock:
            self._told.set()
            if self._running is not None:
                _ask(self._running)

    def has_stopped(self, *, within_s: float) -> bool:
        """Wait for the child's end; tell whether it came in time."""
        self._thread.join(within_s)
        return not self._thread.is_alive()

    def kill(self) -> None:
        """End the child and all of its own children at once."""
        with self._lock:
            self._told.set()
            if self._running is not None:
                self._running.kill()
                kill_group(self._running.pid)

    def _keep(self) -> None:
        while not self._told.is_set():
            started = time.monotonic()
            exit_code = self._run_once()
            is_bad = exit_code == EXIT_CONFIG and not self._told.is_set()
            if is_bad and not self._has_worked:
                self.has_bad_settings = True
                self._on_bad_settings()
                return
            # Whoever edits a file while the box runs must not take down the others.
            self._has_worked = self._has_worked or exit_code != EXIT_CONFIG
            if not self._told.is_set():
                self._pause(exit_code, lived_s=time.monotonic() - started)

    def _run_once(self) -> int:
        self.last_lines.clear()
        try:
            process = self._spawn()
        except (OSError, StartError) as error:
            self._hear(str(error))
            return 1
        if process is None:
            return 0
        assert process.stdout is not None  # noqa: S101 - for the type checker
        listener = threading.Thread(
            target=self._listen, args=(process.stdout,), daemon=True
        )
        listener.start()
        exit_code = process.wait()
        # A grandchild may hold the stream open: the child's end counts, not that.
        listener.join(LAST_LINES_WITHIN_S)
        with self._lock:
            self._running = None
        self._end_orphans()
        return exit_code

    def _spawn(self) -> subprocess.Popen[str] | None:
        """Start the process, unless we were told to stop meanwhile."""
        with HeldFile(lock_of(self._run_dir, self.child.name)) as held:
            take_over(held, name=self.child.name)
            with self._lock:
                if self._told.is_set():
                    return None
                held.write_note("")
                self._running = subprocess.Popen(  # noqa: S603 - our own command, no shell
                    self.child.command,
                    env=child_environment(
                        {**SPEECH, **THRIFT, **self.child.environment}
                    ),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    encoding="utf-8",
                    errors="backslashreplace",
                    **_apart(held),
                )
                held.write_note(str(self._running.pid))
                return self._running

    def _end_orphans(self) -> None:
        """End what the child itself had started, if the child left it behind."""
        path = lock_of(self._run_dir, self.child.name)
        with HeldFile(path) as held, contextlib.suppress(StartError):
            take_over(held, name=self.child.name)

    def _listen(self, stream: IO[str]) -> None:
        with stream, contextlib.suppress(ValueError):
            while line := stream.readline(LINE_LIMIT):
                self._hear(line.rstrip("\r\n"))

    def _hear(self, line: str) -> None:
        self.last_lines.append(line)
        self._console.line(self.child.name, line)

    def _pause(self, exit_code: int, *, lived_s: float) -> None:
        self.deaths += 1
        pause_s = self._pauses.after(exit_code=exit_code, lived_s=lived_s)
        level, words = _said_of(exit_code)
        extra = fields(
            "part_restarting",
            part=self.child.name,
            ended=how_it_ended(exit_code),
            in_s=pause_s,
        )
        log.log(level, words, extra=extra)
        self._told.wait(pause_s)


def _said_of(exit_code: int) -> tuple[int, str]:
    """Return how loudly, and in which words, its new start is told."""
    if exit_code == EXIT_CONFIG:
        words = "A part cannot start with what was changed; mend it, the others go on"
        return logging.ERROR, words
    level = logging.INFO if exit_code == 0 else logging.WARNING
    return level, "A part ended, starting it again"


def _apart(held: HeldFile) -> dict[str, Any]:
    """Return how a child is set apart: a Ctrl-C is for us, who stop them in order."""
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        apart = {"start_new_session": True, "pass_fds": (held.fileno(),)}
    return apart


def _ask(process: subprocess.Popen[str]) -> None:
    if sys.platform == "win32":
        try:
            process.send_signal(signal.CTRL_BREAK_EVENT)
        except OSError:
            # A service has no console to send it through: the pipe says the same.
            assert process.stdin is not None  # noqa: S101 - for the type checker
            process.stdin.close()
    else:
        process.terminate()
