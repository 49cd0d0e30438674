from __future__ import annotations

import http.server
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app import __version__
from app.clock import utc_now
from app.commands.checks import database, running
from app.commands.checks.findings import Box, Check, Finding, Level
from app.domain.tasks import Status
from app.runtime import Runtime, queue_namespace
from app.services import jobs
from app.storage import recovering
from app.storage.tables import bookings, tasks
from tests.house import change_row, make_booking, make_runtime, make_settings, rows
from tests.postgres import about_sqlite
from tests.valkey import ValkeyServer, free_port


def look(check: Check, runtime: Runtime) -> list[Finding]:
    return list(check(Box(settings=runtime.settings, runtime=runtime)))


def look_without(check: Check, tmp_path: Path, **env: str) -> list[Finding]:
    """Look at a house that cannot be opened."""
    return list(check(Box(settings=make_settings(tmp_path, **env), runtime=None)))


@contextmanager
def program(answer: bytes) -> Iterator[str]:
    """Let some program listen on a port, which is returned."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield str(server.server_port)
        server.shutdown()
        thread.join()


def beat(runtime: Runtime, name: str) -> None:
    with runtime.database.write() as tx:
        recovering.register_worker(
            tx, boot_id=name, name=name, host="here", pid=1, now=utc_now()
        )


@about_sqlite
def test_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    (found,) = look_without(database.database, tmp_path)

    assert found.level is Level.BROKEN
    assert "bellhop.py migrate" in found.advice
    assert not (tmp_path / "var").exists()


@about_sqlite
def test_database_of_another_version_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "bellhop.db").touch()

    (found,) = look_without(database.database, tmp_path)

    assert found.level is Level.BROKEN
    assert "bellhop.py migrate" in found.finding


@about_sqlite
def test_damaged_database_is_told(tmp_path: Path) -> None:
    with make_runtime(tmp_path) as runtime:
        make_booking(runtime)
        with runtime.database.read() as tx:
            page_size = tx.exec_driver_sql("PRAGMA page_size").scalar_one()
            table = sa.text("SELECT rootpage FROM sqlite_master WHERE name='bookings'")
            root = tx.execute(table).scalar_one()
    with (tmp_path / "var" / "bellhop.db").open("r+b") as file:
        file.seek((root - 1) * page_size)
        file.write(b"\xff" * page_size)

    (found,) = look_without(database.database, tmp_path)

    assert found.level is Level.BROKEN
    assert "damaged" in found.finding or "malformed" in found.finding


def test_whole_database_is_well(runtime: Runtime) -> None:
    (found,) = look(database.database, runtime)

    assert found.level is Level.OK


@about_sqlite
def test_sqlite_with_the_known_fault_is_explained(runtime: Runtime) -> None:
    (found,) = look(database.sqlite, runtime)

    is_safe = sqlite3.sqlite_version_info >= (3, 51, 3)
    assert found.level is (Level.OK if is_safe else Level.INFO)
    assert sqlite3.sqlite_version in found.finding


def test_clock_that_was_set_back_is_told(runtime: Runtime) -> None:
    booking = make_booking(runtime)
    (before,) = look(database.clock, runtime)
    tomorrow = utc_now() + timedelta(days=1)
    change_row(runtime, bookings, booking.id, created_at=tomorrow)

    (after,) = look(database.clock, runtime)

    assert before.level is Level.OK
    assert after.level is Level.WARNING
    assert "The clock was set back" in after.finding


def test_messages_that_wait_too_long_or_were_given_up_are_counted(
    runtime: Runtime,
) -> None:
    make_booking(runtime, confirmed=True)
    (well,) = look(database.waiting, runtime)
    first, second, third = (row["id"] for row in rows(runtime, tasks))
    late = utc_now() - timedelta(hours=1)
    change_row(runtime, tasks, first, next_attempt_at=late)
    change_row(runtime, tasks, second, next_attempt_at=late)
    change_row(runtime, tasks, third, status=Status.DEAD, next_attempt_at=None)

    overdue, given_up = look(database.waiting, runtime)

    assert well.level is Level.OK
    assert overdue.finding == "2 messages should have left minutes ago."
    assert given_up.finding == "1 message of the last 24 hours could not be sent."


def test_queue_server_that_keeps_all_is_well(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, appendonly="yes") as server:
        (found,) = look_without(running.queue, tmp_path, REDIS_URL=server.url)

    assert found.level is Level.OK


def test_queue_server_that_could_lose_rings_is_a_warning(tmp_path: Path) -> None:
    options = {"maxmemory_policy": "allkeys-lru"}
    with ValkeyServer(tmp_path, **options) as server:
        found = look_without(running.queue, tmp_path, REDIS_URL=server.url)

    assert [finding.level for finding in found] == [Level.WARNING] * 2
    assert "noeviction" in found[0].finding
    assert "appendonly" in found[1].finding


def test_queue_server_that_takes_no_rings_is_told(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, appendonly="yes") as server:
        server.config_set("maxmemory", "1")

        (found,) = look_without(running.queue, tmp_path, REDIS_URL=server.url)

    assert found.level is Level.BROKEN
    assert found.finding == "The queue server is out of memory (maxmemory)."


def test_queue_server_is_tried_under_the_keys_that_bellhop_may_use(
    tmp_path: Path,
) -> None:
    with (
        ValkeyServer(tmp_path, appendonly="yes") as server,
        make_runtime(tmp_path, REDIS_URL=server.url) as runtime,
    ):
        ours = f"~{queue_namespace(runtime.database)}:*"
        server.command("ACL", "SETUSER", "default", "resetkeys", ours)

        (found,) = look(running.queue, runtime)

    assert found.level is Level.OK


def test_queue_server_that_is_away_is_told_without_its_password(
    tmp_path: Path,
) -> None:
    url = f"redis://:geheim@127.0.0.1:{free_port()}/0"

    (found,) = look_without(running.queue, tmp_path, REDIS_URL=url)

    assert found.level is Level.BROKEN
    assert found.finding == "The queue server cannot be reached."
    assert "geheim" not in str(found)


def test_port_where_nothing_answers_is_told(tmp_path: Path) -> None:
    (found,) = look_without(running.api, tmp_path, BELLHOP_PORT=str(free_port()))

    assert found.level is Level.BROKEN
    assert "does not answer" in found.finding


def test_another_program_on_the_port_is_told(tmp_path: Path) -> None:
    with program(b"Welcome to nginx!") as port:
        (found,) = look_without(running.api, tmp_path, BELLHOP_PORT=port)

    assert found.level is Level.BROKEN
    assert "Another program" in found.finding


def test_api_of_another_version_is_a_warning(tmp_path: Path) -> None:
    for version, expected in (("0.0.0", Level.WARNING), (__version__, Level.OK)):
        answer = json.dumps({"status": "alive", "version": version}).encode()
        with program(answer) as port:
            (found,) = look_without(running.api, tmp_path, BELLHOP_PORT=port)

        assert found.level is expected


def test_api_is_asked_directly_whatever_proxy_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("no_proxy", raising=False)
    answer = json.dumps({"status": "alive", "version": __version__}).encode()
    with program(answer) as port:
        (found,) = look_without(running.api, tmp_path, BELLHOP_PORT=port)

    assert found.level is Level.OK


def test_every_worker_that_a_policy_names_must_run(tmp_path: Path) -> None:
    (tmp_path / "bellhop.toml").write_text('[queues.email]\nworker = "post"\n')
    with make_runtime(tmp_path) as runtime:
        beat(runtime, "main")

        main, post = look(running.workers, runtime)

    assert (main.level, post.level) == (Level.OK, Level.BROKEN)
    assert post.advice == "Start `python worker.py --name post`."


def test_scheduler_lives_by_its_heartbeat(runtime: Runtime) -> None:
    (before,) = look(running.scheduler, runtime)
    jobs.note_success(runtime, jobs.HEARTBEAT, started_at=utc_now())

    (after,) = look(running.scheduler, runtime)

    assert (before.level, after.level) == (Level.BROKEN, Level.OK)


def test_job_that_failed_is_told_with_its_reason(runtime: Runtime) -> None:
    jobs.note_success(runtime, jobs.HEARTBEAT, started_at=utc_now())
    jobs.note_failure(runtime, "cleanup", started_at=utc_now(), error="disk full")

    _, failed = look(running.scheduler, runtime)

    assert failed.level is Level.WARNING
    assert failed.finding == "The job cleanup failed when it last ran: disk full."
