"""What the processes tell systemd: ready, alive, stopping (sd_notify(3))."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import pytest

from app.web import pulse
from tests.house import make_runtime, make_settings
from tests.http_client import call
from tests.part import SOON_S, Part
from tests.postgres import database_env
from tests.valkey import free_port
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("systemd is Linux's", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
#: The API as it is, only that it knocks at its own door more often.
QUICK_API = """
import sys
from app.__main__ import main
from app.web import pulse
pulse.ALIVE_EVERY_S = 0.1
sys.exit(main(["api", *sys.argv[1:]]))
"""


class ServiceManager:
    """The socket on which systemd listens."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        self._socket.setblocking(False)  # noqa: FBT003 - the library's own signature
        self.heard: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._socket.close()

    def wait_for(self, message: str) -> None:
        """Wait until this was said, after what was waited for before."""
        self.heard.clear()
        wait_until(
            lambda: message in self._hear(), within_s=SOON_S, what=f"{message} said"
        )

    def _hear(self) -> list[str]:
        with suppress(BlockingIOError):
            self.heard.append(self._socket.recv(4096).decode())
        return self.heard


@pytest.fixture
def manager() -> Iterator[ServiceManager]:
    # A socket's path may have 107 characters, which pytest's own folders can exceed.
    with (
        tempfile.TemporaryDirectory(prefix="bh-") as folder,
        ServiceManager(Path(folder)) as listening,
    ):
        yield listening


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def environment(tmp_path: Path, manager: ServiceManager, port: int) -> dict[str, str]:
    make_runtime(tmp_path).close()
    passed_on = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    return {
        **passed_on,
        "PYTHONPATH": str(ROOT),
        "BELLHOP_DATA_DIR": str(tmp_path / "var"),
        **database_env(tmp_path / "var"),
        "BELLHOP_PORT": str(port),
        "NOTIFY_SOCKET": manager.path,
    }


def test_the_api_says_ready_when_it_answers_and_then_that_it_lives(
    tmp_path: Path, environment: dict[str, str], manager: ServiceManager, port: int
) -> None:
    command = (sys.executable, "-c", QUICK_API)

    with Part("api", command, environment=environment, directory=tmp_path) as api:
        api.start()
        manager.wait_for("READY=1")
        answer = call("GET", f"http://127.0.0.1:{port}/healthz")
        manager.wait_for("WATCHDOG=1")

    assert answer.status == 200


def test_an_api_that_takes_connections_and_never_answers_is_not_alive(
    tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "ANSWER_WITHIN_S", 0.1)
    settings = make_settings(tmp_path, BELLHOP_PORT=str(port))

    with socket.create_server(("127.0.0.1", port)):
        alive = pulse.answers(settings)

    assert not alive


@pytest.mark.parametrize("script", ["worker.py", "scheduler.py"])
def test_worker_and_scheduler_say_ready_alive_and_stopping(
    tmp_path: Path, environment: dict[str, str], manager: ServiceManager, script: str
) -> None:
    command = (sys.executable, str(ROOT / script))

    with Part(script, command, environment=environment, directory=tmp_path) as part:
        part.start()
        manager.wait_for("READY=1")
        manager.wait_for("WATCHDOG=1")
        part.terminate()
        manager.wait_for("STOPPING=1")
        code = part.ends()

    assert code == 0


def test_an_api_whose_port_is_taken_says_so_in_one_sentence(
    tmp_path: Path, environment: dict[str, str], port: int
) -> None:
    command = (sys.executable, "-m", "app", "api")

    with (
        socket.create_server(("127.0.0.1", port)),
        Part("api", command, environment=environment, directory=tmp_path) as api,
    ):
        api.start()
        api.wait_until(lambda: not api.is_running, what="its end")
        said = api.said

    assert f"Another program already listens on port {port}" in said
    assert "Traceback" not in said
