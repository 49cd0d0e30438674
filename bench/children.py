"""The processes of a benchmark: started in a folder, each stopped at the end."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.config.surroundings import bare_environment

ROOT = Path(__file__).resolve().parents[1]
STOP_WITHIN_S = 60.0

Child = subprocess.Popen[str]


def surroundings(more: Mapping[str, str]) -> dict[str, str]:
    """Return this environment without Bellhop's own settings, and with `more`."""
    return bare_environment({"PYTHONPATH": str(ROOT), **more})


def own_python(*arguments: str) -> list[str]:
    """Return the command that runs this Python with these arguments."""
    return [sys.executable, *arguments]


@contextmanager
def scratch() -> Iterator[Path]:
    """Make a folder that is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="bellhop-bench-") as name:
        yield Path(name)


@contextmanager
def running(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> Iterator[Child]:
    """Run a command in a folder; what it says on standard error is kept there."""
    with (folder / "errors.txt").open("a", encoding="utf-8") as errors:
        child = subprocess.Popen(
            command,
            cwd=folder,
            env=surroundings(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        _stop(child)


def output_of(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> str:
    """Run a command to its end; return what it printed, or raise with what it said."""
    with running(command, folder=folder, environment=environment) as child:
        assert child.stdout is not None
        printed = child.stdout.read()
        if child.wait() != 0:
            raise RuntimeError(f"{' '.join(command)} failed: {last_words(folder)}")
    return printed


def last_words(folder: Path) -> str:
    """Return the last line that a process in this folder wrote on standard error."""
    path = folder / "errors.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return lines[-1] if lines else "it said nothing"


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        port: int = finder.getsockname()[1]
        return port


def _stop(child: Child) -> None:
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
