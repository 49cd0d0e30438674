from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.kinds import Kind
from app.domain.schedule import write_timing
from app.errors import ConfigError
from app.policy import load_policy, parse_duration, policy_lines, write_duration

ROOT = Path(__file__).resolve().parents[2]


def policy_file(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "bellhop.toml"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (timedelta(0), "0"),
        (timedelta(seconds=0.3), "0.3s"),
        (timedelta(seconds=90), "90s"),
        (timedelta(minutes=5), "5m"),
        (timedelta(hours=2), "2h"),
        (timedelta(days=7), "7d"),
    ],
)
def test_duration_is_written_in_its_largest_whole_unit(
    value: timedelta, written: str
) -> None:
    assert written == write_duration(value)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=10_000)))
def test_duration_that_was_written_is_read_as_it_was(value: timedelta) -> None:
    difference = parse_duration(write_duration(value)) - value

    assert abs(difference) <= timedelta(microseconds=1)


@pytest.mark.parametrize("text", ["5", "5 minutes", "m", "-5m", "1h30m", ""])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write 90s, 5m, 2h or 7d"):
        parse_duration(text)


def test_lines_tell_every_value_and_whether_the_file_gave_it(tmp_path: Path) -> None:
    file = policy_file(tmp_path, '[queues.sms]\nretry_delays = ["5s"]\n')

    lines = {line.name: line for line in policy_lines(file)}

    assert lines["queues.sms.retry_delays"].value == ["5s"]
    assert [name for name, line in lines.items() if line.is_given] == [
        "queues.sms.retry_delays"
    ]
    assert lines["retention.notifications"].value == "7d"
    assert lines["engine.payment_hold"].value == "15m"


def test_a_rate_a_cron_line_and_a_queue_of_ones_own_are_told_as_they_are_written(
    tmp_path: Path,
) -> None:
    file = policy_file(
        tmp_path,
        '[queues.media]\nnew = true\nrate_limit = "3/h"\n'
        '[schedule]\ncleanup = "30 2 * * *"\n',
    )

    lines = {line.name: line for line in policy_lines(file)}

    assert lines["queues.sms.rate_limit"].value == "10/m"
    assert lines["queues.default.rate_limit"].value == "0"
    assert lines["queues.media.rate_limit"].value == "3/h"
    assert lines["schedule.cleanup"].value == "30 2 * * *"
    assert lines["kinds.booking_confirmed.channels"].value == "all"
    assert {name for name, line in lines.items() if line.is_given} == {
        "queues.media.rate_limit",
        "schedule.cleanup",
    }


def test_what_a_queue_of_ones_own_has_of_default_came_from_where_that_came(
    tmp_path: Path,
) -> None:
    file = policy_file(
        tmp_path, "[queues.media]\nnew = true\n[queues.default]\nmax_length = 7\n"
    )

    lines = {line.name: line for line in policy_lines(file)}

    assert lines["queues.media.max_length"].value == 7
    assert lines["queues.media.max_length"].is_given
    assert not lines["queues.media.priority"].is_given


def test_an_owner_says_which_kinds_must_be_known(tmp_path: Path) -> None:
    file = policy_file(tmp_path, "[kinds.message]\nessential = true\n")

    kinds = load_policy(file).kinds

    assert kinds[Kind.MESSAGE].essential
    assert not kinds[Kind.BOOKING_REMINDER].essential


def test_every_value_that_is_told_can_be_written_back(tmp_path: Path) -> None:
    usual = load_policy(tmp_path / "none")
    values = [
        (line.name.rpartition("."), line.value)
        for line in policy_lines(tmp_path / "none")
        if line.value != "all"
    ]
    text = "\n".join(
        f"[{table}]\n" * (table != before) + f"{key} = {json.dumps(value)}"
        for ((table, _, key), value), before in zip(
            values, ["", *(name[0] for name, _ in values)], strict=False
        )
    )

    assert load_policy(policy_file(tmp_path, text)) == usual


def test_unknown_names_are_refused_with_the_nearest(tmp_path: Path) -> None:
    file = policy_file(
        tmp_path, '[queues.smss]\npriority = 1\n[schedule]\nclean_up = "1h"\n'
    )

    with pytest.raises(ConfigError) as caught:
        load_policy(file)

    found = {
        p.field.removeprefix(f"{file}: "): p.message for p in caught.value.problems
    }
    assert found["queues.smss"].endswith("the nearest is sms")
    assert found["schedule.clean_up"].endswith("the nearest is cleanup")


def test_documented_policy_is_the_one_in_force_without_a_file(tmp_path: Path) -> None:
    documented = re.findall(
        r"```toml\n(.*?)```",
        (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8"),
        re.DOTALL,
    )
    file = policy_file(tmp_path, documented[0])
    usual = load_policy(tmp_path / "none")

    policy = load_policy(file)

    assert policy.queues == usual.queues
    assert policy.schedule == usual.schedule
    assert policy.keep_notifications == usual.keep_notifications
    assert (
        policy.kinds[Kind.BOOKING_REMINDER].send_before
        == usual.kinds[Kind.BOOKING_REMINDER].send_before
    )


def test_the_documented_queue_of_ones_own_can_be_read(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    own = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)[1]

    policy = load_policy(policy_file(tmp_path, own))

    assert policy.queues["media"].worker == "media"
    assert write_timing(policy.schedule["cleanup"]) == "30 3 * * *"


def test_every_policy_is_documented(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    keys = {
        line.name.rpartition(".")[2]
        for line in policy_lines(tmp_path / "none")
        if not line.name.startswith("prices.")  # a list: docs/money.md tells of it
    }

    missing = [key for key in keys if not re.search(rf"^{key} = ", text, re.MULTILINE)]

    assert missing == []


def test_quiet_hours_are_told_day_by_day(tmp_path: Path) -> None:
    file = policy_file(tmp_path, '[quiet_hours]\nhours = "21:00-08:00"\nsunday = "0"\n')

    lines = {line.name: line for line in policy_lines(file)}

    assert lines["quiet_hours.monday"].value == "21:00-08:00"
    assert lines["quiet_hours.monday"].is_given
    assert lines["quiet_hours.sunday"].value == "0"
    assert lines["quiet_hours.sunday"].is_given


def test_reminders_of_a_preset_came_from_the_file(tmp_path: Path) -> None:
    file = policy_file(tmp_path, '[reminders]\npreset = "clinic"\n')

    lines = {line.name: line for line in policy_lines(file)}

    assert lines["kinds.booking_reminder.send_before"].value == ["3d", "1d", "2h"]
    assert lines["kinds.booking_reminder.send_before"].is_given
