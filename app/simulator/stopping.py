"""Waits until the process shall end: a signal, or the end of the parent's pipe.

Used by `serve.py`. A byte through a socket wakes the main thread at once on every
system, also on Windows, where no lock can be interrupted by a signal.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from contextlib import suppress

_SIGNALS = ("SIGTERM", "SIGINT", "SIGBREAK")


class StopSign:
    """Made in the main thread, before anything else is started."""

    def __init__(self, *, exit_on_eof: bool) -> None:
        self._wakes, self._wakened_by = socket.socketpair()
        self._wakened_by.settimeout(0)  # as a wakeup descriptor must be
        signal.set_wakeup_fd(self._wakened_by.fileno())
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: None)
        if exit_on_eof:
            threading.Thread(target=self._watch_input, daemon=True).start()

    def wait(self) -> None:
        """Return when the process shall end."""
        self._wakes.recv(1)

    def _watch_input(self) -> None:
        # Not through sys.stdin: its lock must not be held when the process ends.
        with suppress(OSError):
            while os.read(sys.stdin.fileno(), 4096):
                pass
        self._wakened_by.send(b"\0")
