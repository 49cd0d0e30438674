"""What a provider tells of a message later, and what follows from it.

Receipts come in any order, and any number of times. Whatever their order, the same
state comes of them: a message that has arrived once has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.domain.outcomes import Result
from app.domain.tasks import Status


class Stage(StrEnum):
    """How far a message has come, as its provider says."""

    TAKEN = "taken"  # the provider has it, and is at it
    DELIVERED = "delivered"  # it has arrived, or was even read
    FAILED = "failed"  # it will not arrive


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """One word of a provider about one message; all of it safe to show."""

    provider: str
    #: The same word again has the same id.
    event_id: str
    #: Our own name of the message, where the provider repeats it.
    key: str
    provider_message_id: str
    stage: Stage
    code: str = ""
    #: A plain sentence where it failed, or tells of the recipient.
    reason: str = ""
    #: What the provider's code means for us; None: nothing in particular.
    result: Result | None = None
    #: The provider says that it costs nothing, whatever the price list says.
    is_free: bool = False


class Following(StrEnum):
    """What is done with a receipt that is not written down as a status."""

    NOTHING = "nothing"  # it tells what is known, or comes too late
    WAIT = "wait"  # the worker has not written down its attempt: look again soon


#: Whoever knows that it was taken need not try again, nor ask. `dead` is such a state
#: where nobody knew whether it was sent.
_OPEN = frozenset(
    {
        Status.PENDING,
        Status.QUEUED,
        Status.RETRYING,
        Status.UNKNOWN,
        Status.FAILED,
        Status.DEAD,
    }
)


def following(status: Status, stage: Stage, *, attempts: int) -> Status | Following:
    """Return the status that a message goes to by a receipt, or what else is done.

    `attempts`: how often it has been tried; what was never tried has no receipt yet.
    """
    if status is Status.SENDING or (status in _OPEN and attempts == 0):
        return Following.WAIT
    if stage is Stage.TAKEN:
        return Status.SENT if status in _OPEN else Following.NOTHING
    if stage is Stage.DELIVERED:
        is_news = status in _OPEN or status in {Status.SENT, Status.UNDELIVERED}
        return Status.DELIVERED if is_news else Following.NOTHING
    # What is tried again anyway may still arrive.
    is_news = status in {Status.SENT, Status.UNKNOWN}
    return Status.UNDELIVERED if is_news else Following.NOTHING
