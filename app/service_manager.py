"""Tells systemd how a service is: ready, alive, stopping. Elsewhere it does nothing.

Called by the entry points and the API's pulse (protocol: sd_notify(3)).
"""

from __future__ import annotations

import socket

from app.config.surroundings import notify_socket


def is_listening() -> bool:
    """Tell whether systemd wants to hear how this service is."""
    return notify_socket() is not None and hasattr(socket, "AF_UNIX")


def notify(message: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1` to systemd, if it listens."""
    path = notify_socket()
    if path is None or not hasattr(socket, "AF_UNIX"):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.connect(address)
        sender.sendall(message.encode())
