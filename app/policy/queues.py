"""The policy of one queue: from what the file says, and with values given at run time.

Pure. Used by `reading.py`, and by the services that change a queue while all runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from app.domain.durations import write_duration
from app.domain.queues import QueuePolicy
from app.errors import InvalidError, Problem
from app.policy.checking import checked
from app.policy.shown import plain
from app.policy.tables import QueueTable


def with_overrides(policy: QueuePolicy, overrides: Mapping[str, object]) -> QueuePolicy:
    """Return the policy with these values, written as in the file, for its own.

    Raises InvalidError with every problem; the fields are the keys.
    """
    table, problems = checked(QueueTable, overrides)
    changed, clashes = merged(policy, table.given())
    if problems or clashes:
        raise InvalidError([*problems, *clashes])
    return changed


def fitting(
    policy: QueuePolicy, overrides: Mapping[str, object]
) -> tuple[QueuePolicy, dict[str, Problem]]:
    """Return the policy with those values that go with it, and why the others do not.

    For what was set under another file: what does not go together is left out alone.
    """
    table, problems = checked(QueueTable, overrides)
    given = table.given()
    changed, clashes = merged(policy, given)
    while clashes:  # without one of two keys the other may clash in its turn
        problems += clashes
        given = {key: given[key] for key in given.keys() - {p.field for p in clashes}}
        changed, clashes = merged(policy, given)
    left_out = {problem.field.partition(".")[0]: problem for problem in problems}
    return changed, left_out


def written(policy: QueuePolicy) -> dict[str, Any]:
    """Return every value of a policy as the file, or `with_overrides`, reads it."""
    return {field.name: plain(getattr(policy, field.name)) for field in fields(policy)}


def merged(
    policy: QueuePolicy, given: Mapping[str, Any]
) -> tuple[QueuePolicy, list[Problem]]:
    """Return the policy with these values, and which of them do not go together."""
    changed = replace(policy, **given)
    return changed, [*_limits(changed, given), *_pauses(changed, given)]


def _limits(policy: QueuePolicy, given: Mapping[str, Any]) -> list[Problem]:
    soft, hard = policy.soft_time_limit, policy.time_limit
    # The default is not to blame: the key that was set is the one to look at.
    keys = [key for key in ("time_limit", "soft_time_limit") if key in given]
    if soft <= hard or not keys:
        return []
    words = (
        f"the soft_time_limit ({write_duration(soft)}) would be longer than the "
        f"time_limit ({write_duration(hard)}), and a task is asked to end before it is "
        f'broken off; example: soft_time_limit = "{write_duration(hard)}"'
    )
    return [Problem(keys[0], words)]


def _pauses(policy: QueuePolicy, given: Mapping[str, Any]) -> list[Problem]:
    longest = max(policy.retry_delays, default=policy.retry_cap)
    # A cap that is set on the usual delays is meant to shorten them.
    if "retry_delays" not in given or longest <= policy.retry_cap:
        return []
    words = (
        f"{write_duration(longest)} is longer than the retry_cap "
        f"({write_duration(policy.retry_cap)}), above which no retry waits; example: "
        f'retry_cap = "{write_duration(longest)}"'
    )
    return [Problem("retry_delays", words)]
