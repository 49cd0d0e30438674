"""How commands print: tables and sentences for people, JSON for machines.

Used by every command that shows something. What was asked for goes to standard output;
progress goes to standard error, so that the output can be piped.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json


def add_json(parser: argparse.ArgumentParser) -> None:
    """Give a command its `--json`."""
    parser.add_argument("--json", action="store_true", help="print for machines")


def say(text: str = "") -> None:
    """Print text for a person; end quietly where nobody reads on (`| head`)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # Windows pipes know few characters
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # What the interpreter flushes at its end must not fail a second time.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def say_json(value: Any) -> None:
    """Print JSON, with moments written as the API writes them."""
    say(to_json(value, indent=2).decode())


def show_progress(text: str) -> None:
    """Tell a person who waits what is being done."""
    print(text, file=sys.stderr, flush=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows in columns under their headings."""
    lines = [list(headings), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def counted(number: int, noun: str) -> str:
    """Return `1 message` or `3 messages`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def second(value: datetime | None) -> str:
    """Return a time in UTC to the second, `-` for none."""
    return "-" if value is None else f"{value:%Y-%m-%d %H:%M:%S}"


def span(seconds: float | None) -> str:
    """Return how long something took in its largest whole unit, `-` for not at all."""
    if seconds is None:
        return "-"
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f}{unit}"
    return f"{max(seconds, 0):.0f}s"


def _cell(value: object) -> str:
    # A control character could colour, move or empty the terminal.
    return "".join(c if c.isprintable() else " " for c in str(value))
