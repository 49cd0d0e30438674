"""The terminal of `up`: one stream for the lines of all parts, each with its name.

Many threads write to it, a whole line at a time. A terminal that stands still (Ctrl-S,
a selection) or went away never makes the parts wait: their lines are then dropped.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import sys
import threading
from typing import IO

from app.config.surroundings import refuses_color

#: The name of `up`'s own lines.
OWN_NAME = "up"
#: Columns that a name takes; `scheduler` is the longest of ours.
NAME_WIDTH = 9
#: ANSI colours that are readable on black and on white: cyan, green, magenta, blue ...
COLORS = (36, 32, 35, 34, 33, 31)
#: Lines that wait for the terminal; beyond them they are dropped.
WAITING_LINES = 10_000
#: Seconds for the last lines to come out.
CLOSE_WITHIN_S = 2.0


class Console:
    """Writes lines with a name before them, in colour where that is wanted."""

    def __init__(self, stream: IO[str], *, in_color: bool) -> None:
        self._stream = stream
        self._in_color = in_color
        self._colors: dict[str, int] = {}
        self._waiting: queue.Queue[str | None] = queue.Queue(WAITING_LINES)
        self._dropped = 0
        self._writer = threading.Thread(target=self._write, daemon=True)
        self._writer.start()

    def line(self, name: str, text: str) -> None:
        """Write one line of a part."""
        self._put(f"{self._prefix(name)} {text}\n")

    def say(self, text: str) -> None:
        """Write text for the person, without a name."""
        self._put(text + "\n")

    def close(self) -> None:
        """Let what was said come out, as far as the stream takes it."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=CLOSE_WITHIN_S)
            self._writer.join(CLOSE_WITHIN_S)

    def _prefix(self, name: str) -> str:
        prefix = f"{name:{NAME_WIDTH}} |"
        if not self._in_color:
            return prefix
        nth = self._colors.setdefault(name, len(self._colors))
        return f"\033[{COLORS[nth % len(COLORS)]}m{prefix}\033[0m"

    def _put(self, text: str) -> None:
        try:
            self._waiting.put_nowait(text)
        except queue.Full:
            self._dropped += 1

    def _write(self) -> None:
        while (text := self._waiting.get()) is not None:
            # ValueError: the stream is closed already.
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(text)
                self._stream.flush()
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                self.line(OWN_NAME, f"({dropped} lines dropped, too fast for here)")


def open_console() -> Console:
    """Return the console on standard output."""
    stream = sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        # An old code page must not stop a line with a name or a sign it lacks.
        reconfigure(errors="replace")
    is_plain = sys.platform == "win32" or refuses_color() or not stream.isatty()
    return Console(stream, in_color=not is_plain)


def log_to(console: Console) -> None:
    """Let this process's own log lines appear among those of the parts."""
    for handler in logging.getLogger().handlers:
        if type(handler) is logging.StreamHandler:
            handler.setStream(_OwnLines(console))


class _OwnLines:
    """What a log handler needs of a stream, before the console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str) -> None:
        for line in text.splitlines():
            self._console.line(OWN_NAME, line)

    def flush(self) -> None:
        """Nothing waits: every line is written at once."""
