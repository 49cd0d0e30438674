"""What would break the house if an owner set it: a slow pulse, reminders of nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.domain.durations import write_duration
from app.domain.kinds import KINDS, NAMES_ITS_CHANNELS, Kind
from app.domain.ladders import STAFF
from app.domain.schedule import SCHEDULE, Timing, write_timing
from app.errors import Problem
from app.policy.tables import KindTable

#: Jobs that keep the house alive: the longest pause of each, and what hangs on it.
PULSE: Mapping[str, tuple[timedelta, str]] = {
    "release": (timedelta(seconds=10), "due messages would lie about"),
    "heartbeat": (timedelta(seconds=10), "the scheduler would be taken for dead"),
    "take_over": (
        timedelta(seconds=10),
        "what a dead worker held is to go on within 15s",
    ),
    "relay": (timedelta(seconds=30), "a lost doorbell is to be rung again within 60s"),
}
#: The kinds that are sent before something.
REMINDERS = frozenset(kind for kind, policy in KINDS.items() if policy.send_before)
#: The keys that say over which channels a kind goes.
WAYS = ("channels", "ladder", "ladder_wait")
#: Where that is said of those kinds that name their channels themselves.
_NAMED_IN = {
    Kind.MESSAGE: "its channels come with each POST /notifications; example: "
    '"channels": ["sms"]',
    Kind.REPLY: "it goes over the channel by which the customer wrote",
    Kind.ONE_TIME_CODE: "its channel comes with each POST /verifications; example: "
    '"channel": "sms"',
}
#: No job may run more often; its reading alone would keep the box busy.
SHORTEST_PAUSE = timedelta(seconds=0.1)


def schedule_problems(schedule: Mapping[str, Timing]) -> Iterator[Problem]:
    """Tell which jobs would run too often, or too seldom for the house to live."""
    for job, timing in schedule.items():
        if isinstance(timing, timedelta) and timing < SHORTEST_PAUSE:
            words = f"must be at least {write_duration(SHORTEST_PAUSE)}"
            yield Problem(f"schedule.{job}", f'{words}; example: {job} = "5m"')
        elif job in PULSE and not _keeps_pace(job, timing):
            longest, why = PULSE[job]
            words = (
                f"must be an interval of at most {write_duration(longest)}, "
                f"no cron line: {why}"
            )
            example = f'{job} = "{write_timing(SCHEDULE[job])}"'
            yield Problem(f"schedule.{job}", f"{words}; example: {example}")


def kind_problems(kinds: Mapping[str, KindTable]) -> Iterator[Problem]:
    """Tell which kinds have keys that say nothing of them, or a strange ladder."""
    for name, table in kinds.items():
        if "send_before" in table.given() and name in set(Kind) - REMINDERS:
            reminders = ", ".join(sorted(REMINDERS))
            words = f"is for reminders ({reminders}); a {name} leaves at once"
            yield Problem(f"kinds.{name}.send_before", words)
        if name in set(NAMES_ITS_CHANNELS):
            yield from _way_problems(Kind(name), table.given())
        elif words := _ladder_trouble(table.given()):
            yield Problem(f"kinds.{name}.ladder", words)


def _way_problems(kind: Kind, given: Mapping[str, Any]) -> Iterator[Problem]:
    """Refuse what would be read and say nothing: the kind's channels come with it."""
    for key in WAYS:
        if key in given:
            words = f"says nothing of a {kind}, leave it out: {_NAMED_IN[kind]}"
            yield Problem(f"kinds.{kind}.{key}", words)


def _ladder_trouble(given: Mapping[str, Any]) -> str:
    ladder: Sequence[str] = given.get("ladder", ())
    channels = {STAFF, *given.get("channels", ladder)}
    if len(set(ladder)) < len(ladder):
        return "names a channel twice"
    if STAFF in ladder and (ladder[-1] != STAFF or len(ladder) == 1):
        return f"must have {STAFF} at its end, after a channel: nobody follows people"
    if left_out := [rung for rung in ladder if rung not in channels]:
        return f"names {', '.join(left_out)}, which the kind's channels leave out"
    return ""


def _keeps_pace(job: str, timing: Timing) -> bool:
    return isinstance(timing, timedelta) and timing <= PULSE[job][0]
