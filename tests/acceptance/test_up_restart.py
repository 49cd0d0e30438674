"""Parts that die under `up`: started again, or the reason is said and `up` ends."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import redis

from tests.acceptance.running_up import SOON_S, RunningUp
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)


def test_part_that_died_is_started_again_with_a_word(tmp_path: Path) -> None:
    with RunningUp(tmp_path) as up:
        up.wait_for_event("worker started")
        up.wait_until_ready()
        first = up.pid_of("worker")

        os.kill(first, signal.SIGKILL)
        up.wait_for_event("worker started", times=2)

        assert up.pid_of("worker") != first
        assert "A part ended, starting it again  part=worker" in up.said
        assert 'ended="killed by SIGKILL" in_s=0.5' in up.said


def test_killed_queue_comes_back_at_the_same_place_with_its_data(
    tmp_path: Path,
) -> None:
    with RunningUp(tmp_path, parts=({"name": "api"},)) as up:
        up.wait_until_ready()
        with redis.Redis.from_url(up.queue_url(), decode_responses=True) as client:
            server = client.info("server")["process_id"]
            client.set("kept", "yes")
            wait_until(lambda: _is_on_disk(client), within_s=SOON_S, what="fsync")

            os.kill(server, signal.SIGKILL)
            wait_until(
                lambda: _pid(client) not in (0, server), within_s=SOON_S, what=""
            )

            assert client.get("kept") == "yes"


def test_queue_comes_back_when_its_guard_is_killed(tmp_path: Path) -> None:
    with RunningUp(tmp_path, parts=({"name": "api"},)) as up:
        up.wait_until_ready()
        with redis.Redis.from_url(up.queue_url(), decode_responses=True) as client:
            server = client.info("server")["process_id"]

            os.kill(up.pid_of("queue"), signal.SIGKILL)
            wait_until(
                lambda: _pid(client) not in (0, server), within_s=SOON_S, what=""
            )

            assert up.left_running() == ["api", "queue"]


def test_mistake_in_the_settings_ends_up_with_its_message(tmp_path: Path) -> None:
    parts = ({"name": "api"}, {"name": "worker", "habit": "bad-settings"})
    up = RunningUp(tmp_path, parts=parts)

    up.start()
    code = up.ends()

    assert code == 78
    assert "worker cannot start with these settings" in up.said
    assert up.said.count("EMAIL_PORT: must be a number") == 2
    assert up.left_running() == []


def test_mistake_that_comes_later_ends_nobody_else_and_can_be_mended(
    tmp_path: Path,
) -> None:
    mistake = tmp_path / "bad-worker"
    with RunningUp(tmp_path) as up:
        up.wait_until_ready()
        up.wait_for_event("worker started")

        mistake.touch()
        os.kill(up.pid_of("worker"), signal.SIGKILL)
        up.wait_for_words("A part cannot start with what was changed")

        assert "EMAIL_PORT: must be a number" in up.said
        assert {"api", "queue", "scheduler"} <= set(up.left_running())
        mistake.unlink()
        up.wait_for_event("worker started", times=2)


def test_part_that_never_comes_up_ends_up_with_its_last_words(tmp_path: Path) -> None:
    up = RunningUp(tmp_path, parts=({"name": "api", "habit": "broken"},))

    up.start()
    code = up.ends()

    assert code == 1
    assert "api does not come up (it ended 3 times)" in up.said
    assert up.said.rstrip().endswith("the disk is on fire")
    assert up.left_running() == []


def _pid(client: redis.Redis) -> int:
    try:
        client.ping()  # refused while the server still reads its journal
        return int(client.info("server")["process_id"])
    except redis.RedisError:
        return 0


def _is_on_disk(client: redis.Redis) -> bool:
    return bool(client.info("persistence")["aof_pending_bio_fsync"] == 0)
