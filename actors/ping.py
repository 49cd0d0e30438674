"""A task that does nothing: whoever waits for it knows that the whole box works.

Used by `python3 bellhop.py ping`, which goes the way of every task.
"""

from __future__ import annotations

import os
import socket

from app.work import task


@task(queue="high", retry_delays=())
def ping(word: str = "pong") -> dict[str, str | int]:
    """Tell which process on which host has answered."""
    return {"word": word, "host": socket.gethostname(), "pid": os.getpid()}
