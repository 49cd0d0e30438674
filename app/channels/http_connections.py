"""urllib3's connections, bound to one deadline and honest about what has left.

Used by `http.py` alone: its adapter keeps these connections. They never retry.
"""

from __future__ import annotations

import socket
import ssl
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

from app.channels.sockets import current_conversation, open_socket


def pool_manager(context: ssl.SSLContext) -> PoolManager:
    """Make the keeper of connections, one kept for each server."""
    pools = PoolManager(num_pools=1, maxsize=1, ssl_context=context)
    pools.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}
    return pools


class _Connection(HTTPConnection):
    """Connects and reads within the conversation, and says when a request is out."""

    def _new_conn(self) -> socket.socket:
        # urllib3's own allows the connect time anew for each of a host's addresses.
        return open_socket(self._dns_host, self.port)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """Send; only when this returns was every byte handed to the system.

        An error before that (a kept connection that the server has closed meanwhile)
        leaves the server with an unfinished request, which it may not act upon.
        """
        super().request(*args, **kwargs)
        current_conversation().sent = True


class _TlsConnection(_Connection, HTTPSConnection):
    """The same over TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection
