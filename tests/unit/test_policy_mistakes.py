"""Mistakes in the policy file: all at once, each with a way out, none a traceback."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.kinds import KINDS, NAMES_ITS_CHANNELS, Kind
from app.errors import ConfigError
from app.policy import Policy, load_policy, parse_duration
from app.policy.house import WAYS


def read(tmp_path: Path, text: str) -> Policy:
    file = tmp_path / "bellhop.toml"
    file.write_text(text, encoding="utf-8")
    return load_policy(file)


def problems_of(tmp_path: Path, text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return {
        problem.field.removeprefix(f"{tmp_path / 'bellhop.toml'}: "): problem.message
        for problem in caught.value.problems
    }


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        """
        [queues.sms]
        priorty = 10
        retry_delays = ["60s", "2 minutes"]
        [queues.fax]
        priority = 1
        [kinds.booking_remainder]
        send_before = ["1h"]
        [kinds.message]
        channels = ["sms", "pigeon"]
        [schedule]
        relais = "5s"
        cleanup = "0"
        [retention]
        notifications = "a week"
        [engin]
        look_up = "1m"
        """,
    )

    assert set(found) == {
        "queues.sms.priorty",
        "queues.sms.retry_delays.1",
        "queues.fax",
        "kinds.booking_remainder",
        "kinds.message.channels.1",
        "schedule.relais",
        "schedule.cleanup",
        "retention.notifications",
        "engin",
    }


@pytest.mark.parametrize(
    ("text", "field", "nearest"),
    [
        ("[queues.sms]\npriorty = 1", "queues.sms.priorty", "queues.NAME.priority"),
        ("[queues.emial]\npriority = 1", "queues.emial", "email"),
        ("[kinds.mesage]", "kinds.mesage", "message"),
        ('[schedule]\nrelays = "5s"', "schedule.relays", "relay"),
        ('[engine]\nlookup = "1m"', "engine.lookup", "engine.look_up"),
        ("[retentions]", "retentions", "retention"),
    ],
)
def test_an_unknown_name_is_told_with_the_nearest(
    tmp_path: Path, text: str, field: str, nearest: str
) -> None:
    assert problems_of(tmp_path, text)[field].endswith(f"the nearest is {nearest}")


@pytest.mark.parametrize(
    "text",
    [
        "[queues.sms\n",
        "queues = 3",
        "[queues]\nsms = 3",
        "[queues.sms]\npriority = -1",
        "[queues.sms]\npriority = 101",
        "[queues.sms]\npriority = nan",
        "[queues.sms]\nretry_jitter = 1.5",
        "[queues.sms]\nretry_jitter = nan",
        '[queues.sms]\nworker = "Main Worker"',
        '[queues.sms]\nretry_delays = "60s"',
        "[kinds.booking_reminder]\nsend_before = [24]",
        '[kinds.booking_reminder]\nsend_before = ["0"]',
        "[schedule]\nrelease = 1",
        '[schedule]\nrelease = "0.0000001s"',
        '[schedule]\nrelease = "-1s"',
        '[retention]\nnotifications = "99999999999d"',
        '[retention]\nnotifications = "1000000d"',
        '[engine]\nworker_expiry = "0"',
        '[quiet_hours]\nhours = "night"',
        '[quiet_hours]\nhours = "08:00-08:00"',
        '[quiet_hours]\nsunday = "06:00-23:00"',
        '[quiet_hours]\nchannels = ["fax"]',
        '[kinds.message]\nquiet_hours = "never"',
        '[reminders]\npreset = "garage"',
        '[reminders]\nfollow_up = "30d"',
        '[reminders]\nfollow_up = "2h"\nreview_url = "salon.example"',
    ],
)
def test_a_value_that_makes_no_sense_stops_the_start(tmp_path: Path, text: str) -> None:
    assert problems_of(tmp_path, text)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    file = tmp_path / "bellhop.toml"
    file.write_bytes(b'name = "Sal\xf3n"')

    with pytest.raises(ConfigError, match="is no text in UTF-8"):
        load_policy(file)


def test_a_file_as_a_windows_editor_saves_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "bellhop.toml"
    file.write_bytes(b"\xef\xbb\xbf[queues.sms]\r\npriority = 1\r\n")

    assert load_policy(file).queues["sms"].priority == 1


def test_what_is_no_toml_is_told_with_its_place(tmp_path: Path) -> None:
    (message,) = problems_of(tmp_path, "[queues.sms]\npriority: 1\n").values()

    assert message.startswith("is not written as TOML is: ")
    assert "line 2" in message


def test_a_folder_in_its_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_policy(tmp_path)


def test_what_the_file_does_not_say_is_as_ever(tmp_path: Path) -> None:
    usual = load_policy(tmp_path / "none")

    policy = read(tmp_path, "[queues.sms]\npriority = 1\n")

    assert policy.queues["sms"].priority == 1
    assert policy.queues["sms"].retry_delays == usual.queues["sms"].retry_delays
    assert policy.queues["email"] == usual.queues["email"]
    assert policy.kinds == usual.kinds


def test_no_retries_and_no_reminders_can_be_asked_for(tmp_path: Path) -> None:
    policy = read(
        tmp_path,
        "[queues.sms]\nretry_delays = []\n[kinds.booking_reminder]\nsend_before = []\n",
    )

    assert policy.queues["sms"].retry_delays == ()
    assert {
        kind: k.send_before for kind, k in policy.kinds.items() if k.send_before
    } == {}


@given(text=st.text(max_size=20) | st.from_regex(r"\A\d{1,30}(\.\d{1,5})?[smhd]\Z"))
def test_a_duration_is_one_that_can_be_reckoned_with_or_is_refused(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError:
        return

    now = datetime.now(UTC)
    assert duration >= timedelta(0)
    assert now - duration < now + duration or not duration


def test_a_mailbox_must_be_an_address_or_nothing(tmp_path: Path) -> None:
    found = problems_of(tmp_path, '[email]\nreply_to = "Rosa"\nunsubscribe_to = ""')

    assert set(found) == {"email.reply_to"}
    assert 'example: reply_to = "hello@salon.example"' in found["email.reply_to"]


@pytest.mark.parametrize(
    ("ladder", "words"),
    [
        ('["sms", "sms"]', "names a channel twice"),
        ('["staff", "sms"]', "must have staff at its end"),
        ('["staff"]', "must have staff at its end"),
        ('["sms"]\nchannels = ["email"]', "names sms, which the kind's channels leave"),
    ],
)
def test_a_ladder_that_leads_nowhere_is_told(
    tmp_path: Path, ladder: str, words: str
) -> None:
    text = f"[kinds.booking_confirmed]\nladder = {ladder}\n"

    assert words in problems_of(tmp_path, text)["kinds.booking_confirmed.ladder"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_says_over_which_channels_is_obeyed_or_refused(
    tmp_path: Path, kind: Kind
) -> None:
    table = f"[kinds.{kind}]"
    ways = 'channels = ["sms"]\nladder = ["sms"]\nladder_wait = "5m"'

    if kind in NAMES_ITS_CHANNELS:
        keys = {f"kinds.{kind}.{key}" for key in WAYS}
        assert set(problems_of(tmp_path, f"{table}\n{ways}")) == keys
    else:
        assert read(tmp_path, f"{table}\n{ways}").kinds[kind].ladder == ("sms",)


def test_two_series_of_reminders_contradict_each_other(tmp_path: Path) -> None:
    text = (
        '[reminders]\npreset = "salon"\n[kinds.booking_reminder]\nsend_before = ["3h"]'
    )

    assert "leave out one" in problems_of(tmp_path, text)["reminders.preset"]


def test_a_link_for_reviews_that_nobody_is_sent_is_told(tmp_path: Path) -> None:
    text = '[reminders]\nreview_url = "https://salon.example/review"'

    assert 'follow_up = "2h"' in problems_of(tmp_path, text)["reminders.review_url"]
