"""Realistic facts for every kind, written as a site would send them in `data`.

Used by `preview`, by the API's documentation and by the tests that fill every text;
to add a kind, add its example here.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.facts import Facts, read_facts
from app.domain.kinds import Kind
from app.domain.replies import Topic

_BOOKING: Mapping[str, object] = {
    "service_name": "Haircut & colour",
    "start": "2026-05-22T14:30:00+02:00",
    "end": "2026-05-22T16:00:00+02:00",
    "price": {"amount": 6500, "currency": "EUR"},
    "reference": "7KQ2M9",
    # As long as they are: an example's segments are those of a real message.
    "manage_url": "https://salon.example/b/AaIdtNA8cAC3OJZcFdyoWQ.4nC1pW7Xq0YkRg",
}

#: For each kind the `data` of a request to `POST /notifications`.
EXAMPLES: Mapping[str, Mapping[str, object]] = {
    Kind.BOOKING_CONFIRMED: _BOOKING,
    Kind.BOOKING_CANCELLED: {**_BOOKING, "reason": "Alice is ill"},
    Kind.BOOKING_RESCHEDULED: {
        **_BOOKING,
        "start": "2026-05-26T11:00:00+02:00",
        "end": "2026-05-26T12:30:00+02:00",
        "old_start": "2026-05-22T14:30:00+02:00",
    },
    Kind.BOOKING_STATUS_CHANGED: {
        **_BOOKING,
        "old_status": "confirmed",
        "new_status": "completed",
    },
    Kind.BOOKING_REMINDER: _BOOKING,
    Kind.PAYMENT_RECEIVED: _BOOKING,
    Kind.FOLLOW_UP: {**_BOOKING, "review_url": "https://salon.example/review"},
    Kind.MESSAGE: {
        "subject": "We are closed on Monday",
        "text": "We are closed on Monday, May 25.\n\n"
        "Would you like to come earlier or later? Just write back.",
    },
    Kind.REPLY: {**_BOOKING, "topic": Topic.COMING},
    Kind.ONE_TIME_CODE: {"code": "482913", "minutes": "10", "site": "salon.example"},
}


#: What another language says instead; everything else stays as it is.
IN_LANGUAGE: Mapping[str, Mapping[str, object]] = {
    "es": {
        "service_name": "Corte y color",
        "reason": "Alicia no se encuentra bien",
        "subject": "El lunes cerramos",
        "text": "El lunes, 25 de mayo, cerramos.\n\n"
        "¿Quieres venir antes o después? Escríbenos.",
    }
}


def example_facts(
    kind: str, *, locale: str = "en", business_name: str = "Salon Rosa"
) -> Facts:
    """Return the kind's example in the locale's language."""
    translated = IN_LANGUAGE.get(locale[:2], {})
    example = EXAMPLES[kind]
    return read_facts(
        kind,
        {name: translated.get(name, value) for name, value in example.items()},
        business_name=business_name,
        customer_name="Maria Lopez",
    )
