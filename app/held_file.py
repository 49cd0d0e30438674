"""A file that a living process holds, with a note in it of who that is.

Used by the launcher and by `up`. The kernel lets go of it when its last holder dies,
so "held" always means "alive", and a held file's note is never about a stranger.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

#: Seconds between two looks at a file that another one holds.
LOOK_AGAIN_S = 0.05

if sys.platform == "win32":
    import msvcrt

    #: A locked byte cannot be read by others: lock one that no note reaches.
    LOCKED_BYTE = 1 << 20

    def _take(descriptor: int) -> bool:
        os.lseek(descriptor, LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(descriptor: int) -> bool:
        # flock belongs to the open file, so a child that inherits it holds it too.
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class HeldFile:
    """One open file; nothing is held before `try_hold` or `hold` says so."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def try_hold(self) -> bool:
        """Hold the file unless somebody else does; never wait."""
        return _take(self._descriptor)

    def hold(self, *, within_s: float | None = None) -> bool:
        """Wait for the file (for ever, without a limit) and hold it."""
        deadline = None if within_s is None else time.monotonic() + within_s
        while not self.try_hold():
            if deadline is not None and time.monotonic() >= deadline:
                return False
            time.sleep(LOOK_AGAIN_S)
        return True

    def write_note(self, text: str) -> None:
        """Say in the file who holds it."""
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, text.encode())

    def read_note(self) -> str:
        """Return what the holder wrote, or nothing."""
        return self._path.read_bytes().decode(errors="replace")

    def fileno(self) -> int:
        """Return the open file's number, for a child that is to hold it as well."""
        return self._descriptor

    def close(self) -> None:
        """Let go (children that were given the file still hold it)."""
        os.close(self._descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
