"""A house whose SMS cost something: ten to the United States are a day's budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.engine import UNLIMITED, Engine, another_worker, open_engine
from tests.fakes import FakeProvider

MONEY = """
[prices.twilio.sms]
US = "0.1 EUR"
other = "1 EUR"

[budget]
daily = "1 EUR"
monthly = "3 EUR"
"""
#: Ten in the morning in Madrid, and the end of that day there.
NOW = datetime(2027, 1, 18, 9, tzinfo=UTC)
MIDNIGHT = datetime(2027, 1, 18, 23, tzinfo=UTC)


@contextmanager
def open_priced(folder: Path) -> Iterator[Engine]:
    """Open a house of its own in Madrid, with a worker that sends over Twilio."""
    opened = open_engine(
        folder, now=NOW, policy=UNLIMITED + MONEY, BELLHOP_TIMEZONE="Europe/Madrid"
    )
    with opened as engine:
        twilio = another_worker(engine, FakeProvider(name="twilio"))
        yield twilio
        twilio.presence.lock.close()


def spend(engine: Engine, count: int) -> None:
    """Send so many free messages by SMS, each to a number of its own."""
    for number in range(count):
        engine.message("Hi", recipient=f"+1415555{number:04}")
    engine.work()
