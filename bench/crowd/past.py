"""What has happened in two weeks, row by row: bookings, messages, own tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
#: What is finished ended within so many days: half of it is older than it is kept.
DAYS = 14
#: One in so many finished rows is a task of the owner's own, and no message.
OWN_TASK_EVERY = 20
#: Messages of one booking.
PER_BOOKING = 3
#: Bookings that are still to come, however many there are.
TO_COME = 100
SERVICE = "00000000-0000-7000-8000-000000000001"
#: A customer who was sent one message, and the name of another.
RARE_PHONE = "+4915999999999"
RARE_NAME = "Zsuzsanna Quirk"
TEXT = "Hello Alice, your appointment on Friday at ten is confirmed. See you then!"

#: Shares in a hundred.
_STATUSES = ["delivered"] * 55 + ["sent"] * 36 + ["undelivered"] * 3 + ["dead"] * 2
_STATUSES += ["expired", "cancelled", "superseded", "suppressed"]
_CHANNELS = ["sms"] * 50 + ["email"] * 45 + ["whatsapp"] * 5
_KINDS = ["booking_confirmed"] * 50 + ["booking_reminder"] * 40
_KINDS += ["booking_cancelled"] * 3 + ["booking_rescheduled"] * 3 + ["message"] * 4
UNSENT = {"expired", "cancelled", "superseded", "suppressed"}

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Past:
    """What has happened: so many rows, evenly over the days until now."""

    count: int
    now: int

    def ended(self, number: int) -> int:
        """When a row ended, in milliseconds."""
        return self.now - DAYS * DAY_MS + number * DAYS * DAY_MS // self.count

    def id(self, number: int) -> str:
        """Return the id of a row's task."""
        return make_id(self.ended(number), number)

    def booking_id(self, number: int) -> str:
        """Return the id of a booking."""
        return make_id(self.ended(number * PER_BOOKING), number, of=9)

    def booking(self, number: int) -> Row:
        """Return a booking: most are over, the last ones are still to come."""
        moment = self.ended(number * PER_BOOKING)
        is_to_come = self.count // PER_BOOKING - number <= TO_COME
        start = self.now + DAY_MS // 2 if is_to_come else moment
        phone = _phone(number)
        return {
            "id": self.booking_id(number),
            "reference": f"2{number:06X}",
            "status": "confirmed" if is_to_come else "completed",
            "service_id": SERVICE,
            "start": start,
            "end": start + HOUR_MS // 2,
            "party_size": 1,
            "customer_name": _name(number * PER_BOOKING),
            "customer_email": f"{phone[1:]}@example.org",
            "customer_phone": RARE_PHONE if number == 0 else phone,
            "price_amount": 4500,
            "price_currency": "EUR",
            "payment_status": "paid",
            # Told this late, nobody has to be reminded of it.
            "told_at": start,
            "revision": 2,
            "created_at": moment,
            "updated_at": moment,
        }

    def task(self, number: int) -> Row:
        """Return the task of a row."""
        ended, own = self.ended(number), is_own(number)
        kind, queue = _KINDS[number * 71 % 100], _channel(number)
        of_booking = not own and kind != "message"
        key = f"{self.booking_id(number // PER_BOOKING)}/{kind}/{queue}/{number}"
        return {
            "id": self.id(number),
            "kind": "thumbnail" if own else kind,
            "queue": "low" if own else queue,
            "lane": "low" if own else queue,
            "priority": 50,
            "status": status_of(number),
            "reason": "",
            "booking_id": self._booking_of(number) if of_booking else None,
            "dedupe_key": key if of_booking else None,
            "order_key": None if own else f"{queue}:{_recipient(number)}",
            "args": '{"start": "2026-05-22T10:00:00+00:00"}',
            "attempts": 0 if status_of(number) in UNSENT else 1,
            "quick_tries": 1,
            "rounds": 0,
            "resends": 0,
            "created_at": ended - 5000,
            "due_at": ended - 5000,
            "next_attempt_at": None,
            "useful_until": ended + DAY_MS,
            "finished_at": ended,
            "updated_at": ended,
        }

    def message(self, number: int) -> Row:
        """Return what only a message has."""
        was_sent = status_of(number) not in UNSENT
        return {
            "task_id": self.id(number),
            "channel": _channel(number),
            "recipient": _recipient(number),
            "recipient_name": _name(number),
            "locale": "en",
            "timezone": "UTC",
            "provider": "twilio" if was_sent else None,
            "provider_message_id": f"SM{number:032x}" if was_sent else None,
            "sent_at": self.ended(number) if was_sent else None,
        }

    def own_task(self, number: int) -> Row:
        """Return what only a task of one's own has."""
        return {"task_id": self.id(number), "result": '{"pages": 3}'}

    def attempt(self, number: int) -> Row:
        """Return the attempt that sent a message."""
        ended = self.ended(number)
        return {
            "task_id": self.id(number),
            "number": 1,
            "gate": "low" if is_own(number) else _channel(number),
            "provider": "twilio",
            "text": TEXT,
            "started_at": ended - 200,
            "ended_at": ended,
            "outcome": "accepted",
            "code": "",
            "reason": "",
        }

    def _booking_of(self, number: int) -> str | None:
        nth = number // PER_BOOKING
        return self.booking_id(nth) if nth < self.count // PER_BOOKING else None


def service(now: int) -> Row:
    """Return the service that everybody has booked."""
    return {
        "id": SERVICE,
        "name": "Haircut",
        "duration_minutes": 30,
        "buffer_minutes": 0,
        "capacity": 1_000_000,
        "price_amount": 4500,
        "price_currency": "EUR",
        "active": True,
        "created_at": now,
        "updated_at": now,
    }


def make_id(moment: int, number: int, *, of: int = 8) -> str:
    """Return an id like `domain/ids.py` makes them, of this moment."""
    digits = f"{moment:012x}"
    counter = f"{number % 4096:03x}"
    return f"{digits[:8]}-{digits[8:]}-7{counter}-{of:x}000-{number:012x}"


def is_own(number: int) -> bool:
    """Tell whether a row is a task of one's own."""
    return number % OWN_TASK_EVERY == OWN_TASK_EVERY - 1


def status_of(number: int) -> str:
    """Return how a row ended."""
    return "sent" if is_own(number) else _STATUSES[number * 37 % 100]


def _channel(number: int) -> str:
    return _CHANNELS[number * 53 % 100]


def _phone(number: int) -> str:
    # In no order: who writes and deletes meets another page of the index each time.
    return f"+49151{number * 48_271 % 99_999_989:08}"


def _recipient(number: int) -> str:
    if number == 0:
        return RARE_PHONE
    phone = _phone(number // PER_BOOKING)
    return f"{phone[1:]}@example.org" if _channel(number) == "email" else phone


def _name(number: int) -> str:
    return RARE_NAME if number == 0 else f"Customer {number // PER_BOOKING:x}"
