"""The SMTP door: an event loop in a thread of its own, on a socket that is bound.

Built by `serve.py`. `aiosmtpd.controller` is not used: it cannot bind port 0.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from ssl import SSLContext

from app.simulator.smtp_session import MailRoom, SmtpSession


class SmtpServer:
    """Serves SMTP; with `tls` the connection is encrypted from the first byte."""

    def __init__(
        self, listener: socket.socket, *, room: MailRoom, tls: SSLContext | None
    ) -> None:
        self._listener = listener
        self._room = room
        self._tls = tls
        # It logs addresses and every dialogue that a fault cut short.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)

    def start(self) -> None:
        """Begin to accept connections; the thread ends with the process."""
        is_ready = threading.Event()
        threading.Thread(
            target=self._run, args=[is_ready], name="smtp", daemon=True
        ).start()
        is_ready.wait()

    def _run(self, is_ready: threading.Event) -> None:
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(
            loop.create_server(
                lambda: SmtpSession(self._room, loop=loop),
                sock=self._listener,
                ssl=self._tls,
            )
        )
        loop.call_soon(is_ready.set)
        loop.run_forever()
