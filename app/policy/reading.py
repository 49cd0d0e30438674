"""Reads `bellhop.toml`: the code's tables, and what the owner sets instead.

Called once by each entry point. Every mistake is told at once, with a way out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.config.sentences import nearest, unreadable
from app.domain.kinds import KINDS
from app.domain.queues import QUEUES, QueuePolicy
from app.domain.schedule import SCHEDULE
from app.domain.verifications import CodeLimits
from app.errors import ConfigError, Problem
from app.policy.checking import checked
from app.policy.house import kind_problems, schedule_problems
from app.policy.money import budget_of, budget_problems, price_problems, prices_with
from app.policy.policy import Policy
from app.policy.queues import merged
from app.policy.tables import File, FileQueueTable, check_name
from app.policy.timing import kinds_with, quiet_hours_of, reminder_problems
from app.policy.whatsapp import whatsapp_problems, whatsapp_rules

#: A queue of the owner's own begins as a copy of this one.
MODEL_QUEUE = "default"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The policy in force, and which values the file itself gives."""

    policy: Policy
    file: File


def load_policy(path: Path) -> Policy:
    """Read the policy file where there is one; raise ConfigError with all problems."""
    return read_policy(path).policy


def read_policy(path: Path) -> Reading:
    """Do as `load_policy`, and tell what the file itself says."""
    file, problems = checked(File, _parsed(path))
    queues, queue_problems = _queues(file)
    problems += [
        *queue_problems,
        *_unknown("kinds", file.kinds, KINDS),
        *_unknown("schedule", file.schedule, SCHEDULE),
        *kind_problems(file.kinds),
        *whatsapp_problems(file.whatsapp),
        *reminder_problems(file),
        *schedule_problems(file.schedule),
        *price_problems(file.prices),
        *budget_problems(file.budget, prices_with(file.prices)),
    ]
    if problems:
        raise ConfigError([Problem(f"{path}: {p.field}", p.message) for p in problems])
    return Reading(policy=_policy(file, queues), file=file)


def _policy(file: File, queues: Mapping[str, QueuePolicy]) -> Policy:
    return Policy(
        queues=queues,
        kinds=kinds_with(file),
        quiet_hours=quiet_hours_of(file.quiet_hours),
        follow_up=file.reminders.follow_up,
        review_url=file.reminders.review_url,
        schedule={**SCHEDULE, **file.schedule},
        keep_notifications=file.retention.notifications,
        keep_inbox=file.retention.inbox,
        **dict(file.email),
        prices=prices_with(file.prices),
        whatsapp=whatsapp_rules(file.whatsapp),
        codes=CodeLimits(**dict(file.verifications)),
        budget=budget_of(file.budget),
        **dict(file.engine),
    )


def _queues(file: File) -> tuple[dict[str, QueuePolicy], list[Problem]]:
    """Return every queue's policy; the owner's own come last."""
    queues, problems = dict(QUEUES), []
    usual = file.queues.get(MODEL_QUEUE, FileQueueTable()).given()
    model, _ = merged(QUEUES[MODEL_QUEUE], usual)
    for name, table in file.queues.items():
        given = table.given()
        is_new = given.pop("new", False)
        if trouble := _naming(name, is_new=is_new):
            problems.append(Problem(f"queues.{name}", trouble))
            continue
        queues[name], clashes = merged(QUEUES.get(name, model), given)
        problems += [Problem(f"queues.{name}.{c.field}", c.message) for c in clashes]
    return queues, problems


def _naming(name: str, *, is_new: bool) -> str:
    if name in QUEUES:
        return "is there already; leave out `new = true`" if is_new else ""
    if not is_new:
        return (
            "there is none of that name (one of your own needs new = true in its "
            f"table); the nearest is {nearest(name, QUEUES)}"
        )
    try:
        check_name(name)
    except ValueError as error:
        return f"its name {error}"
    return ""


def _unknown(
    table: str, given: Iterable[str], known: Iterable[str]
) -> Iterable[Problem]:
    names = set(known)
    for name in given:
        if name not in names:
            words = f"there is none of that name; the nearest is {nearest(name, names)}"
            yield Problem(f"{table}.{name}", words)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        # Editors on Windows begin a file with a mark that is none of its text.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except tomllib.TOMLDecodeError as error:
        words = f"is not written as TOML is: {error}"
        raise ConfigError([Problem(str(path), words)]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([Problem(str(path), unreadable(error))]) from None
