"""Runs pip, shows how it gets on, and says in one sentence why it could not.

Used by `environment.py`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from app.errors import StartError
from app.held_file import HeldFile

#: The lines of pip that tell a person that it gets on.
TELLING = ("Collecting ", "Installing ", "Building ")
RETRYING = "WARNING: Retrying"
#: What pip, urllib3 and the systems say when the network is away.
NO_NETWORK = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "Failed to establish a new connection",
    "Network is unreachable",
    "ProxyError",
)
NO_SPACE = ("No space left on device", "Errno 28", "WinError 112")
#: Characters of a progress line: fits an old terminal, so that it never wraps.
PROGRESS_WIDTH = 70


def install(python: Path, *, requirements: Path, held: HeldFile) -> None:
    """Install what the file lists; raise StartError with the reason where it fails."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--no-input", "--progress-bar", "off", "-r", str(requirements)]
    # pip holds the lock too: it may outlive a launcher that is killed.
    inherited = () if sys.platform == "win32" else (held.fileno(),)
    with subprocess.Popen(  # noqa: S603 - our own command, no shell
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        pass_fds=inherited,
    ) as pip:
        assert pip.stdout is not None  # noqa: S101 - for the type checker
        lines = []
        for line in pip.stdout:
            lines.append(line.strip())
            _show(lines[-1])
    _clear()
    if pip.returncode != 0:
        raise StartError(why(lines, requirements=requirements.name))


def why(lines: Sequence[str], *, requirements: str) -> str:
    """Return the sentence for a person, from what pip said before it gave up."""
    said = "\n".join(lines)
    reason = ""
    if any(sign in said for sign in NO_SPACE):
        reason = ": the disk is full"
    elif any(sign in said for sign in NO_NETWORK):
        reason = ": there is no network, and what it needs is not installed yet"
    return (
        f"Bellhop could not install {requirements}{reason}. "
        f"pip's last line: {_last(lines)}"
    )


def _last(lines: Sequence[str]) -> str:
    errors = [line for line in lines if line.startswith("ERROR:")]
    spoken = [line for line in lines if line]
    return (errors or spoken or ["(it said nothing)"])[-1]


def _show(line: str) -> None:
    if line.startswith(RETRYING):
        line = "No answer from the package index, trying again"
    elif not line.startswith(TELLING):
        return
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K  {line[:PROGRESS_WIDTH]}")
    else:
        sys.stderr.write(f"  {line[:PROGRESS_WIDTH]}\n")
    sys.stderr.flush()


def _clear() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()
