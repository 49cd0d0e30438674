"""The API as a process of its own, asked over real HTTP by many at once."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.runtime import Runtime
from tests.house import ADMIN_KEY, SECRET_KEY, make_runtime
from tests.http_client import Reply, call
from tests.part import Part
from tests.paying import SECRET
from tests.postgres import database_env
from tests.valkey import free_port

ROOT = Path(__file__).resolve().parents[1]
#: What the API may see of our own environment.
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "COV")
#: Requests on their way at the same moment.
AT_ONCE = 32


@dataclass(frozen=True, kw_only=True)
class Served:
    """A house whose API runs as a process of its own."""

    runtime: Runtime
    api: Part
    port: int

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Send one request over a connection of its own."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {ADMIN_KEY}", **named}
        content = None if body is None else json.dumps(body)
        url = f"http://127.0.0.1:{self.port}{path}"
        return call(method, url, body=content, headers=sent, timeout_s=60)

    def ask_at_once(self, requests: Sequence[Callable[[], Reply]]) -> list[Reply]:
        """Send many requests at the same time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return [task.result() for task in [pool.submit(r) for r in requests]]

    def open_line(self, head: str) -> socket.socket:
        """Open a connection and send the beginning of a request."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        line.sendall(head.replace("\n", "\r\n").encode("latin-1"))
        return line

    def answers(self) -> bool:
        """Tell whether it answers."""
        try:
            return self.ask("GET", "/healthz").status == 200
        except OSError:
            return False


@contextmanager
def serve(folder: Path) -> Iterator[Served]:
    """Start the API in this folder, and fail at the end if a request has failed."""
    port = free_port()
    environment = {
        **{k: v for k, v in os.environ.items() if k.startswith(PASSED_ON)},
        "PYTHONPATH": str(ROOT),
        "BELLHOP_DATA_DIR": str(folder / "var"),
        **database_env(folder / "var"),
        "BELLHOP_CONFIG": str(folder / "bellhop.toml"),
        "BELLHOP_API_KEY": ADMIN_KEY,
        "BELLHOP_SECRET_KEY": SECRET_KEY,
        "BELLHOP_PORT": str(port),
        "RAZORPAY_KEY_SECRET": SECRET,
    }
    command = [sys.executable, "-m", "app", "api"]
    with (
        make_runtime(folder) as runtime,
        Part("api", command, environment=environment, directory=folder) as api,
    ):
        served = Served(runtime=runtime, api=api, port=port)
        api.start()
        api.wait_until(served.answers, what="it answers")
        yield served
        said = api.said
        assert api.stop() == 0
        assert "Request failed" not in said
        assert "Traceback" not in said
