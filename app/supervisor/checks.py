"""What must be true before `up` starts anything; each raises one clear StartError.

Called by `box.py` in the order in which a person would want to hear of it.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from app.broker import is_rabbit, open_doorbell
from app.config import Settings
from app.errors import QueueUnavailableError, StartError
from app.held_file import HeldFile
from app.supervisor.embedded_queue import why_unreachable

#: The highest port that only the system's administrator may listen on.
LAST_RESERVED_PORT = 1023


@contextmanager
def only_one(data_dir: Path, *, url: str) -> Iterator[None]:
    """Hold the data directory; raise StartError when another `up` has it."""
    with HeldFile(data_dir / "up.lock") as held:
        if not held.try_hold():
            raise StartError(_already_runs(held.read_note(), data_dir))
        held.write_note(json.dumps({"pid": os.getpid(), "url": url}))
        yield
        held.write_note("")


def check_port_free(settings: Settings) -> None:
    """Raise StartError when the API could not listen where it is told to."""
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(found[0], found[1]) as probe:
            if sys.platform != "win32":
                # Connections of an earlier run that linger are no reason to refuse.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except UnicodeError:
        raise StartError(
            f"BELLHOP_HOST={settings.host} is no address that can be listened on. "
            "Use 127.0.0.1 for this machine alone, 0.0.0.0 for all its networks."
        ) from None
    except OSError as error:
        raise StartError(_why_no_port(error, settings)) from None


def check_reachable(settings: Settings) -> None:
    """Raise StartError when the queue server that was named does not answer."""
    url = settings.given_queue
    if url is None:
        return
    reason = _why_no_rabbit(url) if is_rabbit(url) else why_unreachable(url)
    if reason is not None:
        place, name = urlsplit(url), queue_variable(settings)
        raise StartError(
            f"The queue server at {place.hostname or place.path}"
            f"{f':{place.port}' if place.port else ''} cannot be used ({reason}). "
            f"Start it, or set {name} to another, or leave {name} out for the "
            f"embedded one."
        )


def queue_variable(settings: Settings) -> str:
    """Return the name of the variable that names the queue server."""
    return "BROKER_URL" if settings.broker_url else "REDIS_URL"


def _why_no_rabbit(url: str) -> str | None:
    doorbell = open_doorbell(url, namespace="bellhop-up")
    try:
        doorbell.ping()
    except QueueUnavailableError as error:
        return str(error).rstrip(".")
    finally:
        doorbell.close()
    return None


def _already_runs(note: str, data_dir: Path) -> str:
    try:
        first = json.loads(note)
        who = f"process {first['pid']}, {first['url']}"
    except (ValueError, KeyError, TypeError):
        who = "starting or stopping right now"
    return (
        f"Bellhop already runs here ({who}; data directory {data_dir.absolute()}). "
        f"Stop that one first with Ctrl-C, or give this one its own BELLHOP_DATA_DIR "
        f"and BELLHOP_PORT."
    )


def _why_no_port(error: OSError, settings: Settings) -> str:
    where = f"port {settings.port} on {settings.host}"
    if error.errno == errno.EADDRINUSE:
        return (
            f"Another program already listens on {where}. Stop it, or choose another "
            f"port, for example BELLHOP_PORT={_next_port(settings.port)}."
        )
    if error.errno == errno.EACCES and settings.port <= LAST_RESERVED_PORT:
        return (
            f"Only an administrator may listen on {where}. Choose a port above "
            f"{LAST_RESERVED_PORT}, for example BELLHOP_PORT=8000."
        )
    return (
        f"Bellhop cannot listen on {where} ({error.strerror or error}). Check "
        f"BELLHOP_HOST and BELLHOP_PORT."
    )


def _next_port(port: int) -> int:
    return port + 1 if port < 65535 else 8000
