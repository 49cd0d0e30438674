"""`up --demo`, and the commands that a person then calls beside the running box."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.domain.tasks import Status
from tests.acceptance.running_up import SOON_S, RunningUp
from tests.http_client import call

if sys.platform == "win32":
    pytest.skip("needs the embedded server", allow_module_level=True)

#: Three confirmations, and three messages more of the two who move and cancel.
MESSAGES = {"alice": 3, "maria": 6, "charlie": 6}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """A box of its own that has played the demo, and runs on."""
    folder = tmp_path_factory.mktemp("demo")
    with RunningUp(folder, command=("-m", "app", "up", "--demo")) as running:
        running.wait_for_words("Where to look next")
        yield running


def run(up: RunningUp, *words: str) -> subprocess.CompletedProcess[str]:
    """Call a command in the box's directory, as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "app", *words],
        cwd=up.directory,
        env=up.environment,
        capture_output=True,
        text=True,
        timeout=SOON_S,
        check=False,
    )


def ask(up: RunningUp, path: str) -> list[dict[str, Any]]:
    """Ask the box's API for a list, with the key that `up` has made."""
    key = (up.data_dir / "api_key").read_text().strip()
    url = f"http://127.0.0.1:{up.environment['BELLHOP_PORT']}/api/v1{path}"
    reply = call("GET", url, headers={"Authorization": f"Bearer {key}"})
    assert reply.status == 200, reply.body
    found: list[dict[str, Any]] = json.loads(reply.body)["data"]
    return found


def name_of(booking: dict[str, Any]) -> str:
    return str(booking["customer"]["email"]).partition("@")[0]


def test_every_booking_has_its_messages_in_the_outbox_and_in_the_api(
    up: RunningUp,
) -> None:
    files = [file.name for file in (up.data_dir / "outbox").iterdir()]

    found = {
        name_of(booking): ask(up, f"/notifications?booking_id={booking['id']}")
        for booking in ask(up, "/bookings")
    }

    sent = [message for messages in found.values() for message in messages]
    assert {name: len(messages) for name, messages in found.items()} == MESSAGES
    assert {message["status"] for message in sent} == {Status.SENT}
    assert len(files) == len(sent)
    assert all(any(message["id"] in name for name in files) for message in sent)


def test_bookings_stand_as_the_story_tells(up: RunningUp) -> None:
    bookings = {name_of(booking): booking for booking in ask(up, "/bookings")}

    assert {name: b["status"] for name, b in bookings.items()} == {
        "alice": "confirmed",
        "maria": "confirmed",
        "charlie": "cancelled",
    }
    assert bookings["alice"]["payment"]["status"] == "paid"
    for booking in bookings.values():
        state = f"The booking {booking['reference']} is {booking['status']}"
        assert state in up.said.replace("\n", " ")


def test_customer_reads_it_in_her_language_and_time_zone(up: RunningUp) -> None:
    letters = [
        message_from_bytes(file.read_bytes(), policy=default)
        for file in (up.data_dir / "outbox").glob("*.eml")
    ]
    (maria,) = [b for b in ask(up, "/bookings") if name_of(b) == "maria"]
    start = datetime.fromisoformat(maria["start"])

    texts = [
        letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        for letter in letters
        if "maria@example.com" in letter["To"]
    ]

    assert len(texts) == 2
    for text in texts:
        assert "Hola" in text
        assert f"{start.astimezone(ZoneInfo('Europe/Madrid')):%H:%M}" in text
        assert f"{start:%H:%M}" not in text


def test_second_demo_of_the_day_books_and_sends_nothing_twice(up: RunningUp) -> None:
    before = ask(up, "/bookings"), ask(up, "/services")

    told = run(up, "demo")
    answered = run(up, "demo", "--json")

    assert told.returncode == answered.returncode == 0
    assert "nothing was done twice" in told.stdout
    assert (ask(up, "/bookings"), ask(up, "/services")) == before
    acts = json.loads(answered.stdout)["data"]
    assert [len(act["notifications"]) for act in acts] == list(MESSAGES.values())
    assert all(
        Path(up.directory, m["file"]).is_file() for m in acts[0]["notifications"]
    )


def test_doctor_finds_nothing_broken_in_a_box_that_runs(up: RunningUp) -> None:
    ran = run(up, "doctor")

    assert ran.returncode == 0, ran.stdout
    assert "Nothing is broken. There is 1 warning." in ran.stdout
    assert "WARNING  PREVIEW" in ran.stdout


def test_box_keeps_running_after_its_demo(up: RunningUp) -> None:
    assert up.process.poll() is None
    assert up.left_running() == ["api", "queue", "scheduler", "worker"]


def test_nobody_invented_is_named_in_the_log(up: RunningUp) -> None:
    lines = [line for line in up.said.splitlines() if " | " in line]

    assert lines
    for word in ("2025550123", "3055550142", "2125550156", "example.com"):
        assert not any(word in line for line in lines)
