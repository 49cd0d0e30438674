"""Quiet hours that customers chose, and what reminders do about quiet hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest

from app.domain.quiet_hours import Window
from app.services import quiet_hours
from app.services.reminders import plan_due_reminders
from app.storage.tables import preferences, tasks
from tests.engine import Engine
from tests.house import count, perform, rows
from tests.nights import DORA, book, house, madrid
from tests.reminding import HOUR, MINUTE


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with house(tmp_path) as opened:
        yield opened


def test_a_customers_own_hours_hold_instead_of_the_houses(engine: Engine) -> None:
    booking = book(engine, madrid("2027-06-20T10:00"))
    siesta = Window(begin=time(14), end=time(17))
    perform(
        engine.runtime,
        lambda tx: quiet_hours.choose(tx, booking, siesta, now=engine.clock.now),
    )

    at_night = engine.message("at night", recipient=DORA.phone)
    engine.work()
    engine.clock.now = madrid("2027-06-02T15:00")
    at_noon = engine.message("at noon", recipient=DORA.phone)
    engine.work()

    assert engine.status(at_night) == "sent"
    assert engine.row(at_noon)["next_attempt_at"] == madrid("2027-06-02T17:00")


def test_hours_of_ones_own_can_be_changed(engine: Engine) -> None:
    booking = book(engine, madrid("2027-06-20T10:00"))
    for window in (
        Window(begin=time(1), end=time(2)),
        Window(begin=time(22), end=time(9)),
    ):
        perform(
            engine.runtime,
            lambda tx, w=window: quiet_hours.choose(
                tx, booking, w, now=engine.clock.now
            ),
        )

    message = engine.message("Hello", recipient=DORA.phone)

    assert engine.row(message)["next_attempt_at"] == madrid("2027-06-02T09:00")


def test_hours_of_ones_own_can_be_given_up_again(engine: Engine) -> None:
    booking = book(engine, madrid("2027-06-20T10:00"))
    for window in (Window(begin=time(1), end=time(2)), None):
        perform(
            engine.runtime,
            lambda tx, w=window: quiet_hours.choose(
                tx, booking, w, now=engine.clock.now
            ),
        )

    assert count(engine.runtime, preferences) == 0


def test_a_reminder_that_the_night_would_make_late_leaves_the_evening_before(
    engine: Engine,
) -> None:
    engine.clock.now = madrid("2027-06-01T12:00")
    early = madrid("2027-06-03T07:30")
    book(engine, early)
    leaves = []

    while engine.clock.now < early:
        if plan_due_reminders(engine.runtime):
            leaves.append(engine.clock.now)
        engine.work()
        engine.clock.advance(minutes=1)

    assert leaves == [madrid("2027-06-02T07:30"), madrid("2027-06-02T20:59")]
    sent = [
        row["status"] for row in rows(engine.runtime, tasks, kind="booking_reminder")
    ]
    assert sent == ["sent", "sent"]


def test_a_change_of_ones_hours_is_seen_by_reminders_that_are_to_come(
    engine: Engine,
) -> None:
    engine.clock.now = madrid("2027-06-01T12:00")
    booking = book(engine, madrid("2027-06-03T07:30"))
    plan_due_reminders(engine.runtime)

    never = Window(begin=time(12, 30), end=time(12, 31))
    perform(
        engine.runtime,
        lambda tx: quiet_hours.choose(tx, booking, never, now=engine.clock.now),
    )
    engine.clock.now = madrid("2027-06-02T07:30")
    plan_due_reminders(engine.runtime)
    engine.clock.now = booking.start - 2 * HOUR - MINUTE
    too_early = plan_due_reminders(engine.runtime)
    engine.clock.advance(minutes=1)

    assert (too_early, plan_due_reminders(engine.runtime)) == (0, 1)


def test_a_reminder_that_may_leave_at_night_is_never_early(tmp_path: Path) -> None:
    with house(tmp_path, '[kinds.booking_reminder]\nquiet_hours = "leave"\n') as engine:
        engine.clock.now = madrid("2027-06-01T12:00")
        start = book(engine, madrid("2027-06-03T07:30")).start
        engine.clock.now = start - 2 * HOUR - MINUTE
        plan_due_reminders(engine.runtime)
        engine.work()
        before = len(engine.texts)

        engine.clock.advance(minutes=1)
        plan_due_reminders(engine.runtime)
        engine.work()

        assert len(engine.texts) == before + 1
