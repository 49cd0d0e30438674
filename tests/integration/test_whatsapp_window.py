"""WhatsApp: words within a day of a customer's message, an approved template else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import Template
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.errors import ConfigError
from app.services.opening import open_courier
from tests.door import assert_problem, open_door
from tests.engine import Engine, open_engine
from tests.house import ALICE
from tests.replying import book, write

META = {"WHATSAPP_PHONE_NUMBER_ID": "106540", "WHATSAPP_ACCESS_TOKEN": "secret"}
POLICY = """
[queues.whatsapp]
rate_limit = "0"
[quiet_hours]
channels = []
[kinds.booking_confirmed]
channels = ["whatsapp"]
[whatsapp.templates.booking_confirmed.en]
name = "confirmed_v2"
language = "en_GB"
parameters = ["{{ customer_name }}", "{{ service_name }}, {{ start | time }}"]
[whatsapp.templates.message.en]
name = "news"
parameters = ["{{ subject }}"]
"""
ALICES = {"channel": Channel.WHATSAPP, "recipient": ALICE.phone}


@contextmanager
def meta_house(folder: Path, policy: str = POLICY, **env: str) -> Iterator[Engine]:
    with open_engine(folder, policy=policy, **META, **env) as engine:
        yield engine


@pytest.fixture(name="engine")
def engine_on_meta(tmp_path: Path) -> Iterator[Engine]:
    with meta_house(tmp_path) as engine:
        yield engine


def handed(engine: Engine) -> list[Template | None]:
    return [message.template for message in engine.provider.handed]


def test_whoever_has_not_written_gets_the_template_filled(engine: Engine) -> None:
    book(engine)

    (template,) = handed(engine)

    assert template is not None
    assert (template.name, template.language) == ("confirmed_v2", "en_GB")
    assert template.parameters[0] == ALICE.name
    assert re.fullmatch(r"Yoga, \d+:\d\d.*", template.parameters[1])


def test_an_unknown_outcome_is_asked_about_as_the_template_that_was_sent(
    engine: Engine,
) -> None:
    engine.provider.script.append(Outcome(result=Result.AMBIGUOUS, reason="cut off"))
    book(engine)

    engine.clock.advance(minutes=2)
    engine.work()

    ((asked, _),) = engine.provider.asked
    assert asked.template is not None
    assert asked.template.name == "confirmed_v2"


def test_whoever_wrote_within_a_day_gets_words(engine: Engine) -> None:
    write(engine.runtime, "Is there parking?", channel=Channel.WHATSAPP)
    engine.clock.advance(hours=23, minutes=59)

    book(engine)

    assert handed(engine)[-1] is None
    assert "booked" in engine.texts[-1]


def test_a_day_after_the_last_message_it_is_the_template_again(engine: Engine) -> None:
    write(engine.runtime, "Is there parking?", channel=Channel.WHATSAPP)
    engine.clock.advance(hours=24)

    book(engine)

    assert handed(engine)[-1] is not None


def test_what_was_written_by_sms_opens_no_window(engine: Engine) -> None:
    write(engine.runtime, "Is there parking?")

    book(engine)

    assert handed(engine)[-1] is not None


def test_without_a_template_nothing_leaves_and_the_reason_says_what_to_do(
    tmp_path: Path,
) -> None:
    with meta_house(tmp_path, policy="") as engine:
        message = engine.message("Hello", **ALICES)
        engine.work()

        row = engine.row(message)
        assert row["status"] == "suppressed"
        assert "has not written within 24 hours" in row["reason"]
        assert "[whatsapp.templates.message]" in row["reason"]
        assert engine.texts == []


def test_in_a_sandbox_words_are_sent_at_any_time(tmp_path: Path) -> None:
    with meta_house(tmp_path, policy="[whatsapp]\nfree_words = true") as engine:
        message = engine.message("Hello", **ALICES)
        engine.work()

        assert engine.status(message) == "sent"


def test_in_preview_words_are_shown_at_any_time(tmp_path: Path) -> None:
    with open_engine(tmp_path) as engine:
        message = engine.message("Hello", **ALICES)
        engine.work()

        assert engine.status(message) == "sent"


def test_an_order_that_leaves_a_place_empty_is_refused(engine: Engine) -> None:
    order: dict[str, Any] = {
        "kind": "message",
        "channels": ["whatsapp"],
        "to": {"phone": ALICE.phone},
        "data": {"text": "We are closed."},
    }
    door = open_door(engine.runtime)

    refused = door.post("/notifications", order)
    order["data"]["subject"] = "Closed on Monday"
    taken = door.post("/notifications", order)

    assert_problem(refused, 422, "data")
    assert "Place 1 of the WhatsApp template news would be empty" in refused.text
    assert taken.status == 202


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (
            '[whatsapp.templates.booking_confirmd.en]\nname = "a"',
            "the nearest is booking_confirmed",
        ),
        ('[whatsapp.templates.message.en]\nlanguage = "en"', "must be the template's"),
        (
            '[whatsapp.templates.message.en]\nname = "a"\nparameters = ["{{ strat }}"]',
            "strat",
        ),
        (
            '[whatsapp.templates.message.en]\nname = "a"\nparameters = ["{{ text"]',
            "message.en.parameters",
        ),
    ],
)
def test_a_template_that_cannot_be_filled_stops_the_start(
    tmp_path: Path, policy: str, told: str
) -> None:
    def start() -> None:
        with meta_house(tmp_path, policy=policy) as engine:
            open_courier(engine.runtime, boot_id="b", worker="main")

    with pytest.raises(ConfigError) as caught:
        start()

    assert told in str(caught.value)
