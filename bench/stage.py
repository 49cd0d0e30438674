"""The stage of a benchmark: the provider and a whole box, in a folder of their own."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.children import Child, free_port, last_words, own_python, running, scratch
from bench.json_client import Client
from bench.peers.account import ACCOUNT, SENDER, TOKEN
from bench.provider import Provider, provider

READY_WITHIN_S = 30.0
QUIET_WITHIN_S = 120.0
API_KEY = "bench-key-of-thirty-two-characters"
RAZORPAY_SECRET = "bench-secret"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where everything is while it runs; `box` is the id of `up`'s process."""

    folder: Path
    api: str
    provider: Provider
    box: int

    def client(self) -> Client:
        """Return a client of the API with a connection of its own."""
        return Client(self.api, api_key=API_KEY)

    def wait_until_quiet(self) -> None:
        """Wait until the box has nothing left to send."""
        client = self.client()
        give_up_at = time.monotonic() + QUIET_WITHIN_S
        for status in ("pending", "queued", "sending"):
            path = f"/api/v1/notifications?status={status}&limit=1"
            while client.call("GET", path)["data"]:
                if time.monotonic() > give_up_at:
                    raise RuntimeError(f"messages stay {status}")
                time.sleep(0.2)


@contextmanager
def stage() -> Iterator[Stage]:
    """Start the provider and the box; stop both at the end, and leave nothing."""
    with scratch() as folder, provider(folder) as found, box(folder, found) as staged:
        yield staged


@contextmanager
def box(folder: Path, found: Provider, *, policy: str = "") -> Iterator[Stage]:
    """Start a whole box in this folder, and wait until it is ready.

    `policy`: what its policy file says besides.
    """
    port = free_port()
    api = f"http://127.0.0.1:{port}"
    environment = settings(folder, provider_url=found.url, port=port, policy=policy)
    command = own_python("-m", "app", "up")
    with running(command, folder=folder, environment=environment) as child:
        _wait_until_ready(child, api, folder)
        yield Stage(folder=folder, api=api, provider=found, box=child.pid)


def settings(
    folder: Path, *, provider_url: str, port: int, policy: str = ""
) -> dict[str, str]:
    """Return the settings of a box that sends SMS to this provider without a limit."""
    file = folder / "bellhop.toml"
    file.write_text(f'[queues.sms]\nrate_limit = "0"\n{policy}', encoding="utf-8")
    return {
        "BELLHOP_CONFIG": str(file),
        "BELLHOP_DATA_DIR": str(folder / "var"),
        "BELLHOP_PORT": str(port),
        "BELLHOP_API_KEY": API_KEY,
        "BELLHOP_LOG_LEVEL": "warning",
        "RAZORPAY_KEY_ID": "rzp_bench",
        "RAZORPAY_KEY_SECRET": RAZORPAY_SECRET,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_SMS_FROM": SENDER,
        "TWILIO_API_BASE": provider_url,
    }


def wait_until_answers(child: Child, url: str, folder: Path) -> None:
    """Wait until a GET of this URL's path is answered with 2xx."""
    base, path = url[: url.index("/", 8)], url[url.index("/", 8) :]
    give_up_at = time.monotonic() + READY_WITHIN_S
    while not _answers(base, path):
        if child.poll() is not None or time.monotonic() > give_up_at:
            raise RuntimeError(f"the box did not come up: {last_words(folder)}")
        time.sleep(0.1)


def _wait_until_ready(child: Child, api: str, folder: Path) -> None:
    wait_until_answers(child, f"{api}/readyz", folder)


def _answers(base: str, path: str) -> bool:
    try:
        with closing(Client(base, api_key=API_KEY)) as client:
            client.call("GET", path)
    except (OSError, RuntimeError):
        return False
    return True
