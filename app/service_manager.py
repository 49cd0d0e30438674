"""Tells systemd how a service is: ready, alive, stopping. Elsewhere it does nothing.

Called by the entry points (protocol: sd_notify(3)).
"""

from __future__ import annotations

import os
import socket


def notify(message: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1` to systemd, if it listens."""
    path = os.environ.get("NOTIFY_SOCKET")  # systemd's own, not a setting of ours
    if not path or not hasattr(socket, "AF_UNIX"):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address)
        sender.sendall(message.encode())
