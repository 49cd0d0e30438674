"""Starting `up`: all of it, or one clear sentence and nothing."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
import redis

from tests.acceptance.running_up import RunningUp
from tests.valkey import ValkeyServer, free_port

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)


def test_banner_tells_where_everything_is_once_all_parts_run(tmp_path: Path) -> None:
    with RunningUp(tmp_path) as up:
        up.wait_until_ready()

        key = (up.data_dir / "api_key").read_text().strip()
        assert f"http://127.0.0.1:{up.environment['BELLHOP_PORT']}/api/docs" in up.said
        assert f"{key}  (shown only now" in up.said
        assert "sms PREVIEW, email smtp" in up.said
        assert str(up.data_dir / "outbox") in up.said
        assert f"ready http://127.0.0.1:{up.environment['BELLHOP_PORT']} " in up.said
        assert up.left_running() == ["api", "queue", "scheduler", "worker"]


def test_key_that_was_shown_once_is_not_shown_again(tmp_path: Path) -> None:
    with RunningUp(tmp_path, parts=({"name": "api"},)) as up:
        up.wait_until_ready()
        up.process.terminate()
        up.ends()

        up.start()
        up.wait_until_ready()

        key = (up.data_dir / "api_key").read_text().strip()
        assert key not in up.said
        assert f"in {up.data_dir / 'api_key'}" in up.said


def test_parts_and_other_commands_find_the_embedded_queue(tmp_path: Path) -> None:
    with RunningUp(tmp_path) as up:
        up.wait_for_event("started", times=3)
        up.wait_until_ready()

        url_file = up.data_dir / "queue" / "url"
        assert all(line.endswith(up.queue_url()) for line in up.journalled)
        assert url_file.stat().st_mode & 0o777 == 0o600
        with redis.Redis.from_url(up.queue_url(), decode_responses=True) as client:
            settings = client.config_get("*")
        expected = {
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "bind": "127.0.0.1",
        }
        assert expected == {name: settings[name] for name in expected}
        assert settings["maxmemory"] != "0"


def test_embedded_queue_refuses_a_client_without_the_password(tmp_path: Path) -> None:
    with RunningUp(tmp_path) as up:
        up.wait_until_ready()
        place = up.queue_url().rpartition("@")[2]

        with (
            redis.Redis.from_url(f"redis://{place}") as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_queue_starts_under_a_locale_that_is_not_installed(tmp_path: Path) -> None:
    up = RunningUp(tmp_path, parts=({"name": "api"},))
    up.environment["LC_ALL"] = "tlh_QO.UTF-8"

    with up:
        up.wait_until_ready()

        assert up.left_running() == ["api", "queue"]


def test_second_up_names_the_first_and_leaves_it_alone(tmp_path: Path) -> None:
    with RunningUp(tmp_path) as first:
        first.wait_until_ready()
        second = RunningUp(tmp_path)
        second.environment["BELLHOP_PORT"] = str(free_port())

        second.start()
        code = second.ends()

        assert code == 1
        assert "Bellhop already runs here" in second.said
        assert f"process {first.process.pid}" in second.said
        assert f"http://127.0.0.1:{first.environment['BELLHOP_PORT']}" in second.said
        assert first.process.poll() is None
        assert len(first.left_running()) == 4


def test_taken_port_is_one_sentence_and_nothing_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        up = RunningUp(tmp_path)
        up.environment["BELLHOP_PORT"] = str(port)

        up.start()
        code = up.ends()

    assert code == 1
    assert up.said.count("\n") == 1
    assert f"port {port} on 127.0.0.1" in up.said
    assert "BELLHOP_PORT=" in up.said
    assert up.left_running() == []
    assert up.journalled == []


def test_directory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("a file")
    up = RunningUp(tmp_path)
    up.environment["BELLHOP_DATA_DIR"] = str(tmp_path / "in-the-way" / "var")

    up.start()
    code = up.ends()

    assert code == 1
    assert up.said.count("\n") == 1
    assert "cannot write to its data directory" in up.said
    assert up.journalled == []


def test_redis_that_does_not_answer_is_one_sentence(tmp_path: Path) -> None:
    up = RunningUp(tmp_path)
    port = free_port()
    up.environment["REDIS_URL"] = f"redis://:secret-word@127.0.0.1:{port}/0"

    up.start()
    code = up.ends()

    assert code == 1
    assert up.said.count("\n") == 1
    assert f"127.0.0.1:{port} cannot be used" in up.said
    assert "REDIS_URL" in up.said
    assert "secret-word" not in up.said
    assert up.left_running() == []


def test_given_redis_is_used_instead_of_the_embedded_one(tmp_path: Path) -> None:
    with ValkeyServer(tmp_path) as server:
        up = RunningUp(tmp_path)
        up.environment["REDIS_URL"] = server.url

        with up:
            up.wait_for_event("started", times=3)
            up.wait_until_ready()

            assert up.left_running() == ["api", "scheduler", "worker"]
            assert all(line.endswith(server.url) for line in up.journalled)


def test_trial_mode_without_a_server_says_that_it_is_one(tmp_path: Path) -> None:
    with RunningUp(tmp_path, no_program=True) as up:
        up.wait_for_event("started", times=3)
        up.wait_until_ready()

        assert "TRIAL MODE" in up.said
        assert up.left_running() == ["api", "scheduler", "worker"]
        assert all(line.endswith("no queue") for line in up.journalled)


def test_failing_migration_stops_what_was_started(tmp_path: Path) -> None:
    up = RunningUp(tmp_path, migration_fails=True)

    up.start()
    code = up.ends()

    assert code == 1
    assert "The database cannot be used just now." in up.said
    assert up.left_running() == []
    assert up.journalled == []
    assert not (up.data_dir / "queue" / "url").exists()


def test_journal_of_the_queue_that_cannot_be_read_is_set_aside(tmp_path: Path) -> None:
    with RunningUp(tmp_path, parts=({"name": "api"},)) as up:
        up.wait_until_ready()
        up.process.terminate()
        up.ends()
        queue = up.data_dir / "queue"
        for journal in (queue / "appendonlydir").glob("*.incr.aof"):
            journal.write_bytes(b"no journal\r\n" * 100)

        up.start()
        up.wait_until_ready()

        assert len(list(queue.glob("unreadable-*"))) == 1
