"""Whatever is written into the policy file: plain words, and never a traceback."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config.sentences import SENTENCES
from app.errors import ConfigError
from app.policy import load_policy
from app.policy.tables import TABLES, File
from tests.unit.test_config_sentences import THEIRS

#: Values of every kind that TOML has.
ODD = (
    '"x"',
    '""',
    "-1",
    "0",
    "101",
    "1.5",
    "nan",
    "-inf",
    "true",
    "99999999999999999999999999",
    '"99999999999999d"',
    "[]",
    '["x", 3]',
    "[[1]]",
    "[1, 2]",
    "[" + '"1s", ' * 30 + "]",
    "{ a = 1 }",
    "2026-01-02",
    "2026-01-02T03:04:05Z",
    "03:04:05",
)
PLACES = [
    (name.replace("queues.NAME", "queues.sms").replace("NAME", "booking_reminder"), key)
    for name, table in TABLES.items()
    for key in table.model_fields
] + [("schedule", "cleanup"), ("schedule", "release")]


@pytest.mark.parametrize(("table", "key"), PLACES)
def test_whatever_a_key_refuses_is_told_in_plain_words(
    tmp_path: Path, table: str, key: str
) -> None:
    file = tmp_path / "bellhop.toml"

    found = []
    for value in ODD:
        file.write_text(f"[{table}]\n{key} = {value}\n", encoding="utf-8")
        try:
            load_policy(file)
        except ConfigError as error:
            found += error.problems

    assert found
    assert all(p.field.startswith(f"{file}: {table}") for p in found)
    assert [p for p in found if any(word in p.message for word in THEIRS)] == []


@pytest.mark.parametrize(("table", "key"), PLACES)
def test_every_error_that_a_key_can_meet_has_words(table: str, key: str) -> None:
    met = set()
    for value in ODD:
        try:
            File.model_validate(tomllib.loads(f"[{table}]\n{key} = {value}"))
        except ValidationError as error:
            met |= {found["type"] for found in error.errors()}

    assert met <= set(SENTENCES)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("queues = 3", "queues: must be a table; example: [queues.NAME]"),
        ("queues.sms = 3", "queues.sms: must be a table; example: [queues.sms]"),
        ("retention = 3", "retention: must be a table; example: [retention]"),
        ("schedule = 3", "schedule: must be a table; example: [schedule]"),
        (
            '[queues.sms]\npriority = "50"',
            "queues.sms.priority: must be a whole number; example: priority = 50",
        ),
        (
            "[queues.sms]\npriority = 101",
            "queues.sms.priority: must be at most 100; example: priority = 50",
        ),
        (
            "[queues.sms]\nretry_jitter = nan",
            "queues.sms.retry_jitter: must be a number; example: retry_jitter = 0.2",
        ),
        (
            '[queues.sms]\nretry_delays = "60s"',
            (
                "queues.sms.retry_delays: must be a list; "
                'example: retry_delays = ["60s", "120s", "240s"]'
            ),
        ),
        (
            '[queues.sms]\nworker = "Main Worker"',
            (
                "queues.sms.worker: must begin with a small letter, with at most 30 "
                'small letters, digits, - or _ after it; example: worker = "main"'
            ),
        ),
        (
            '[queues.sms]\nttl = "0.5s"',
            'queues.sms.ttl: must be 0 or from 1s to 366d; example: ttl = "2h"',
        ),
        (
            '[queues.sms]\nnew = "yes"',
            "queues.sms.new: must be true or false; example: new = true",
        ),
        (
            '[kinds.message]\nchannels = ["fax"]',
            (
                "kinds.message.channels.0: must be 'sms', 'whatsapp' or 'email'; "
                'example: channels = ["whatsapp", "sms", "email"]'
            ),
        ),
        (
            '[kinds.message]\nsend_before = ["2h"]',
            (
                "kinds.message.send_before: is for reminders (booking_reminder); "
                "a message leaves at once"
            ),
        ),
        (
            '[kinds.message]\nchannels = ["email"]',
            (
                "kinds.message.channels: says nothing of a message, leave it out: its "
                "channels come with each POST /notifications; example: "
                '"channels": ["sms"]'
            ),
        ),
        (
            '[kinds.one_time_code]\nchannels = ["email"]',
            (
                "kinds.one_time_code.channels: says nothing of a one_time_code, leave "
                "it out: its channel comes with each POST /verifications; example: "
                '"channel": "sms"'
            ),
        ),
        (
            '[kinds.reply]\nladder = ["sms", "email"]',
            (
                "kinds.reply.ladder: says nothing of a reply, leave it out: it goes "
                "over the channel by which the customer wrote"
            ),
        ),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_an_example(
    tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "bellhop.toml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_policy(file)

    assert str(caught.value) == f"{file}: {told}"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('release = "1h"', "must be an interval of at most 10s, no cron line"),
        ('release = "* * * * *"', "must be an interval of at most 10s, no cron line"),
        ('heartbeat = "11s"', "would be taken for dead"),
        ('take_over = "1m"', "is to go on within 15s"),
        ('relay = "@hourly"', "is not a duration"),
        ('relay = "0 2 * * *"', "must be an interval of at most 30s"),
        ('relay = "0.05s"', "must be at least 0.1s"),
        ('cleanup = "0 25 * * *"', "example: cleanup = "),
        ('cleanup = "never"', "or a cron line such as"),
    ],
)
def test_a_job_that_keeps_the_house_alive_keeps_its_pace(
    tmp_path: Path, line: str, told: str
) -> None:
    file = tmp_path / "bellhop.toml"
    file.write_text(f"[schedule]\n{line}\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        load_policy(file)

    assert told in str(caught.value)
