"""Every table is complete: what was added in one place is not forgotten in another."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from app.__main__ import COMMANDS
from app.channels.table import ORDERS, PROVIDERS
from app.config import Settings
from app.domain.bookings import MOVES as BOOKING_MOVES
from app.domain.bookings import BookingStatus
from app.domain.facts import OPTIONAL_NAMES, REQUIRED_NAMES
from app.domain.kinds import KINDS, Kind
from app.domain.queues import QUEUES
from app.domain.recipients import Channel
from app.domain.schedule import SCHEDULE
from app.domain.tasks import FINISHED, MOVES, Status
from app.messages.examples import EXAMPLES
from scheduler import JOBS

APP = Path(__file__).resolve().parents[2] / "app"
LANGUAGES = ("en", "es")
FILES = ("sms.txt", "whatsapp.txt", "subject.txt", "email.txt", "email.html")


def test_every_kind_has_a_policy_facts_and_an_example() -> None:
    kinds = set(Kind)

    assert kinds == set(KINDS)
    assert kinds == set(REQUIRED_NAMES)
    assert kinds == set(OPTIONAL_NAMES)
    assert kinds == set(EXAMPLES)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_is_worded_in_every_language(kind: Kind, language: str) -> None:
    folder = APP / "messages" / kind / language

    missing = [name for name in FILES if not (folder / name).is_file()]

    assert missing == []


def test_every_channel_has_a_queue_providers_and_an_order() -> None:
    channels = set(Channel)

    assert channels <= set(QUEUES)
    assert channels == {row.channel for row in PROVIDERS}
    assert channels == set(ORDERS)


def test_every_state_of_a_task_says_what_may_follow() -> None:
    assert set(Status) == set(MOVES)


def test_nothing_but_a_receipt_or_a_person_follows_a_finished_task() -> None:
    by_receipt = {Status.SENT, Status.DELIVERED, Status.UNDELIVERED}
    allowed = {*by_receipt, Status.RETRYING}

    after_the_end = {status for end in FINISHED for status in MOVES[end]}

    assert after_the_end <= allowed


def test_every_state_of_a_booking_says_what_may_follow() -> None:
    assert set(BookingStatus) == set(BOOKING_MOVES)


def test_every_scheduled_job_has_a_function_and_an_interval() -> None:
    assert set(SCHEDULE) == set(JOBS)


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_has_a_module(word: str) -> None:
    command = importlib.import_module(f"app.commands.{word.replace('-', '_')}")

    assert callable(command.run)
    assert callable(command.add_arguments)


def test_every_setting_has_a_name_a_meaning_and_an_example() -> None:
    incomplete = [
        name
        for name, field in Settings.model_fields.items()
        if not (field.alias and field.description and field.examples)
    ]

    assert incomplete == []
