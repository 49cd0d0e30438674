"""Serves the API: granian where it runs, waitress on Windows, behind one function."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from functools import partial

from flask import Flask

from app import logs
from app.errors import StartError
from app.runtime import Runtime
from app.services import patience
from app.web import pulse
from app.web.app import create_app
from app.web.bodies import largest_body
from app.web.bridge import MOST_READ, Bridge

#: Requests answered at the same time. Each is short, and they take turns at the
#: database's one writer: more threads would only wait in line.
THREADS = 4
#: Connections that may wait to be answered; beyond, clients are held back.
BACKLOG = 256


def serve(runtime: Runtime) -> None:
    """Answer requests until the process is told to stop."""
    if sys.platform == "win32":
        _serve_with_waitress(runtime)
    else:
        asyncio.run(_serve_with_granian(runtime))


def _build(runtime: Runtime) -> Flask:
    pulse.start(runtime.settings)
    return create_app(runtime)


def _bridged(runtime: Runtime) -> Bridge:
    """Make the same for granian: no thread ever waits for a slow sender."""
    return Bridge(_build(runtime), threads=THREADS, largest_body=largest_body)


async def _serve_with_granian(runtime: Runtime) -> None:
    # Its embedded server: the other one puts a second process, which does no more than
    # wait, over the one that answers (30 MB), and costs a start of its own.
    from granian.constants import Interfaces  # noqa: PLC0415 - not installed on Windows
    from granian.server.embed import Server  # noqa: PLC0415 - likewise

    settings = runtime.settings
    server = Server(
        partial(_bridged, runtime),
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        backlog=BACKLOG,
        websockets=False,
        log_enabled=False,
    )
    logs.configure(settings, process="api")  # granian has closed every log just now
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, server.stop)
    await server.serve()
    if server.interrupt_children:
        raise StartError(f"The API cannot listen on port {settings.port} any more.")


def _stop(stop: Callable[[], object]) -> None:
    patience.let_all_go()
    stop()


def _serve_with_waitress(runtime: Runtime) -> None:
    from waitress import serve  # noqa: PLC0415 - installed on Windows alone

    settings = runtime.settings
    serve(
        _build(runtime),
        host=settings.host,
        port=settings.port,
        threads=THREADS + patience.MOST_WAITING,
        backlog=BACKLOG,
        ident=None,
        max_request_body_size=MOST_READ,  # it reads them whole by itself
    )
