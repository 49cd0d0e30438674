"""Whether a queue has room for what somebody sends in bulk: else it is refused whole.

Called before messages or tasks are planned that come over the API. What a booking needs
is never refused, and nothing is ever dropped to make room.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import sqlalchemy as sa

from app.domain.queues import QueuePolicy
from app.errors import QueueFullError
from app.runtime import Runtime
from app.services.policies import policy_in_force
from app.storage import queues

#: Seconds until another try where no rate limit tells how fast a queue empties.
TRY_AGAIN_S = 60


def check_room(tx: sa.Connection, runtime: Runtime, wanted: Mapping[str, int]) -> None:
    """Raise QueueFullError where more rows would wait than may, in any of these queues.

    `wanted`: how many rows are to be planned, by queue. Two who ask at the same moment
    may both find the last place.
    """
    for queue, count in wanted.items():
        policy = policy_in_force(tx, runtime, queue)
        waiting = queues.count_waiting(tx, queue, at_most=policy.max_length)
        if count and waiting + count > policy.max_length:
            raise QueueFullError(
                queue,
                waiting=waiting,
                wanted=count,
                max_length=policy.max_length,
                retry_after_s=_seconds_for(policy, count),
            )


def _seconds_for(policy: QueuePolicy, count: int) -> int:
    """Return how long it takes until so many rows have left at the limit's pace."""
    rate = policy.rate_limit
    if rate is None:
        return TRY_AGAIN_S
    return max(math.ceil(count * rate.per.total_seconds() / rate.count), 1)
