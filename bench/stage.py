"""The stage of a benchmark: the simulator and a whole box, in a folder of their own."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
READY_WITHIN_S = 30.0
STOP_WITHIN_S = 60.0
API_KEY = "bench-key-of-thirty-two-characters"
RAZORPAY_SECRET = "bench-secret"
ACCOUNT = "AC" + "0" * 32


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where everything is while it runs."""

    folder: Path
    api: str
    provider: str
    environment: dict[str, str]

    def client(self) -> Client:
        """Return a client of the API with a connection of its own."""
        return Client(self.api)

    def provider_ledger(self, *, since: int = 0) -> list[dict[str, Any]]:
        """Return what the provider accepted after the ledger's line `since`."""
        client = Client(self.provider)
        path = f"/_simulator/ledger?accepted=true&since_seq={since}"
        answer = client.call("GET", path)
        entries: list[dict[str, Any]] = answer.get("data", answer.get("entries", []))
        return entries


class Client:
    """A JSON client that keeps its connection, as a website's server does."""

    def __init__(self, base_url: str) -> None:
        address = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(
            str(address.hostname), address.port, timeout=30
        )
        self._headers = {
            "Authorization": f"Bearer {API_KEY}",
            "Content-Type": "application/json",
        }
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request; return the JSON of its answer, which must be 2xx."""
        text = None if body is None else json.dumps(body)
        self._connection.request(method, path, text, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= http.client.MULTIPLE_CHOICES:
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")
        return json.loads(content)


@contextmanager
def stage() -> Iterator[Stage]:
    """Start the provider and the box; stop both at the end, and leave nothing."""
    with tempfile.TemporaryDirectory(prefix="bellhop-bench-") as name:
        folder = Path(name)
        provider = _start_provider(folder)
        try:
            found = _stage(folder, provider)
            box = _start_box(found)
            try:
                yield found
            finally:
                _stop(box)
        finally:
            _stop(provider)


def _stage(folder: Path, provider: subprocess.Popen[str]) -> Stage:
    assert provider.stdout is not None
    ready = json.loads(provider.stdout.readline())
    port = _free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BELLHOP_DATA_DIR": str(folder / "var"),
        "BELLHOP_PORT": str(port),
        "BELLHOP_API_KEY": API_KEY,
        "BELLHOP_LOG_LEVEL": "warning",
        "RAZORPAY_KEY_ID": "rzp_bench",
        "RAZORPAY_KEY_SECRET": RAZORPAY_SECRET,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "token",
        "TWILIO_SMS_FROM": "+14155550199",
        "TWILIO_API_BASE": ready["http"],
    }
    return Stage(
        folder=folder,
        api=f"http://127.0.0.1:{port}",
        provider=ready["http"],
        environment=environment,
    )


def _start_provider(folder: Path) -> subprocess.Popen[str]:
    # Without fsync: the provider's disk is not what is measured.
    flags = ["--http-port", "0", "--smtp-port", "0", "--no-fsync"]
    return _start(
        ["-m", "app.simulator", *flags, "--ledger", str(folder / "ledger.jsonl")],
        environment={**os.environ, "PYTHONPATH": str(ROOT)},
        folder=folder,
    )


def _start_box(found: Stage) -> subprocess.Popen[str]:
    box = _start(
        ["-m", "app", "up"], environment=found.environment, folder=found.folder
    )
    give_up_at = time.monotonic() + READY_WITHIN_S
    while not _is_ready(found):
        if box.poll() is not None or time.monotonic() > give_up_at:
            _stop(box)
            raise RuntimeError("the box did not come up; try `python3 bellhop.py up`")
        time.sleep(0.1)
    return box


def _is_ready(found: Stage) -> bool:
    try:
        found.client().call("GET", "/readyz")
    except (OSError, RuntimeError):
        return False
    return True


def _start(
    arguments: Sequence[str], *, environment: dict[str, str], folder: Path
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _free_port() -> int:
    with socket.socket() as finder:
        finder.bind(("127.0.0.1", 0))
        port: int = finder.getsockname()[1]
        return port
