"""The policy of a queue in force: the file's, with what was set while all runs.

Asked for each row that is planned, let out or done. Of what was set at run time, only
that is left out which goes with a changed file no more: it must not stop what leaves.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from app.domain.queues import QueuePolicy
from app.logs import fields
from app.policy import fitting
from app.runtime import Runtime
from app.storage import gates, queues
from app.storage.types import Row

log = logging.getLogger(__name__)

#: Whatever waits in a queue that no policy knows any more is let out like this one.
STRANGERS = "default"


def policy_in_force(tx: sa.Connection, runtime: Runtime, queue: str) -> QueuePolicy:
    """Return the policy of one queue, for whoever plans rows of it."""
    return policy_of(runtime, queue, state=queues.state_of(tx, queue))


def policy_of(runtime: Runtime, queue: str, *, state: Row | None) -> QueuePolicy:
    """Return a queue's policy with what its row of `queue_states` overrides."""
    policy = policy_of_file(runtime, queue)
    if state is None or not state["overrides"]:
        return policy
    return _overridden(policy, queue, _key(state["overrides"]))[0]


def overrides_in_force(
    runtime: Runtime, queue: str, overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what of a queue's overrides holds: the file may have changed since."""
    policy = policy_of_file(runtime, queue)
    _, left_out = _overridden(policy, queue, _key(overrides))
    return {key: value for key, value in overrides.items() if key not in left_out}


def policy_of_file(runtime: Runtime, queue: str) -> QueuePolicy:
    """Return a queue's policy as the tables and the file have it."""
    names = runtime.policy.queues
    return names.get(queue, names[STRANGERS])


def longest_limited_span(runtime: Runtime) -> timedelta:
    """Return how far back rate limits in force count what has left; 0: none does."""
    with runtime.database.read() as tx:
        states = gates.queue_states_by_name(tx)
    names = {*runtime.policy.queues, *states}
    limits = (
        policy_of(runtime, name, state=states.get(name)).rate_limit for name in names
    )
    return max((limit.per for limit in limits if limit), default=timedelta(0))


def _key(overrides: Mapping[str, Any]) -> str:
    return json.dumps(overrides, sort_keys=True)


# Read once for all rows; and what is wrong is told once.
@lru_cache(maxsize=256)
def _overridden(
    policy: QueuePolicy, queue: str, overrides: str
) -> tuple[QueuePolicy, frozenset[str]]:
    """Return the policy with what goes with it, and the keys that do not."""
    values = json.loads(overrides)
    changed, left_out = fitting(policy, values)
    for key, problem in left_out.items():
        extra = fields(
            "overrides_ignored",
            queue=queue,
            key=key,
            value=values[key],
            cause=problem.message,
        )
        log.warning(
            "What was set at run time does not fit the policy file, which holds",
            extra=extra,
        )
    return changed, frozenset(left_out)
