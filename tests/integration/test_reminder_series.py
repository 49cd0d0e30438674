"""Series of reminders that an owner sets, and thanks after the appointment."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.clock import utc_now
from app.domain.bookings import Booking, BookingStatus, Customer
from app.domain.consent import How, Said, Scope
from app.domain.recipients import Channel
from app.policy import load_policy
from app.services import bookings, catalogue, consent
from app.services.reminders import AGAIN, plan_due_reminders
from app.storage.tables import bookings as bookings_table
from app.storage.tables import tasks
from tests.engine import UNLIMITED, Engine, open_engine
from tests.house import CHARLIE, change_row, make_booking, make_service, perform, rows
from tests.reminding import DAY, HOUR, MINUTE, book, cancel, planned_at, reminders

THANKS = '[reminders]\nfollow_up = "2h"\nreview_url = "https://salon.example/review"\n'


def follow_ups(engine: Engine) -> list[sa.RowMapping]:
    return rows(engine.runtime, tasks, kind="follow_up")


def close(engine: Engine, booking: Booking, status: BookingStatus) -> None:
    perform(
        engine.runtime,
        lambda tx: bookings.change_status(
            tx,
            engine.runtime,
            bookings.find(tx, booking.id),
            to=status,
            now=engine.clock.now,
        ),
    )


def test_a_clinic_reminds_three_times(tmp_path: Path) -> None:
    with open_engine(tmp_path, policy='[reminders]\npreset = "clinic"\n') as engine:
        start = book(engine, ahead=5 * DAY).start

        counts = [
            planned_at(engine, start - before)
            for before in (4 * DAY, 3 * DAY, 2 * DAY, DAY, 3 * HOUR, 2 * HOUR)
        ]

    assert counts == [0, 1, 0, 1, 0, 1]


def test_who_came_is_thanked_with_a_link_for_a_review(tmp_path: Path) -> None:
    with open_engine(tmp_path, policy=UNLIMITED + THANKS) as engine:
        end = book(engine, ahead=DAY).end
        planned_at(engine, end - DAY / 2)

        too_early = planned_at(engine, end + 2 * HOUR - MINUTE)
        counts = [planned_at(engine, end + 2 * HOUR + n * MINUTE) for n in range(3)]
        engine.work()

        (thanks,) = follow_ups(engine)
        assert (too_early, counts) == (0, [1, 0, 0])
        assert thanks["status"] == "sent"
        assert "https://salon.example/review" in engine.texts[-1]


def test_thanks_are_off_unless_they_are_asked_for(engine: Engine) -> None:
    end = book(engine, ahead=DAY).end

    assert planned_at(engine, end + 2 * HOUR) == 0


@pytest.mark.parametrize("status", [BookingStatus.COMPLETED, BookingStatus.NO_SHOW])
def test_who_did_not_come_is_not_thanked(tmp_path: Path, status: BookingStatus) -> None:
    with open_engine(tmp_path, policy=THANKS) as engine:
        booking = book(engine, ahead=DAY)
        engine.clock.now = booking.end
        close(engine, booking, status)

        planned = planned_at(engine, booking.end + 2 * HOUR)

    assert planned == (status is BookingStatus.COMPLETED)


def test_thanks_that_wait_are_not_sent_once_it_was_a_no_show(tmp_path: Path) -> None:
    with open_engine(tmp_path, policy=UNLIMITED + THANKS) as engine:
        booking = book(engine, ahead=DAY)
        planned_at(engine, booking.end + 2 * HOUR)

        close(engine, booking, BookingStatus.NO_SHOW)
        engine.work()

        (thanks,) = follow_ups(engine)
        assert thanks["status"] == "superseded"
        assert "The booking is no show now" in thanks["reason"]


def test_who_was_cancelled_is_neither_reminded_nor_thanked(tmp_path: Path) -> None:
    with open_engine(tmp_path, policy=THANKS) as engine:
        booking = book(engine, ahead=3 * DAY)
        cancel(engine, booking)

        moments = (booking.start - DAY, booking.end + 2 * HOUR)

        assert [planned_at(engine, moment) for moment in moments] == [0, 0]


def test_who_wants_only_what_must_be_known_is_not_reminded(engine: Engine) -> None:
    start = book(engine, ahead=3 * DAY).start
    less = Said(
        channel=Channel.EMAIL, address=CHARLIE.email or "", how=How.LINK, evidence="1"
    )
    perform(
        engine.runtime,
        lambda tx: consent.opt_out(
            tx, engine.runtime, less, now=engine.clock.now, scope=Scope.NONESSENTIAL
        ),
    )

    planned_at(engine, start - DAY)
    engine.work()

    (reminder,) = reminders(engine)
    assert reminder["status"] == "suppressed"
    assert reminder["reason"]


def test_a_service_that_gets_reminders_of_its_own_has_them_for_what_is_booked(
    engine: Engine,
) -> None:
    service = make_service(engine.runtime)
    start = book(engine, ahead=5 * DAY, service=service).start
    planned_at(engine, engine.clock.now)

    perform(
        engine.runtime,
        lambda tx: catalogue.change(
            tx, service.id, {"reminders": (2 * DAY,)}, now=utc_now()
        ),
    )

    assert planned_at(engine, start - 2 * DAY) == 1


@pytest.mark.parametrize("first", [3 * DAY, 25 * HOUR])
def test_who_was_reminded_is_not_reminded_again_because_the_series_is_another(
    engine: Engine, first: timedelta
) -> None:
    service = make_service(engine.runtime)
    start = book(engine, ahead=5 * DAY, service=service).start
    planned_at(engine, start - DAY)

    perform(
        engine.runtime,
        lambda tx: catalogue.change(
            tx, service.id, {"reminders": (first, HOUR)}, now=engine.clock.now
        ),
    )

    counts = [planned_at(engine, start - n * HOUR) for n in (22, 2, 1)]
    assert counts == [0, 0, 1]


def test_reminders_that_are_turned_on_come_for_what_is_booked(tmp_path: Path) -> None:
    silent = "[kinds.booking_reminder]\nsend_before = []\n"
    with open_engine(tmp_path, policy=silent) as engine:
        start = book(engine, ahead=3 * DAY).start
        planned_at(engine, start - 2 * DAY)

        engine.clock.now = start - DAY
        usual = load_policy(tmp_path / "none.toml")
        planned = plan_due_reminders(replace(engine.runtime, policy=usual))

    assert planned == 1


def test_a_run_reads_only_what_is_due(engine: Engine) -> None:
    booking = book(engine, ahead=3 * DAY)
    plan_due_reminders(engine.runtime)

    (row,) = rows(engine.runtime, bookings_table)
    assert row["remind_at"] == min(booking.start - DAY, engine.clock.now + AGAIN)

    planned_at(engine, booking.start - HOUR)

    (row,) = rows(engine.runtime, bookings_table)
    assert row["remind_at"] is None


def test_a_thousand_that_are_overdue_get_one_reminder_each_at_the_usual_pace(
    tmp_path: Path,
) -> None:
    with open_engine(tmp_path) as engine:
        full = make_service(engine.runtime, capacity=1000)
        start = engine.clock.now + 3 * DAY
        (first, *others) = [
            make_booking(
                engine.runtime,
                full,
                customer=Customer(name="Charlie", email=f"charlie{n}@example.org"),
                start=start,
            )
            for n in range(2)
        ]
        _copy(engine, first, times=998)
        for one in (first, *others):
            change_row(engine.runtime, bookings_table, one.id, **_confirmed(engine))

        planned = planned_at(engine, start - HOUR)
        again = planned_at(engine, start - HOUR + MINUTE)
        engine.work()
        a_minute_later = len(engine.texts)

        assert (planned, again) == (1000, 0)
        assert len({row["booking_id"] for row in reminders(engine)}) == 1000
        assert 0 < a_minute_later <= 30  # e-mails a minute, unless an owner says more


def _confirmed(engine: Engine) -> dict[str, object]:
    now = engine.clock.now
    return {"status": "confirmed", "told_at": now, "remind_at": now}


def _copy(engine: Engine, booking: Booking, *, times: int) -> None:
    """Save the same booking so often more, for others: as months of work would have."""
    (row,) = rows(engine.runtime, bookings_table, id=booking.id)
    copies = [
        {
            **row,
            **_confirmed(engine),
            "id": f"{booking.id}-{n}",
            "reference": f"R{n:05}",
            "customer_email": f"dora{n}@example.org",
        }
        for n in range(times)
    ]
    with engine.runtime.database.write() as tx:
        tx.execute(sa.insert(bookings_table), copies)


def test_what_one_run_does_not_reach_the_next_does(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.reminders.MOST_A_RUN", 2)
    together = make_service(engine.runtime, capacity=3)
    start = engine.clock.now + timedelta(days=3)
    for _ in range(3):
        make_booking(
            engine.runtime, together, customer=CHARLIE, start=start, confirmed=True
        )

    counts = [planned_at(engine, start - DAY + n * MINUTE) for n in range(3)]

    assert counts == [2, 1, 0]
