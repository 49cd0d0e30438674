"""Lets a child of `up` notice that `up` is gone, however it went.

Called by the API, the worker and the scheduler. `up` holds the other end of their
standard input and never writes: the kernel closes it when `up` dies, kill -9 included.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable, Sequence

#: The argument with which `up` starts its children.
FLAG = "--exit-with-parent"
STDIN = 0


def add_argument(parser: argparse.ArgumentParser) -> None:
    """Let a command's parser accept the flag, which only `up` gives."""
    parser.add_argument(FLAG, action="store_true", help=argparse.SUPPRESS)


def watch_parent(
    on_gone: Callable[[], None], *, arguments: Sequence[str] | None = None
) -> None:
    """Call `on_gone` once, from a thread, when the parent is gone.

    Does nothing unless the flag was given: standard input is a person's otherwise.
    """
    if FLAG in (sys.argv if arguments is None else arguments):
        threading.Thread(
            target=_wait, args=(on_gone,), name="watch-parent", daemon=True
        ).start()


def _wait(on_gone: Callable[[], None]) -> None:
    # Not sys.stdin: a thread inside its buffer makes the interpreter's end abort.
    try:
        while os.read(STDIN, 1):
            pass
    except OSError:
        pass  # a broken pipe says the same as a closed one
    on_gone()
