"""The policy in force, value by value, with where each came from.

Printed by `config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.kinds import NAMES_ITS_CHANNELS, Kind
from app.domain.queues import QUEUES
from app.domain.schedule import write_timing
from app.policy.house import REMINDERS
from app.policy.policy import Policy
from app.policy.queues import written
from app.policy.reading import MODEL_QUEUE, Reading, read_policy
from app.policy.shown import plain
from app.policy.tables import File, Table
from app.policy.timing import WEEKDAYS


@dataclass(frozen=True, kw_only=True)
class Line:
    """One value of the policy in force, by its full name in the file."""

    name: str
    #: As the file writes it: a text, a number or a list.
    value: Any
    #: Whether the file says so; else it is the code's own.
    is_given: bool


def policy_lines(path: Path) -> list[Line]:
    """List every value that the policy file may set, as it is in force now."""
    reading = read_policy(path)
    given = _given(reading.file)
    return [
        Line(name=f"{table}.{key}", value=value, is_given=key in given.get(table, ()))
        for table, values in _in_force(reading).items()
        for key, value in values.items()
    ]


def _in_force(reading: Reading) -> Mapping[str, Mapping[str, Any]]:
    policy, file = reading.policy, reading.file
    return {
        **{f"queues.{name}": written(queue) for name, queue in policy.queues.items()},
        **_kinds(policy),
        "schedule": {job: write_timing(t) for job, t in policy.schedule.items()},
        "quiet_hours": _quiet_hours(policy),
        "reminders": {
            **_values(file.reminders),
            "preset": str(file.reminders.preset or "none"),
        },
        "retention": _values(file.retention),
        "email": _values(file.email),
        "engine": _values(file.engine),
        **_budget(policy),
        **_prices(policy),
    }


def _kinds(policy: Policy) -> Mapping[str, Mapping[str, Any]]:
    tables: dict[str, dict[str, Any]] = {}
    for kind, usual in policy.kinds.items():
        channels = "all" if usual.channels is None else plain(usual.channels)
        ways = {
            "channels": channels,
            "ladder": plain(usual.ladder),
            "ladder_wait": plain(usual.ladder_wait),
        }
        tables[f"kinds.{kind}"] = {
            **({} if kind in NAMES_ITS_CHANNELS else ways),
            "essential": usual.essential,
            "quiet_hours": str(usual.quiet_hours),
        }
        if kind in REMINDERS:
            tables[f"kinds.{kind}"]["send_before"] = plain(usual.send_before)
    return tables


def _quiet_hours(policy: Policy) -> Mapping[str, Any]:
    quiet = policy.quiet_hours
    days = {
        name: plain(quiet.days.get(number, quiet.usual))
        for number, name in enumerate(WEEKDAYS)
    }
    channels = {"channels": plain(quiet.channels)}
    return {"hours": plain(quiet.usual), **days, **channels}


def _budget(policy: Policy) -> Mapping[str, Mapping[str, Any]]:
    budget = policy.budget
    limits = {"daily": budget.daily, "monthly": budget.monthly, "soft": budget.soft}
    return {
        "budget": {key: plain(value) for key, value in limits.items()},
        "budget.exchange": budget.exchange,
    }


def _prices(policy: Policy) -> Mapping[str, Mapping[str, Any]]:
    return {
        f"prices.{provider}.{channel}": {
            country: plain(price) for country, price in countries.items()
        }
        for provider, channels in policy.prices.items()
        for channel, countries in channels.items()
    }


def _values(table: Table) -> Mapping[str, Any]:
    return {key: plain(value) for key, value in table}


def _given(file: File) -> Mapping[str, set[str]]:
    tables = {
        **{f"queues.{name}": table for name, table in file.queues.items()},
        **{f"kinds.{name}": table for name, table in file.kinds.items()},
        "quiet_hours": file.quiet_hours,
        "reminders": file.reminders,
        "retention": file.retention,
        "email": file.email,
        "engine": file.engine,
        "budget": file.budget,
    }
    keys = {name: set(table.model_fields_set) for name, table in tables.items()}
    # What was said of another key came from there as well.
    if "hours" in keys["quiet_hours"]:
        keys["quiet_hours"] |= set(WEEKDAYS)
    if file.reminders.preset:
        keys.setdefault(f"kinds.{Kind.BOOKING_REMINDER}", set()).add("send_before")
    if MODEL_QUEUE in file.queues:
        for name in set(file.queues) - set(QUEUES):
            keys[f"queues.{name}"] |= keys[f"queues.{MODEL_QUEUE}"]
    prices = {
        f"prices.{provider}.{channel}": set(countries)
        for provider, channels in file.prices.items()
        for channel, countries in channels.items()
    }
    keys["budget.exchange"] = set(file.budget.exchange)
    return {**keys, **prices, "schedule": set(file.schedule)}
