"""A few lines that coverage does not watch, where watching would hang the process.

CPython 3.11 spins for ever in a thread that is traced, as long as an exception from
outside is on its way to another thread that waits in the operating system.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def untraced() -> Iterator[None]:
    """Switch off this thread's tracing for a while."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
