"""The HTTP door: accepts connections, and finds who answers a path.

Built by `serve.py`; one thread a connection. Knows no provider's rules.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.errors import StorageUnavailableError
from app.simulator.reception import HttpProvider, Reception
from app.simulator.wire import Answer, HttpLine, Request, json_answer

#: Connections that may wait to be accepted.
BACKLOG = 512


@dataclass(frozen=True)
class Route:
    """Which provider answers the paths that match."""

    path: re.Pattern[str]
    provider: HttpProvider


class HttpServer:
    """Serves the providers and the control API on one port."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        routes: Sequence[Route],
        reception: Reception,
        control: Callable[[Request], Answer],
    ) -> None:
        self._listener = listener
        self._routes = routes
        self._reception = reception
        self._control = control

    def start(self) -> None:
        """Begin to accept connections; the threads end with the process."""
        threading.Thread(target=self._accept, name="http", daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return  # the listener was closed
            line = HttpLine(connected)
            threading.Thread(target=self._serve, args=[line], daemon=True).start()

    def _serve(self, line: HttpLine) -> None:
        try:
            while (request := line.read_request()) is not None:
                if isinstance(request, Answer):
                    line.write(request)
                    break
                self._answer_safely(request, line)
                if not request.keep_alive:
                    break
        except OSError:
            pass  # the peer left, or a fault closed the line
        finally:
            line.finish()

    def _answer_safely(self, request: Request, line: HttpLine) -> None:
        try:
            self._answer(request, line)
        except StorageUnavailableError as error:
            line.write(json_answer(500, {"error": str(error)}))

    def _answer(self, request: Request, line: HttpLine) -> None:
        if request.path.startswith("/_simulator/"):
            line.write(self._control(request))
            return
        for route in self._routes:
            if route.path.match(request.path):
                self._reception.serve(route.provider, request, line)
                return
        line.write(json_answer(404, {"error": f"Nothing answers at {request.path}."}))
