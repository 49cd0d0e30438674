"""`api`: the booking API, one of the three services."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from typing import NoReturn

from app import config, logs
from app.runtime import open_runtime
from app.services.actors_found import load_actors
from app.services.queue_server import warn_of_queue_server
from app.supervisor import parent
from app.supervisor.checks import check_port_free
from app.web.server import serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parent.add_argument(parser)


def run(_arguments: argparse.Namespace) -> int:
    """Answer requests until told to stop."""
    settings = config.load()
    logs.configure(settings, process="api")
    with open_runtime(settings, registry=load_actors()) as runtime:
        check_port_free(settings)
        parent.watch_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
        warn_of_queue_server(settings)
        serve(runtime)
    _end()


def _end() -> NoReturn:
    """End here and now, with everything closed.

    The threads of granian's runtime outlive it by some milliseconds. One that comes
    back into a Python that is being taken down aborts the whole process (SIGABRT).
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
