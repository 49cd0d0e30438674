"""Runs a server that cannot watch its parent, and ends it when the parent is gone.

Started by `up` as `python -I -S guard.py COMMAND...` to stand over the queue server:
the standard library only, and little of that. Its exit code is the server's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

#: Seconds that the server gets to write down what it holds.
STOP_WITHIN_S = 10.0
STDIN = 0


def main(command: Sequence[str]) -> int:
    """Run the command until it ends, is told to stop, or the parent is gone."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    # Other files stay open on purpose: the server holds our lock file as well, so a
    # new start finds it even if this guard was killed.
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, close_fds=False)  # noqa: S603 - the parent's own command
    for watch in (_await_parent, _await_word):
        threading.Thread(target=watch, args=(told, server), daemon=True).start()
    code = server.wait()
    return code if code >= 0 else 128 - code


def _await_parent(told: threading.Event, _server: subprocess.Popen[bytes]) -> None:
    while os.read(STDIN, 1):
        pass
    told.set()


def _await_word(told: threading.Event, server: subprocess.Popen[bytes]) -> None:
    told.wait()
    server.terminate()
    try:
        server.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
