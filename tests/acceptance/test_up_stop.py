"""Stopping `up`: in order when it is asked to, and completely when it is killed."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
import redis

from tests.acceptance.running_up import PARTS, SOON_S, RunningUp
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_parts_stop_in_order_and_the_queue_last(
    tmp_path: Path, number: signal.Signals
) -> None:
    with RunningUp(tmp_path) as up:
        up.wait_for_event("started", times=3)
        up.wait_until_ready()

        up.send(number)
        code = up.ends()

        assert code == 0
        assert up.journalled[3:] == [
            "api stopped, queue answers: True",
            "scheduler stopped, queue answers: True",
            "worker stopped, queue answers: True",
        ]
        assert up.left_running() == []
        assert not (up.data_dir / "queue" / "url").exists()


def test_second_ctrl_c_ends_a_part_that_does_not(tmp_path: Path) -> None:
    stubborn = {"name": "worker", "habit": "stubborn", "rank": 3, "within_s": 60}
    with RunningUp(tmp_path, parts=(PARTS[0], stubborn)) as up:
        up.wait_for_event("started", times=2)
        up.wait_until_ready()
        up.send(signal.SIGINT)
        up.wait_for_event("worker refused")

        up.send(signal.SIGINT)
        code = up.ends()

        assert code == 130
        assert up.left_running() == []


def test_part_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    stubborn = {"name": "worker", "habit": "stubborn", "rank": 3, "within_s": 0.3}
    with RunningUp(tmp_path, parts=(PARTS[0], stubborn)) as up:
        up.wait_for_event("started", times=2)
        up.wait_until_ready()

        up.send(signal.SIGTERM)
        code = up.ends()

        assert code == 0
        assert "Killing  part=worker" in up.said
        assert up.left_running() == []


def test_killed_up_leaves_nothing_running(tmp_path: Path) -> None:
    with RunningUp(tmp_path) as up:
        up.wait_for_event("started", times=3)
        up.wait_until_ready()
        url = up.queue_url()

        up.send(signal.SIGKILL)
        up.ends()

        wait_until(lambda: not up.left_running(), within_s=SOON_S, what="all ended")
        assert sorted(up.journalled[3:]) == [
            "api orphaned",
            "scheduler orphaned",
            "worker orphaned",
        ]
        with (
            redis.Redis.from_url(url) as client,
            pytest.raises(redis.ConnectionError),
        ):
            client.ping()


def test_new_up_ends_a_queue_that_outlived_up_and_guard(tmp_path: Path) -> None:
    with RunningUp(tmp_path, parts=({"name": "api"},)) as up:
        up.wait_until_ready()
        with redis.Redis.from_url(up.queue_url(), decode_responses=True) as client:
            orphan = client.info("server")["process_id"]
        up.send(signal.SIGSTOP)
        os.kill(up.pid_of("queue"), signal.SIGKILL)
        up.send(signal.SIGKILL)
        up.ends()
        wait_until(
            lambda: up.left_running() == ["queue"], within_s=SOON_S, what="api ended"
        )

        up.start()
        up.wait_until_ready()

        assert "A part of an earlier start still runs, ending it" in up.said
        with redis.Redis.from_url(up.queue_url(), decode_responses=True) as client:
            assert client.info("server")["process_id"] != orphan
        assert not _runs(orphan)


def test_new_up_never_ends_a_stranger_with_an_old_number(tmp_path: Path) -> None:
    with RunningUp(tmp_path, parts=({"name": "api"},)) as up:
        up.wait_until_ready()
        up.process.terminate()
        up.ends()
        # A number that is alive, in a file that nobody holds: ours, of all processes.
        (up.data_dir / "children" / "queue.lock").write_text(str(os.getpid()))

        up.start()
        up.wait_until_ready()

        assert "earlier start" not in up.said


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
