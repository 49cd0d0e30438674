"""One queue's policy: every key of the file, queues of one's own, and overrides."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.queues import QUEUES, QueuePolicy, Rate
from app.errors import ConfigError, InvalidError
from app.policy import Policy, fitting, load_policy, with_overrides, written
from app.policy.tables import QueueTable

SMS = QUEUES["sms"]
EVERY_KEY = """
[queues.sms]
priority = 30
worker = "phones"
rate_limit = "200/h"
ttl = "2h"
max_length = 10
retry_delays = ["5s", "90s"]
retry_jitter = 0
retry_cap = "90s"
soft_time_limit = "8s"
time_limit = "10s"
"""


def read(tmp_path: Path, text: str) -> Policy:
    file = tmp_path / "bellhop.toml"
    file.write_text(text, encoding="utf-8")
    return load_policy(file)


def problems_of(tmp_path: Path, text: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    prefix = f"{tmp_path / 'bellhop.toml'}: "
    return {p.field.removeprefix(prefix): p.message for p in caught.value.problems}


def test_every_field_of_a_queue_can_be_set(tmp_path: Path) -> None:
    policy = read(tmp_path, EVERY_KEY)

    assert policy.queues["sms"] == QueuePolicy(
        priority=30,
        worker="phones",
        rate_limit=Rate(count=200, per=timedelta(hours=1)),
        ttl=timedelta(hours=2),
        max_length=10,
        retry_delays=(timedelta(seconds=5), timedelta(seconds=90)),
        retry_jitter=0.0,
        retry_cap=timedelta(seconds=90),
        soft_time_limit=timedelta(seconds=8),
        time_limit=timedelta(seconds=10),
    )


def test_the_file_and_the_queues_know_the_same_keys() -> None:
    assert set(QueueTable.model_fields) == {field.name for field in fields(QueuePolicy)}


def test_a_rate_limit_can_be_taken_away(tmp_path: Path) -> None:
    policy = read(tmp_path, '[queues.sms]\nrate_limit = "0"\n')

    assert policy.queues["sms"].rate_limit is None
    assert policy.queues["email"].rate_limit == Rate(count=30)


def test_a_queue_of_ones_own_is_like_default_unless_it_says_otherwise(
    tmp_path: Path,
) -> None:
    policy = read(
        tmp_path,
        '[queues.media]\nnew = true\nworker = "media"\n'
        "[queues.default]\nmax_length = 7\n",
    )

    assert list(policy.queues) == [*QUEUES, "media"]
    assert policy.queues["media"].worker == "media"
    assert policy.queues["media"].max_length == 7
    assert policy.queues["media"].priority == QUEUES["default"].priority


def test_an_unknown_queue_is_refused_with_the_nearest_and_the_way_out(
    tmp_path: Path,
) -> None:
    found = problems_of(tmp_path, '[queues.media]\nworker = "media"\n')

    assert "new = true" in found["queues.media"]
    assert "the nearest is " in found["queues.media"]


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ("[queues.sms]\nnew = true", "is there already"),
        ("[queues.smss]\nnew = false", "the nearest is sms"),
        ("[queues.Media]\nnew = true", "its name must begin with a small letter"),
        ('[queues."a b"]\nnew = true', "its name must begin with a small letter"),
        ('[queues.""]\nnew = true', "its name must begin with a small letter"),
    ],
)
def test_a_queue_of_ones_own_needs_a_name_of_its_own(
    tmp_path: Path, table: str, told: str
) -> None:
    (message,) = problems_of(tmp_path, table).values()

    assert told in message


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ('soft_time_limit = "60s"', "soft_time_limit"),  # the usual hard limit is 45s
        ('time_limit = "30s"', "time_limit"),  # the usual soft limit is 40s
        ('soft_time_limit = "9s"\ntime_limit = "8s"', "time_limit"),
    ],
)
def test_a_task_is_asked_to_end_before_it_is_broken_off(
    tmp_path: Path, keys: str, field: str
) -> None:
    (found,) = problems_of(tmp_path, f"[queues.sms]\n{keys}\n").items()

    assert found[0] == f"queues.sms.{field}"
    assert "is asked to end before it is broken off" in found[1]


def test_a_mistake_in_default_is_told_once_however_many_queues_take_after_it(
    tmp_path: Path,
) -> None:
    found = problems_of(
        tmp_path, '[queues.default]\ntime_limit = "1s"\n[queues.media]\nnew = true\n'
    )

    assert set(found) == {"queues.default.time_limit"}


def test_both_limits_may_be_the_same(tmp_path: Path) -> None:
    policy = read(tmp_path, '[queues.sms]\nsoft_time_limit = "9s"\ntime_limit = "9s"\n')

    assert policy.queues["sms"].soft_time_limit == policy.queues["sms"].time_limit


def test_a_pause_above_the_cap_is_told_and_a_cap_alone_shortens_the_pauses(
    tmp_path: Path,
) -> None:
    found = problems_of(tmp_path, '[queues.sms]\nretry_delays = ["5s", "20m"]\n')
    policy = read(tmp_path, '[queues.sms]\nretry_cap = "30s"\n')

    assert "20m is longer than the retry_cap (10m)" in found["queues.sms.retry_delays"]
    assert policy.queues["sms"].retry_cap == timedelta(seconds=30)


def test_limits_are_compared_beside_every_other_mistake(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path, '[queues.sms]\ntime_limit = "30s"\npriority = "high"\nttl = "1w"\n'
    )

    assert set(found) == {
        "queues.sms.time_limit",
        "queues.sms.priority",
        "queues.sms.ttl",
    }


def test_overrides_are_read_in_the_words_of_the_file() -> None:
    changed = with_overrides(SMS, {"rate_limit": "20/m", "retry_delays": ["5s"]})

    assert changed.rate_limit == Rate(count=20)
    assert changed.retry_delays == (timedelta(seconds=5),)
    assert changed.priority == SMS.priority


def test_no_overrides_change_nothing() -> None:
    assert with_overrides(SMS, {}) == SMS


def test_every_mistake_in_overrides_is_told_by_its_key() -> None:
    with pytest.raises(InvalidError) as caught:
        with_overrides(
            SMS,
            {
                "rate_limit": "many",
                "priority": None,
                "time_limit": "1s",
                "worker": 3,
                "retry_delays": ["1s", "x"],
                "new": True,
                "prioritty": 1,
            },
        )

    found = {problem.field: problem.message for problem in caught.value.problems}
    assert set(found) == {
        "rate_limit",
        "priority",
        "time_limit",
        "worker",
        "retry_delays.1",
        "new",
        "prioritty",
    }
    assert found["prioritty"] == "there is no such setting; the nearest is priority"
    assert found["priority"] == "must be a whole number; example: priority = 50"


def test_of_two_overrides_that_clash_without_each_other_each_is_named() -> None:
    policy = replace(
        QueuePolicy(priority=0),
        soft_time_limit=timedelta(seconds=40),
        time_limit=timedelta(seconds=45),
        retry_cap=timedelta(minutes=1),
    )
    overrides = {
        "time_limit": "50s",
        "soft_time_limit": "60s",
        "retry_delays": ["2m"],
        "ttl": "2h",
    }

    changed, left_out = fitting(policy, overrides)

    assert changed == replace(policy, ttl=timedelta(hours=2))
    assert set(left_out) == {"time_limit", "soft_time_limit", "retry_delays"}


def test_a_list_with_one_entry_that_cannot_be_read_is_left_out_whole() -> None:
    changed, left_out = fitting(SMS, {"retry_delays": ["1s", "x"], "priority": 3})

    assert changed == replace(SMS, priority=3)
    assert set(left_out) == {"retry_delays"}


@pytest.mark.parametrize("name", QUEUES)
def test_a_policy_that_was_written_is_read_as_it_was(name: str) -> None:
    empty = QueuePolicy(priority=0)

    assert with_overrides(empty, written(QUEUES[name])) == QUEUES[name]


@given(
    priority=st.integers(0, 100),
    jitter=st.floats(0, 1),
    seconds=st.lists(st.integers(0, 600), max_size=20),
    limit=st.none() | st.integers(1, 1000).map(lambda count: Rate(count=count)),
)
def test_whatever_a_policy_says_it_survives_being_written(
    priority: int, jitter: float, seconds: list[int], limit: Rate | None
) -> None:
    policy = QueuePolicy(
        priority=priority,
        retry_jitter=jitter,
        retry_delays=tuple(timedelta(seconds=s) for s in seconds),
        rate_limit=limit,
    )

    assert with_overrides(SMS, written(policy)) == policy
