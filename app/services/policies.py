"""The policy of a queue in force: the file's, with what was set while all runs.

Asked for each row that is planned, let out or done. What was set at run time and goes
with a changed file no more is left out: it must not stop what leaves.
"""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa

from app.domain.queues import QueuePolicy
from app.errors import InvalidError
from app.logs import fields
from app.policy import with_overrides
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
    return _overridden(policy, queue, json.dumps(state["overrides"], sort_keys=True))


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


# Read once for all rows; and what is wrong is told once.
@lru_cache(maxsize=256)
def _overridden(policy: QueuePolicy, queue: str, overrides: str) -> QueuePolicy:
    try:
        return with_overrides(policy, json.loads(overrides))
    except InvalidError as error:
        log.warning(
            "What was set at run time does not fit the policy file; the file holds",
            extra=fields("overrides_ignored", queue=queue, cause=error),
        )
        return policy
