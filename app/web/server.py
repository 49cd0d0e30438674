"""Serves the API: granian where it runs, waitress on Windows, behind one function."""

from __future__ import annotations

import sys

from flask import Flask

from app import config, logs
from app.config import Settings
from app.runtime import open_runtime
from app.web import pulse
from app.web.app import create_app
from app.web.bodies import LARGEST_BODY
from app.web.bridge import MOST_READ, Bridge

#: Requests answered at the same time. Each is short, and they take turns at the
#: database's one writer: more threads would only wait in line.
THREADS = 4
#: Connections that may wait to be answered; beyond, clients are held back.
BACKLOG = 256


def serve(settings: Settings) -> None:
    """Answer requests until the process is told to stop."""
    if sys.platform == "win32":
        _serve_with_waitress(settings)
    else:
        _serve_with_granian(settings)


def build() -> Flask:
    """Make the application in the process that will answer."""
    settings = config.load()
    logs.configure(settings, process="api")
    # Here, not in granian's parent: a thread there might hold a lock when it forks.
    pulse.start(settings)
    return create_app(open_runtime(settings))


def bridged() -> Bridge:
    """Make the same for granian: no thread ever waits for a slow sender."""
    return Bridge(build(), threads=THREADS, largest_body=LARGEST_BODY)


def _serve_with_granian(settings: Settings) -> None:
    from granian import Granian  # noqa: PLC0415 - not installed on Windows
    from granian.constants import Interfaces  # noqa: PLC0415 - likewise

    Granian(
        "app.web.server:bridged",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGINL,
        workers=1,  # processes must not share SQLite's and Redis's sockets
        backlog=BACKLOG,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=False,
    ).serve()


def _serve_with_waitress(settings: Settings) -> None:
    from waitress import serve  # noqa: PLC0415 - installed on Windows alone

    serve(
        build(),
        host=settings.host,
        port=settings.port,
        threads=THREADS,
        backlog=BACKLOG,
        ident=None,
        max_request_body_size=MOST_READ,  # it reads them whole by itself
    )
