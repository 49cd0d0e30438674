"""Locks on files that all processes of a box honour; the kernel frees a dead one's.

`FileLock` answers "is that process still alive?"; `FairLock` lets one writer at a time
into SQLite, in the order in which they came.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
    import time

    #: Windows has no lock to wait for in Python's library: look again so often.
    POLL_S = 0.002

    def _take(descriptor: int) -> bool:
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait(descriptor: int) -> None:
        while not _take(descriptor):
            time.sleep(POLL_S)

    def _give_back(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        with suppress(OSError):  # it was not taken
            msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)

    def _give_back(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


class FileLock:
    """A lock to be held for a life: nobody waits for it, the kernel gives it back."""

    def __init__(self, path: Path) -> None:
        self._descriptor = _open(path)

    def try_acquire(self) -> bool:
        """Take the lock if nobody holds it; never wait."""
        return _take(self._descriptor)

    def close(self) -> None:
        """Close the file, which also gives the lock back; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class FairLock:
    """An exclusive lock, between processes and between the threads of this one.

    Threads get it in the order in which they came. Processes too, nearly: who waits for
    the file at `path` stands at the gate beside it, so that whoever gives the lock
    back cannot take it again at once over the head of those who wait.
    """

    def __init__(self, path: Path) -> None:
        self._file = _open(path)
        self._gate = _open(path.with_name(path.name + ".gate"))
        self._mutex = threading.Lock()
        #: A locked lock for each thread that came; the first one's has the turn.
        self._line: deque[threading.Lock] = deque()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, hold it, and give it back.

        An exception from outside (a time limit) may come at any line, typically at the
        end of a long wait: what was taken by then is given back all the same.
        """
        turn = threading.Lock()
        turn.acquire()
        try:
            self._queue_up(turn)
            turn.acquire()
            _wait(self._gate)
            _wait(self._file)
            _give_back(self._gate)
            yield
        finally:
            try:
                self._leave(turn)
            finally:
                # Such an exception may have come in there, too.
                self._leave(turn)

    def close(self) -> None:
        """Close the files, which also gives the lock back."""
        os.close(self._gate)
        os.close(self._file)

    def _queue_up(self, turn: threading.Lock) -> None:
        with self._mutex:
            self._line.append(turn)
            self._wake_first()

    def _leave(self, turn: threading.Lock) -> None:
        """Give back and wake the next; what was broken off may be done once more."""
        with self._mutex:
            if turn in self._line:
                if self._line[0] is turn:
                    _give_back(self._file)
                    _give_back(self._gate)
                # Only now: who is not in the line any more gives nothing back.
                self._line.remove(turn)
            self._wake_first()

    def _wake_first(self) -> None:
        # Whoever has the turn already does not look at this lock again.
        if self._line and self._line[0].locked():
            self._line[0].release()


def _open(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
    return os.open(path, flags, 0o600)
