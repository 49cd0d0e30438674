"""Waiting for a condition, with a deadline; used by everything of the chaos run."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.errors import StartError

LOOK_AGAIN_S = 0.01


def wait_until(condition: Callable[[], object], *, within_s: float, what: str) -> None:
    """Return as soon as the condition holds; raise StartError when time is up."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            raise StartError(f"Not within {within_s:.0f} s: {what}.")
        time.sleep(LOOK_AGAIN_S)
