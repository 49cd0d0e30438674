"""A ladder of channels: the next one only if the one before has not arrived in time.

A rung is a channel, or the staff who call the customer. What a provider tells of a
message decides; where nobody tells, what was sent counts as arrived.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.tasks import Status

#: The last rung that a ladder may have: people.
STAFF = "staff"
WAITS_BELOW = "It did not arrive in time; the next channel of its ladder goes instead."


class Step(StrEnum):
    """What a ladder does next."""

    WAIT = "wait"  # the message may still arrive in time
    CLIMB = "climb"  # it did not, or will not
    REACHED = "reached"  # the customer has it
    OVER = "over"  # there is nothing more to tell


_ARRIVES_NO_MORE = frozenset(
    {Status.UNDELIVERED, Status.DEAD, Status.EXPIRED, Status.SUPPRESSED}
)
#: The fact itself is no more: the booking was cancelled, or told anew.
_NOT_WANTED = frozenset({Status.CANCELLED, Status.SUPERSEDED})


def step(status: Status, *, tells: bool, is_late: bool) -> Step:
    """Decide from the rung that is on its way.

    `tells`: its provider tells what became of it. `is_late`: its time is over.
    """
    if status is Status.DELIVERED or (status is Status.SENT and not tells):
        return Step.REACHED
    if status in _NOT_WANTED:
        return Step.OVER
    if status in _ARRIVES_NO_MORE or is_late:
        return Step.CLIMB
    return Step.WAIT


def climbs_at(
    planned: datetime,
    status: Status,
    *,
    sent_at: datetime | None,
    next_attempt_at: datetime | None,
    wait: timedelta,
) -> datetime:
    """Return when a rung's time is over: it counts from the moment that it leaves.

    `planned`: when it is over for what could have left at once. What was put off (quiet
    hours, a budget) has its time afterwards; what fails or queues up is not waited for.
    """
    leaves_at = sent_at
    if status is Status.PENDING:
        leaves_at = next_attempt_at
    return planned if leaves_at is None else max(planned, leaves_at + wait)
