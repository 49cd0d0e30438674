"""What the processes say at their start of a queue server that may forget."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.running_up import RunningUp
from tests.house import make_runtime
from tests.http_client import call
from tests.part import Part
from tests.postgres import database_env
from tests.valkey import ValkeyServer, free_port

if sys.platform == "win32":
    pytest.skip("needs a queue server of its own", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[2]
WARNING = "Queue server needs attention"


@pytest.fixture
def port() -> int:
    """Where the API is to answer."""
    return free_port()


@pytest.fixture
def parts(tmp_path: Path, port: int) -> Iterator[tuple[Part, Part]]:
    """The API and a worker, not started yet."""
    make_runtime(tmp_path).close()
    environment = {
        "BELLHOP_DATA_DIR": str(tmp_path / "var"),
        **database_env(tmp_path / "var"),
        "BELLHOP_PORT": str(port),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
    }
    words = {"api": ("-m", "app", "api"), "worker": (str(ROOT / "worker.py"),)}
    with ExitStack() as stack:
        api, worker = (
            stack.enter_context(
                Part(
                    name,
                    [sys.executable, *script],
                    environment=environment,
                    directory=tmp_path,
                )
            )
            for name, script in words.items()
        )
        yield api, worker


def answers(port: int) -> bool:
    try:
        return call("GET", f"http://127.0.0.1:{port}/healthz").status == 200
    except OSError:
        return False


def test_api_and_worker_warn_of_a_server_that_forgets(
    parts: tuple[Part, Part], tmp_path: Path
) -> None:
    with ValkeyServer(tmp_path, maxmemory_policy="allkeys-lru") as server:
        for part in parts:
            part.start(REDIS_URL=server.url)

            part.wait_for_words(WARNING, times=2)

            assert "to noeviction" in part.said
            assert "appendonly to yes" in part.said


@pytest.mark.parametrize("url", ["redis://127.0.0.1:{}/0", "amqp://127.0.0.1:{}/"])
def test_server_that_is_away_is_a_warning_and_stops_nobody(
    parts: tuple[Part, Part], port: int, url: str
) -> None:
    api, worker = parts
    for part in parts:
        name = "REDIS_URL" if url.startswith("redis") else "BROKER_URL"
        part.start(**{name: url.format(free_port())})

        part.wait_for_words(WARNING)

        assert "The queue server cannot be reached." in part.said
    api.wait_until(lambda: answers(port), what="it answers")
    worker.wait_for_words("Worker started")


def test_server_of_up_itself_is_no_reason_to_warn(tmp_path: Path) -> None:
    up = RunningUp(tmp_path, command=("-m", "app", "up"))
    up.environment.pop("BROKER_URL", None)
    with up:
        up.wait_for_words("Bellhop is ready")

        assert "Worker started" in up.said
        assert WARNING not in up.said


def test_up_passes_the_warnings_of_its_parts_on(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, maxmemory_policy="allkeys-lru") as server:
        up = RunningUp(tmp_path, command=("-m", "app", "up"))
        up.environment["REDIS_URL"] = server.url
        with up:
            up.wait_for_words("Bellhop is ready")

            up.wait_for_words("to noeviction")
