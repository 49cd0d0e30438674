"""The policy in force: the code's tables, overridden by `bellhop.toml`.

Read once by the entry points. Durations are written `90s`, `5m`, `2h`, `7d`; an unknown
table, key or unit stops the start, with the nearest name that there is.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.domain.kinds import KINDS, Kind, KindPolicy
from app.domain.queues import QUEUES, QueuePolicy
from app.domain.recipients import Channel
from app.domain.schedule import SCHEDULE
from app.errors import ConfigError, Problem

#: A hundred years: what is added to or taken from a date stays a date.
LONGEST_DURATION = timedelta(days=36_500)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)([smhd])$")


def parse_duration(value: object) -> timedelta:
    """Read `90s`, `5m`, `2h` or `7d` (or `0`); raise ValueError with an example."""
    if isinstance(value, timedelta):
        return value
    if str(value).strip() == "0":
        return timedelta(0)
    found = _DURATION.match(str(value).strip())
    if found is None:
        raise ValueError(f"{value!r} is not a duration; write 90s, 5m, 2h or 7d")
    seconds = float(found[1]) * timedelta(**{_UNITS[found[2]]: 1}).total_seconds()
    if seconds > LONGEST_DURATION.total_seconds():
        raise ValueError(f"is longer than {write_duration(LONGEST_DURATION)}")
    return timedelta(seconds=seconds)


def write_duration(value: timedelta) -> str:
    """Write a duration as `parse_duration` reads it, in its largest whole unit."""
    for unit, name in reversed(_UNITS.items()):
        count = value / timedelta(**{name: 1})
        if count >= 1 and count.is_integer():
            return f"{count:.0f}{unit}"
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s" * bool(value)


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Interval = Annotated[Duration, Field(gt=timedelta(0))]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _QueueTable(_Table):
    priority: Annotated[int, Field(ge=0, le=100)] | None = None
    worker: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")] | None = None
    retry_delays: tuple[Duration, ...] | None = None
    retry_jitter: Annotated[float, Field(ge=0, le=1)] | None = None


class _KindTable(_Table):
    channels: frozenset[Channel] | None = None
    send_before: tuple[Interval, ...] | None = None


class _RetentionTable(_Table):
    notifications: Interval = timedelta(days=7)


class _EngineTable(_Table):
    """Pauses that are no queue's own; tests shorten them."""

    #: How long an unpaid booking holds its places.
    payment_hold: Interval = timedelta(minutes=15)
    #: The first pause of a failed message; it doubles up to an hour.
    retry_failed: Duration = timedelta(minutes=5)
    #: An unknown outcome is looked up after this; earlier "not found" proves nothing.
    look_up: Duration = timedelta(seconds=60)
    #: A queued row whose doorbell was not answered in this time is rung for again.
    ring_again: Duration = timedelta(seconds=20)
    #: A worker on another host is dead when its heartbeat is older.
    worker_expiry: Interval = timedelta(seconds=30)


class _File(_Table):
    queues: dict[str, _QueueTable] = {}
    kinds: dict[str, _KindTable] = {}
    schedule: dict[str, Interval] = {}
    retention: _RetentionTable = _RetentionTable()
    engine: _EngineTable = _EngineTable()


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the owner decided, and our defaults for the rest."""

    queues: Mapping[str, QueuePolicy]
    kinds: Mapping[Kind, KindPolicy]
    #: How often each job runs.
    schedule: Mapping[str, timedelta]
    #: How long finished notifications are kept.
    keep_notifications: timedelta
    payment_hold: timedelta
    retry_failed: timedelta
    look_up: timedelta
    ring_again: timedelta
    worker_expiry: timedelta


@dataclass(frozen=True, kw_only=True)
class Line:
    """One value of the policy in force, by its full name in the file."""

    name: str
    value: Any
    #: Whether the file says so; else it is the code's own.
    is_given: bool


def policy_lines(path: Path) -> list[Line]:
    """List every value that the policy file may set, as it is in force now."""
    tables, policy = _parsed(path), load_policy(path)
    file = _File.model_validate(tables)
    in_force: dict[str, Mapping[str, Any]] = {
        **{f"queues.{n}": _chosen(_QueueTable, q) for n, q in policy.queues.items()},
        **{f"kinds.{n}": _chosen(_KindTable, k) for n, k in policy.kinds.items()},
        "schedule": policy.schedule,
        "retention": dict(file.retention),
        "engine": dict(file.engine),
    }
    return [
        Line(name=f"{table}.{key}", value=value, is_given=_says(tables, table, key))
        for table, values in in_force.items()
        for key, value in values.items()
    ]


def load_policy(path: Path) -> Policy:
    """Read the policy file where there is one; raise ConfigError with all problems."""
    tables = _parsed(path)
    problems = [
        *_unknown(tables, "queues", QUEUES),
        *_unknown(tables, "kinds", KINDS),
        *_unknown(tables, "schedule", SCHEDULE),
    ]
    try:
        file = _File.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(
            [*problems, *(_problem(path, found) for found in error.errors())]
        ) from None
    if problems:
        raise ConfigError(problems)
    return _policy(file)


def _policy(file: _File) -> Policy:
    return Policy(
        queues={
            name: replace(default, **_given(file.queues.get(name)))
            for name, default in QUEUES.items()
        },
        kinds={
            kind: replace(default, **_given(file.kinds.get(kind)))
            for kind, default in KINDS.items()
        },
        schedule={**SCHEDULE, **file.schedule},
        keep_notifications=file.retention.notifications,
        **dict(file.engine),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError([Problem(str(path), f"cannot be read: {error}")]) from None


def _chosen(table: type[_Table], policy: object) -> dict[str, Any]:
    return {key: getattr(policy, key) for key in table.model_fields}


def _says(tables: Mapping[str, Any], table: str, key: str) -> bool:
    for name in table.split("."):
        tables = tables.get(name, {})
    return key in tables


def _given(table: BaseModel | None) -> dict[str, Any]:
    return {} if table is None else {k: v for k, v in table if v is not None}


def _unknown(
    tables: Mapping[str, Any], table: str, known: Iterable[str]
) -> list[Problem]:
    given = tables.get(table)
    if not isinstance(given, dict):
        return []
    return [
        Problem(f"{table}.{name}", f"there is none of that name{_near(name, known)}")
        for name in given
        if name not in set(known)
    ]


def _problem(path: Path, error: Any) -> Problem:
    where = ".".join(str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        message = f"there is no such setting{_near(where, _all_names())}"
    return Problem(f"{path}: {where}", message)


def _all_names() -> set[str]:
    tables: dict[str, type[_Table]] = {
        "queues.NAME": _QueueTable,
        "kinds.NAME": _KindTable,
        "retention": _RetentionTable,
        "engine": _EngineTable,
    }
    names = {f"{name}.{key}" for name, t in tables.items() for key in t.model_fields}
    return names | set(_File.model_fields)


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.4)
    return f"; the nearest is {near[0]}" if near else ""
