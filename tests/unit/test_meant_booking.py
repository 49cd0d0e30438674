"""Which booking a customer means, of those under their number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.bookings import Booking, BookingStatus, Customer, PaymentStatus
from app.domain.keywords import Meaning
from app.domain.meant_booking import meant
from app.domain.money import Money

NOW = datetime(2027, 1, 18, 9, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def booking(
    reference: str,
    *,
    starts: timedelta,
    status: BookingStatus = BookingStatus.CONFIRMED,
) -> Booking:
    return Booking(
        id=reference.lower(),
        reference=reference,
        status=status,
        service_id="yoga",
        start=NOW + starts,
        end=NOW + starts + HOUR,
        party_size=1,
        customer=Customer(name="Alice"),
        price=Money(0, "EUR"),
        payment_status=PaymentStatus.NOT_NEEDED,
        created_at=NOW,
        updated_at=NOW,
    )


TOMORROW = booking("TOMRRW2", starts=DAY)
NEXT_WEEK = booking("NEXTWK2", starts=7 * DAY)
GONE = booking("GQNE222", starts=2 * DAY, status=BookingStatus.CANCELLED)
BEGUN = booking("BEGUN22", starts=-HOUR / 2)
LONG_PAST = booking("PAST222", starts=-9 * DAY)
UNPAID = booking("UNPAQD2", starts=DAY, status=BookingStatus.PENDING_PAYMENT)


@pytest.mark.parametrize(
    ("meaning", "bookings", "told", "reference", "expected"),
    [
        ("cancel", [TOMORROW], [], None, TOMORROW),
        ("cancel", [LONG_PAST, TOMORROW, GONE], [], None, TOMORROW),
        # Of several, the one that we wrote of.
        ("cancel", [NEXT_WEEK, TOMORROW], [TOMORROW], None, TOMORROW),
        ("confirm", [NEXT_WEEK, TOMORROW], [NEXT_WEEK], None, NEXT_WEEK),
        # The customer says which one.
        ("cancel", [NEXT_WEEK, TOMORROW], [TOMORROW], "NEXTWK2", NEXT_WEEK),
        ("cancel", [TOMORROW], [], "NEXTWK2", None),
        ("cancel", [UNPAID], [], "UNPAQD2", None),
        # What is over is told about.
        ("cancel", [GONE], [], None, GONE),
        ("cancel", [BEGUN], [], None, BEGUN),
        ("cancel", [LONG_PAST], [], None, None),
        ("cancel", [UNPAID], [], None, None),
        ("cancel", [], [], None, None),
        # Late for what goes on, or begins soon.
        ("late", [BEGUN, TOMORROW], [], None, BEGUN),
        ("late", [NEXT_WEEK], [], None, None),
    ],
)
def test_the_booking_that_is_meant(
    meaning: str,
    bookings: list[Booking],
    told: list[Booking],
    reference: str | None,
    expected: Booking | None,
) -> None:
    found = meant(
        bookings,
        meaning=Meaning(meaning),
        reference=reference,
        told={b.id for b in told},
        now=NOW,
    )

    assert found.booking is expected
    assert not found.several


@pytest.mark.parametrize("told", [[], [TOMORROW, NEXT_WEEK]])
def test_of_several_bookings_none_is_guessed(told: list[Booking]) -> None:
    found = meant(
        [NEXT_WEEK, TOMORROW],
        meaning=Meaning.CANCEL,
        reference=None,
        told={b.id for b in told},
        now=NOW,
    )

    assert found.booking is None
    assert list(found.several) == [TOMORROW, NEXT_WEEK]
