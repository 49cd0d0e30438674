"""The life of a task (and so of every notification): its states and allowed moves.

CONTRACT section 5 explains each state to users. A move that is not in `MOVES` raises.
"""

from __future__ import annotations

from enum import StrEnum

from app.errors import IllegalMoveError


class Status(StrEnum):
    """Where a task stands."""

    PENDING = "pending"  # saved; not yet handed to the queue, or due later
    QUEUED = "queued"  # a doorbell is in the queue
    SENDING = "sending"  # a worker holds it and the attempt is written down
    RETRYING = "retrying"  # a transient failure; next_attempt_at says when
    UNKNOWN = "unknown"  # the provider may or may not have taken it
    FAILED = "failed"  # quick retries used up; tried again until useful_until
    SENT = "sent"  # the provider took it
    DELIVERED = "delivered"  # the provider's receipt says it arrived
    UNDELIVERED = "undelivered"  # the provider's receipt says it did not
    DEAD = "dead"  # will not be tried again without a person
    CANCELLED = "cancelled"  # deliberately not sent: called off
    SUPERSEDED = "superseded"  # deliberately not sent: a newer message tells more
    EXPIRED = "expired"  # deliberately not sent: no longer useful
    SUPPRESSED = "suppressed"  # deliberately not sent: not wanted, or channel off


_CALLED_OFF = {Status.CANCELLED, Status.SUPERSEDED, Status.EXPIRED, Status.SUPPRESSED}

#: What a provider's receipt proves of a message that was tried, whatever we thought.
_BY_RECEIPT = {Status.SENT, Status.DELIVERED}

#: From each state the states that may follow it.
MOVES: dict[Status, frozenset[Status]] = {
    # A worker that finishes takes the next row itself, without a bell between.
    Status.PENDING: frozenset(
        {Status.QUEUED, Status.SENDING, Status.DEAD, *_BY_RECEIPT, *_CALLED_OFF}
    ),
    Status.QUEUED: frozenset(
        {Status.SENDING, Status.PENDING, Status.DEAD, *_BY_RECEIPT, *_CALLED_OFF}
    ),
    Status.SENDING: frozenset(
        {Status.SENT, Status.RETRYING, Status.UNKNOWN, Status.FAILED, Status.DEAD}
    ),
    Status.RETRYING: frozenset(
        {Status.QUEUED, Status.SENDING, Status.DEAD, *_BY_RECEIPT, *_CALLED_OFF}
    ),
    Status.UNKNOWN: frozenset(
        {
            Status.RETRYING,
            Status.FAILED,
            Status.DEAD,
            Status.UNDELIVERED,
            *_BY_RECEIPT,
        }
    ),
    Status.FAILED: frozenset(
        {Status.RETRYING, Status.DEAD, *_BY_RECEIPT, *_CALLED_OFF}
    ),
    Status.SENT: frozenset({Status.DELIVERED, Status.UNDELIVERED}),
    Status.DELIVERED: frozenset(),
    # A carrier gives up, and delivers all the same.
    Status.UNDELIVERED: frozenset({Status.DELIVERED}),
    Status.DEAD: frozenset({Status.RETRYING, *_BY_RECEIPT}),
    Status.CANCELLED: frozenset(),
    Status.SUPERSEDED: frozenset(),
    Status.EXPIRED: frozenset(),
    Status.SUPPRESSED: frozenset(),
}

#: Nothing follows by itself any more: the row may be cleaned up when it is old.
FINISHED = frozenset(
    {
        Status.SENT,
        Status.DELIVERED,
        Status.UNDELIVERED,
        Status.DEAD,
        *_CALLED_OFF,
    }
)
#: Waiting for its moment; release may hand it to the queue.
RELEASABLE = frozenset({Status.PENDING, Status.RETRYING})
#: States from which a message can still be called off.
CANCELLABLE = frozenset({Status.PENDING, Status.QUEUED, Status.RETRYING, Status.FAILED})
#: Being tried: a later message to the same recipient waits for these.
UNDER_WAY = frozenset({Status.QUEUED, Status.SENDING, Status.RETRYING, Status.UNKNOWN})


def check_move(current: Status, wanted: Status) -> None:
    """Raise IllegalMoveError unless a task may go from `current` to `wanted`."""
    if wanted not in MOVES[current]:
        raise IllegalMoveError("message", current, wanted)
