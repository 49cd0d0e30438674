"""A house with quiet hours from nine to eight, in Madrid, on an evening in June."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.domain.bookings import Booking, Customer
from app.domain.recipients import Channel
from tests.engine import UNLIMITED, Engine, open_engine
from tests.house import make_booking

MADRID = ZoneInfo("Europe/Madrid")
AT_NIGHT = '[quiet_hours]\nhours = "21:00-08:00"\n'
#: Whoever is sent an SMS and nothing else.
DORA = Customer(name="Dora", phone="+34612345678", channels=frozenset({Channel.SMS}))


def madrid(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).astimezone(UTC)


def house(folder: Path, policy: str = "") -> AbstractContextManager[Engine]:
    return open_engine(
        folder,
        now=madrid("2027-06-01T22:30"),
        policy=UNLIMITED + AT_NIGHT + policy,
        BELLHOP_TIMEZONE="Europe/Madrid",
    )


def book(engine: Engine, start: datetime) -> Booking:
    booking = make_booking(
        engine.runtime,
        customer=DORA,
        start=start,
        now=engine.clock.now,
        confirmed=True,
    )
    engine.work()
    return booking
