"""Makes the calls when their time has come, on threads of its own.

Told by `reception.py` of every message that was taken. What is under way when the
simulator ends is not made.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random
from typing import Protocol

from app.simulator.submissions import Submission
from app.simulator.telling import meta, resend, twilio, vonage
from app.simulator.telling.call import Call, Secrets, Taken, Written
from app.simulator.telling.manners import Manners, told


class Receipts(Protocol):
    """Builds a provider's calls about one message."""

    def __call__(
        self, taken: Taken, secrets: Secrets, *, arrives: bool
    ) -> Iterator[Call]:
        """Return the calls, the first one first."""


_RECEIPTS: dict[str, Receipts] = {
    "twilio": twilio.receipts,
    "meta": meta.receipts,
    "vonage": vonage.receipts,
    "resend": resend.receipts,
}
_INBOUND: dict[str, Callable[[Written, Secrets], Call]] = {
    "twilio": twilio.inbound,
    "meta": meta.inbound,
    "vonage": vonage.inbound,
}
#: The field that says where to tell, by provider.
_CALLBACKS = {"twilio": "StatusCallback", "vonage": "callback"}


class Teller:
    """Tells of messages as it was ordered to; without an order, nothing."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._lock = threading.Lock()
        self._manners: Manners | None = None
        self._chance = Random(0)  # noqa: S311 - no secret is made of it
        #: Calls that are still to be made, and how those that were made were answered.
        self.waiting = 0
        self.answers: Counter[int] = Counter()

    @property
    def providers(self) -> list[str]:
        """Those through which a customer can write."""
        return list(_INBOUND)

    def order(self, manners: Manners | None) -> None:
        """Tell like this from now on; None: nothing more."""
        with self._lock:
            self._manners = manners
            if manners is not None:
                self._chance = Random(manners.seed)  # noqa: S311 - as above

    def tell(self, submission: Submission, *, as_id: str) -> None:
        """Tell of a message that was taken."""
        receipts = _RECEIPTS.get(submission.provider)
        with self._lock:
            manners, chance = self._manners, self._chance
            if manners is None or receipts is None:
                return
            arrives = chance.random() >= manners.fail
            calls = receipts(_taken(submission, as_id), self._secrets, arrives=arrives)
            planned = list(told(calls, manners, chance))
            self.waiting += len(planned)
        for delay_s, call in planned:
            timer = threading.Timer(delay_s, self._make, args=[call])
            timer.daemon = True
            timer.start()

    def write(self, provider: str, written: Written) -> int:
        """Bring what a customer wrote; return how Bellhop answered."""
        return _INBOUND[provider](written, self._secrets).make()

    def _make(self, call: Call) -> None:
        status = call.make()
        with self._lock:
            self.waiting -= 1
            self.answers[status] += 1


def _taken(submission: Submission, as_id: str) -> Taken:
    fields = submission.fields
    tags = fields.get("tags")
    named = [tag.get("value", "") for tag in tags] if isinstance(tags, list) else []
    return Taken(
        provider_message_id=as_id,
        key=str(named[0]) if named else submission.message_id,
        recipient=submission.recipient,
        sender=submission.sender,
        callback=str(fields.get(_CALLBACKS.get(submission.provider, ""), "")),
    )
