"""The queue server that `up` brings along: prepared, started, waited for.

Made by `box.py`. While it runs, `<data dir>/queue/url` tells this box's other commands
where it is. Its data may be lost without harm: the rows are the truth.
"""

from __future__ import annotations

import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from app.clock import utc_now
from app.errors import StartError
from app.supervisor import guard, valkey
from app.supervisor.child import Child
from app.supervisor.keeper import Keeper
from app.supervisor.supervisor import Supervisor

#: Seconds until the server answers; it first reads what it had written down.
READY_WITHIN_S = 60.0
LOOK_AGAIN_S = 0.02
#: Seconds for one answer.
ANSWER_WITHIN_S = 2.0
#: Its answers to our password and to a ping, once it has read its journal.
_WELL = [b"+OK\r\n", b"+PONG\r\n"]
#: A log beyond this many bytes begins anew at the next start.
LOG_LIMIT = 1024 * 1024
#: How often another port is tried, should one be taken at the last moment.
START_TRIES = 3


class EmbeddedQueue:
    """One Valkey server in its folder, reachable at `url` while it runs."""

    def __init__(self, program: Path, *, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._log = folder / "valkey.log"
        self._url_file = folder / "url"
        self._port, self._password = 0, ""
        self.url = ""

    def start(self, supervisor: Supervisor, *, is_wanted: Callable[[], bool]) -> None:
        """Start the server and wait until it answers (or is not wanted any more)."""
        self._folder.mkdir(exist_ok=True, mode=0o700)
        self._url_file.unlink(missing_ok=True)
        for _ in range(START_TRIES):
            keeper = supervisor.start(self._prepare())
            if self._answers(keeper, is_wanted):
                _write_private(self._url_file, self.url + "\n")
                return
            supervisor.forget(keeper)
            if not is_wanted():
                return
            self._cure()
        raise StartError(
            f"The embedded queue server does not start: {self._last_line()}. "
            f"Its log is {self._log}; with REDIS_URL Bellhop uses another one."
        )

    def remove_url(self) -> None:
        """Say that the server is gone."""
        self._url_file.unlink(missing_ok=True)

    def _prepare(self) -> Child:
        """Write a fresh configuration: every start has its own port and password."""
        port, password = valkey.free_port(), secrets.token_urlsafe(32)
        self._port, self._password = port, password
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT:
            self._log.unlink()
        configuration = self._folder / "valkey.conf"
        _write_private(
            configuration,
            valkey.configuration(
                port=port, password=password, folder=self._folder, log=self._log
            ),
        )
        self.url = f"redis://:{password}@{valkey.LOOPBACK}:{port}/0"
        python = (sys.executable, "-I", "-S", str(Path(guard.__file__).resolve()))
        return Child(
            name="queue",
            command=(*python, str(self._program), str(configuration.absolute())),
            stop_rank=9,
            stop_within_s=guard.STOP_WITHIN_S + 5,
        )

    def _answers(self, keeper: Keeper, is_wanted: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + READY_WITHIN_S
        while is_wanted() and keeper.deaths == 0 and time.monotonic() < deadline:
            if _pings(self._port, self._password):
                return True
            time.sleep(LOOK_AGAIN_S)
        return False

    def _cure(self) -> None:
        """Set aside a journal that cannot be read: every row rings again anyway."""
        journal = self._folder / "appendonlydir"
        if journal.exists() and "append only file" in self._last_line():
            moment = utc_now().strftime("%Y%m%dT%H%M%S%f")
            journal.rename(self._folder / f"unreadable-{moment}")

    def _last_line(self) -> str:
        try:
            lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return "it wrote no log"
        return lines[-1] if lines else "it said nothing"


def why_unreachable(url: str) -> str | None:
    """Return why the queue server there cannot be used; None when it can."""
    # Not at the top: beside its own server, `up` has no use for 6 MB of library.
    import redis  # noqa: PLC0415 - see above
    from redis.backoff import NoBackoff  # noqa: PLC0415 - see above
    from redis.retry import Retry  # noqa: PLC0415 - see above

    try:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=ANSWER_WITHIN_S,
            socket_timeout=ANSWER_WITHIN_S,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            client.ping()
        finally:
            client.close()
    except (redis.RedisError, OSError, ValueError) as error:
        return str(error).rstrip(".") or type(error).__name__
    return None


def _pings(port: int, password: str) -> bool:
    """Ask our own server, which needs no more than two words."""
    where = (valkey.LOOPBACK, port)
    try:
        with socket.create_connection(where, timeout=ANSWER_WITHIN_S) as line:
            line.sendall(f"AUTH {password}\r\nPING\r\n".encode("ascii"))
            with line.makefile("rb") as replies:
                return [replies.readline(), replies.readline()] == _WELL
    except OSError:
        return False


def _write_private(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
