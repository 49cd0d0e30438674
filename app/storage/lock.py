"""A lock on a file that all processes of a box honour; the kernel frees a dead one's.

Serves two ends: one writer at a time on SQLite, and "is that process still alive?".
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

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
    """An exclusive lock, between processes and between the threads of this one."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(path, flags, 0o600)
        self._threads = threading.Lock()

    def try_acquire(self) -> bool:
        """Take the lock if nobody holds it; never wait."""
        if not self._threads.acquire(blocking=False):
            return False
        if _take(self._descriptor):
            return True
        self._threads.release()
        return False

    def release(self) -> None:
        """Give the lock back."""
        _give_back(self._descriptor)
        self._threads.release()

    def close(self) -> None:
        """Close the file, which also gives the lock back."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        self._threads.acquire()
        _wait(self._descriptor)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
