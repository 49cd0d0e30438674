"""The forms of a booking's own page: done at once, told truly, refused when late."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.clock import utc_now
from app.domain.bookings import BookingStatus, Customer
from app.domain.recipients import Channel
from app.services import bookings
from app.storage import tables
from tests.door import Door
from tests.house import (
    ALICE,
    BOB,
    change_row,
    in_days,
    make_booking,
    make_service,
    nothing_saved,
    perform,
    rows,
)
from tests.own_page import SPANISH, fill, followed, page, path_of, saved

MADRID = ZoneInfo("Europe/Madrid")


def test_a_customer_who_says_so_is_expected(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    shown = followed(door, fill(door, booking, "come"))

    assert saved(door.runtime, booking).attendance_confirmed_at is not None
    assert "You told us that you will come" in shown.text
    assert "That is done" in shown.text
    assert "/come" not in shown.text


def test_a_customer_cancels_and_the_staff_is_told(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    shown = followed(door, fill(door, booking, "cancel"))

    assert saved(door.runtime, booking).status is BookingStatus.CANCELLED
    assert ">Cancelled<" in shown.text
    assert "That is done" in shown.text
    kinds = {row["kind"] for row in rows(door.runtime, tables.tasks)}
    assert {"booking_cancelled", "staff_alert"} <= kinds


def test_a_second_cancellation_changes_nothing_and_says_how_it_stands(
    door: Door,
) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    fill(door, booking, "cancel")

    with nothing_saved(door.runtime):
        answer = fill(door, booking, "cancel")

    assert answer.status == 409
    assert "nothing was changed" in answer.text
    assert ">Cancelled<" in answer.text
    assert "That is done" not in answer.text


def test_a_customer_moves_to_a_free_time(door: Door) -> None:
    booking = make_booking(door.runtime, customer=SPANISH, confirmed=True)
    day = (booking.start + timedelta(days=2)).astimezone(MADRID).date()

    times = page(door, booking, f"/move?day={day}")
    start = re.findall(r'<option value="([^"]+)"', times.text)[20]
    shown = followed(door, fill(door, booking, "move", start=start))

    moved = saved(door.runtime, booking)
    assert moved.start == datetime.fromisoformat(start)
    assert moved.start.astimezone(MADRID).date() == day
    assert "Así queda tu reserva" in shown.text


def test_a_time_that_is_taken_meanwhile_is_told_and_others_are_offered(
    door: Door,
) -> None:
    service = make_service(door.runtime, capacity=1)
    booking = make_booking(door.runtime, service, confirmed=True)
    wanted = booking.start + timedelta(hours=5)
    make_booking(door.runtime, service, customer=BOB, start=wanted, confirmed=True)

    with nothing_saved(door.runtime):
        answer = fill(door, booking, "move", start=wanted.isoformat())

    assert answer.status == 409
    assert "That time is not free any more" in answer.text
    assert "<option" in answer.text


@pytest.mark.parametrize(
    "start",
    ["", "tomorrow", "2027-01-01T10:00", "1999-01-01T10:00+00:00", "9999-12-31T23:59Z"],
)
def test_a_time_that_was_not_offered_moves_nothing(door: Door, start: str) -> None:
    booking = make_booking(door.runtime, customer=SPANISH, confirmed=True)

    with nothing_saved(door.runtime):
        answer = fill(door, booking, "move", start=start)

    assert answer.status in {409, 422}
    assert "<h1>Elegir otra hora</h1>" in answer.text


CLOSED: dict[str, Callable[[datetime], dict[str, object]]] = {
    "begun": lambda now: {
        "start": now - timedelta(minutes=5),
        "end": now + timedelta(minutes=55),
    },
    "completed": lambda _: {"status": BookingStatus.COMPLETED},
    "cancelled": lambda _: {"status": BookingStatus.CANCELLED},
    "expired": lambda _: {"status": BookingStatus.EXPIRED},
}


@pytest.mark.parametrize("why", CLOSED)
@pytest.mark.parametrize("form", ["come", "cancel", "move"])
def test_what_is_over_or_off_offers_nothing_and_takes_nothing(
    door: Door, form: str, why: str
) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    change_row(door.runtime, tables.bookings, booking.id, **CLOSED[why](utc_now()))

    shown = page(door, booking)
    with nothing_saved(door.runtime):
        answer = fill(door, booking, form, start=in_days(5).isoformat())

    assert f"/{form}" not in shown.text
    assert answer.status == 409
    assert "nothing was changed" in answer.text


def test_reminders_and_news_can_be_ended_and_had_again(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    less = followed(door, fill(door, booking, "messages", channel="email", send="less"))
    [suppression] = rows(door.runtime, tables.suppressions)
    again = followed(door, fill(door, booking, "messages", channel="email", send="all"))

    assert suppression["address"] == ALICE.email
    assert suppression["scope"] == "nonessential"
    assert "You get only what you must know." in less.text
    assert "You get only what you must know." not in again.text
    assert rows(door.runtime, tables.suppressions) == []


@pytest.mark.parametrize(
    ("channel", "send"), [("fax", "less"), ("email", "more"), ("", ""), ("sms", "less")]
)
def test_an_odd_wish_about_messages_changes_nothing(
    door: Door, channel: str, send: str
) -> None:
    by_email = Customer(name="Alice", email="alice@example.org")
    booking = make_booking(door.runtime, customer=by_email, confirmed=True)

    with nothing_saved(door.runtime):
        answer = fill(door, booking, "messages", channel=channel, send=send)

    assert answer.status == 422


def test_a_form_on_another_site_is_refused(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    with nothing_saved(door.runtime):
        answer = door.with_key(None).ask(
            "POST",
            f"{path_of(door, booking)}/cancel",
            headers={"Sec-Fetch-Site": "cross-site"},
        )

    assert answer.status == 403


@pytest.mark.parametrize(
    "form", ["come", "cancel", "move", "messages", "wishes", "quiet"]
)
def test_a_forged_link_takes_no_form(door: Door, form: str) -> None:
    answer = door.with_key(None).ask("POST", f"//b/forged/{form}")

    assert answer.status == 404
    assert "This link is not complete" in answer.text


def test_whoever_comes_second_is_told_how_it_stands(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    shown = page(door, booking)
    perform(
        door.runtime,
        lambda tx: bookings.cancel(tx, door.runtime, booking, now=utc_now(), reason=""),
    )

    answer = fill(door, booking, "come")

    assert "/come" in shown.text
    assert answer.status == 409
    assert ">Cancelled<" in answer.text


def test_a_customer_chooses_language_and_channels(door: Door) -> None:
    booking = make_booking(door.runtime, customer=SPANISH, confirmed=True)

    answer = fill(door, booking, "wishes", language="en", channel="email")
    shown = followed(door, answer)

    customer = saved(door.runtime, booking).customer
    assert (customer.locale, customer.channels) == ("en", {Channel.EMAIL})
    assert '<html lang="en"' in shown.text
    assert "That is done" in shown.text


def test_a_wish_that_changes_nothing_keeps_the_country(door: Door) -> None:
    booking = make_booking(door.runtime, customer=SPANISH, confirmed=True)
    all_ways = ["sms", "whatsapp", "email"]

    fill(door, booking, "wishes", language="es", channel=all_ways)

    assert saved(door.runtime, booking).customer == SPANISH


@pytest.mark.parametrize(
    ("language", "channel"),
    [("tlh", "email"), ("", "email"), ("en", "fax"), ("en", ""), ("en", "sms")],
)
def test_a_wish_that_cannot_be_met_changes_nothing_and_says_so(
    door: Door, language: str, channel: str
) -> None:
    by_email = Customer(name="Alice", email="alice@example.org")
    booking = make_booking(door.runtime, customer=by_email, confirmed=True)

    with nothing_saved(door.runtime):
        answer = fill(door, booking, "wishes", language=language, channel=channel)

    assert answer.status == 422
    assert "leave at least one way to reach you" in answer.text


def test_quiet_hours_are_offered_to_whom_they_may_spare_something(door: Door) -> None:
    by_email = Customer(name="Alice", email="alice@example.org")

    shown = [
        page(door, make_booking(door.runtime, customer=customer, confirmed=True)).text
        for customer in (ALICE, by_email)
    ]

    assert ["Do not disturb me" in text for text in shown] == [True, False]


def test_a_customer_says_when_not_to_be_disturbed_and_takes_it_back(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    hours = {"from": "21:30", "until": "09:00"}
    chosen = followed(door, fill(door, booking, "quiet", **hours))
    kept = rows(door.runtime, tables.preferences)
    none = followed(door, fill(door, booking, "quiet", **dict.fromkeys(hours, "")))

    assert {row["address"] for row in kept} == {ALICE.email, ALICE.phone}
    assert {row["quiet_hours"] for row in kept} == {"21:30-09:00"}
    assert 'value="21:30"' in chosen.text
    assert 'value="21:30"' not in none.text
    assert rows(door.runtime, tables.preferences) == []


@pytest.mark.parametrize(
    ("begin", "end"), [("21:30", ""), ("", "8:00"), ("late", "early"), ("08:00",) * 2]
)
def test_hours_that_are_none_change_nothing_and_say_so(
    door: Door, begin: str, end: str
) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    with nothing_saved(door.runtime):
        answer = fill(door, booking, "quiet", **{"from": begin, "until": end})

    assert answer.status == 422
    assert "Please choose both times" in answer.text
    for name, typed in (("from", begin), ("until", end)):
        assert f'name="{name}" value="{typed}"' in answer.text
