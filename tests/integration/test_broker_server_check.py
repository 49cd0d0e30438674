"""What is said at start about a real queue server's settings."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest

from app.broker import check_queue_server
from app.broker.server_check import _version_warnings
from app.services.queue_server import warn_of_queue_server
from tests.house import make_settings
from tests.valkey import ValkeyServer, free_port


def test_server_as_bellhop_wants_it_needs_no_word(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, appendonly="yes") as server:
        assert check_queue_server(server.url) == []


def test_snapshots_are_persistence_too(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, save="3600 1") as server:
        assert check_queue_server(server.url) == []


def test_eviction_and_no_persistence_are_told_with_their_cure(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path, maxmemory_policy="allkeys-lru") as server:
        eviction, persistence = check_queue_server(server.url)

    assert "allkeys-lru, to noeviction" in eviction
    assert "appendonly to yes" in persistence


def test_server_that_hides_its_settings_is_asked_what_it_tells(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path) as server:
        server.command("ACL", "SETUSER", "default", "-config")

        (warning,) = check_queue_server(server.url)

    assert "does not tell" in warning


def test_server_that_cannot_be_asked_is_a_warning_not_an_error(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path) as server:
        wrong = server.url.replace(server.password, "hunter2")

        (refused,) = check_queue_server(wrong)
    (away,) = check_queue_server(f"redis://127.0.0.1:{free_port()}/0")

    assert "refuses the login" in refused
    assert "hunter2" not in refused
    assert "cannot be reached" in away


def test_server_that_tells_nothing_is_a_warning_with_its_cure(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path) as server:
        server.command("ACL", "SETUSER", "default", "-info")

        (warning,) = check_queue_server(server.url)

    assert "allow the command INFO" in warning


def test_stalled_server_costs_about_a_second(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path) as server:
        server.stall()
        began = time.monotonic()

        (warning,) = check_queue_server(server.url)

    assert time.monotonic() - began < 1.5
    assert "does not answer" in warning


def test_each_trouble_is_a_warning_of_its_own_at_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ValkeyServer(tmp_path, maxmemory_policy="allkeys-lru") as server:
        warn_of_queue_server(make_settings(tmp_path, REDIS_URL=server.url))

        expected = check_queue_server(server.url)

    records = [vars(record) for record in caplog.records]
    assert {record["levelno"] for record in records} == {logging.WARNING}
    assert {record["action"] for record in records} == {"queue_server_unsafe"}
    assert [record["facts"]["why"] for record in records] == expected


def test_box_without_a_queue_server_says_nothing_at_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    warn_of_queue_server(make_settings(tmp_path))

    assert caplog.records == []


def test_old_server_is_told() -> None:
    assert "needs Redis 6.2" in _version_warnings({"redis_version": "6.0.16"})[0]
    assert _version_warnings({"redis_version": "6.2.0"}) == []
    assert _version_warnings({"redis_version": "10.1"}) == []
