"""A customer's message in hand: what is known of it, and how it is answered.

Made by `replies.py`, used by the deeds in `reply_deeds.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from app.domain.bookings import Booking
from app.domain.formats import Formats, formats_for
from app.domain.inbound import InboundMessage, InboxState
from app.domain.plain_text import clean_line, clean_text, shortened
from app.domain.replies import Topic, Understood
from app.runtime import Runtime
from app.services.alerts import Alert, alert
from app.services.answering import Answer, answer
from app.services.pseudonyms import pseudonym

#: Letters of a customer's message that the staff is told; the inbox has all of it.
_TOLD = 300
#: Of several messages of one customer the staff is told once in this time.
_TELL_EVERY = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Handled:
    """What became of a message."""

    state: InboxState
    booking: Booking | None = None


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """A message that is being dealt with in an open transaction."""

    tx: sa.Connection
    runtime: Runtime
    message: InboundMessage
    #: Its entry in the inbox.
    entry_id: str
    #: The sender's bookings, the newest first.
    bookings: Sequence[Booking]
    now: datetime

    def say(
        self,
        topic: Topic,
        understood: Understood,
        *,
        booking: Booking | None = None,
        choices: str = "",
    ) -> None:
        """Answer the customer, in the language of their bookings or of their word."""
        answered = Answer(
            message=self.message,
            entry_id=self.entry_id,
            topic=topic,
            locale=self.locale(understood),
            booking=booking,
            choices=choices,
        )
        answer(self.tx, self.runtime, answered, now=self.now)

    def locale(self, understood: Understood) -> str | None:
        """Return the language to answer in; None: the business's."""
        known = [b.customer.locale for b in self.bookings if b.customer.locale]
        # STOP and C are written in every language: only other words tell of one.
        spoken = [understood.language] if understood.language != "en" else []
        return [*known, *spoken, None][0]

    def tell_staff(self, subject: str, *, booking: Booking | None = None) -> None:
        """Let the staff know of the message, once in a while for each customer."""
        sender = pseudonym(self.runtime.settings, self.message.sender)
        about = booking.id if booking else sender
        told = Alert(
            key=f"inbox/{subject}/{about}",
            subject=subject,
            text="\n".join([self._quoted(), *self._about(booking), self._where()]),
            at_most_every=_TELL_EVERY,
        )
        alert(self.tx, self.runtime, told, now=self.now)

    def _quoted(self) -> str:
        names = [booking.customer.name for booking in self.bookings]
        name = clean_line([*names, self.message.profile_name][0]) or "Somebody"
        text = shortened(clean_text(self.message.text), limit=_TOLD)
        return f"{name} wrote: {text}" if text else f"{name} sent no words."

    def _about(self, booking: Booking | None) -> list[str]:
        if booking is None:
            return []
        here = house_formats(self.runtime)
        start = f"{here.date(booking.start)}, {here.time(booking.start)}"
        return [f"Booking {booking.reference}, {start} ({here.timezone})."]

    def _where(self) -> str:
        # By the id the alert is found again when its customer is erased.
        return f"Once it is dealt with: python3 bellhop.py inbox done {self.entry_id}"


def house_formats(runtime: Runtime) -> Formats:
    """Return how times are written for the staff."""
    return formats_for(locale="en_GB", timezone=runtime.settings.timezone)
