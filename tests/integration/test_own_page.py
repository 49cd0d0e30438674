"""A booking's own page: what a customer sees there, how long, and what nobody sees."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.clock import utc_now
from app.domain.bookings import BookingStatus, Customer
from app.domain.own_page import LINK_LIVES
from app.storage import tables
from tests.clock import stopped_clock
from tests.door import Answer, Door
from tests.house import BOB, change_row, in_days, make_booking
from tests.own_page import SPANISH, fill, page, path_of, saved

MADRID = ZoneInfo("Europe/Madrid")


def test_all_is_in_the_customer_s_language_and_time(door: Door) -> None:
    start = in_days(3).replace(hour=10)
    booking = make_booking(door.runtime, customer=SPANISH, start=start, confirmed=True)

    text = page(door, booking).text

    assert '<html lang="es"' in text
    assert "Confirmada" in text
    assert "Añadir a mi calendario" in text
    assert f"{start.astimezone(MADRID):%H:%M}" in text
    assert not re.search(r"\b(your|booking|the|cancel the)\b", text.lower())


def test_a_language_that_we_do_not_speak_gets_english_dates_too(door: Door) -> None:
    booking = make_booking(door.runtime, customer=Customer(name="Élodie", locale="fr"))

    text = page(door, booking).text

    assert '<html lang="en"' in text
    assert f"{booking.start:%A}" in text


def test_page_and_style_are_light_and_need_no_script(door: Door) -> None:
    booking = make_booking(door.runtime, customer=SPANISH, confirmed=True)
    style = door.with_key(None).get("//static/page.css").text

    for shown in (page(door, booking), page(door, booking, "/move")):
        assert len(shown.text.encode()) + len(style.encode()) < 30_000
        assert "<script" not in shown.text


@pytest.mark.parametrize("day", ["x", "2027-13-01", "9999-12-31", "0001-01-01"])
def test_a_day_that_is_none_offers_nothing_wrong(door: Door, day: str) -> None:
    booking = make_booking(door.runtime, customer=SPANISH, confirmed=True)

    answer = page(door, booking, f"/move?day={day}")

    assert answer.status in {200, 422}
    assert ("<option" in answer.text) == (answer.status == 422)


def test_on_a_night_when_clocks_change_only_real_times_are_offered(door: Door) -> None:
    # On Sunday, March 28, 2027 clocks in Madrid go from 2:00 to 3:00.
    with stopped_clock(datetime(2027, 3, 20, 9, tzinfo=UTC)):
        start = datetime(2027, 3, 28, 12, tzinfo=UTC)
        booking = make_booking(door.runtime, customer=SPANISH, start=start)

        text = page(door, booking, "/move?day=2027-03-28").text

    times = re.findall(r"<option[^>]*>([^<]+)<", text)
    assert times[:5] == ["0:00", "0:30", "1:00", "1:30", "3:00"]
    assert times[-1] == "23:30"


def test_nobody_else_s_booking_is_shown_or_changed(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)
    bobs = make_booking(door.runtime, customer=BOB, confirmed=True)

    shown = page(door, booking)
    fill(door, booking, "cancel", booking_id=bobs.id, reference=bobs.reference)

    assert "Bob" not in shown.text
    assert bobs.reference not in shown.text
    assert saved(door.runtime, bobs).status is BookingStatus.CONFIRMED


def test_a_link_that_says_saved_is_not_believed(door: Door) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    assert "That is done" not in page(door, booking, "?saved=999").text


def test_the_link_works_for_a_month_after_the_appointment_and_then_says_so(
    door: Door,
) -> None:
    booking = make_booking(door.runtime, customer=SPANISH, confirmed=True)
    hour = timedelta(hours=1)

    def ended(end: datetime) -> Answer:
        change_row(door.runtime, tables.bookings, booking.id, start=end - hour, end=end)
        return page(door, booking)

    within, after = (
        ended(utc_now() - LINK_LIVES + hour),
        ended(utc_now() - LINK_LIVES - hour),
    )

    assert within.status == 200
    assert after.status == 410
    assert "Este enlace ha caducado" in after.text
    assert booking.reference not in after.text


def test_a_link_of_which_nothing_is_left_is_a_page(door: Door) -> None:
    answer = door.with_key(None).get("//b/")

    assert answer.status == 404
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "This link is not complete" in answer.text


@pytest.mark.parametrize("rest", ["/", "/cancel", "/wishes", "/x/y"])
def test_whatever_stands_behind_the_link_leads_to_the_page(
    door: Door, rest: str
) -> None:
    booking = make_booking(door.runtime, confirmed=True)

    answer = page(door, booking, rest)

    assert answer.status == 302
    assert f"/{answer.headers['Location']}" == path_of(door, booking)
    assert saved(door.runtime, booking).status is BookingStatus.CONFIRMED


def test_the_time_of_day_that_suited_before_is_offered_first(door: Door) -> None:
    start = in_days(3).replace(hour=15)
    booking = make_booking(door.runtime, start=start, confirmed=True)
    day = (start + timedelta(days=1)).date()

    text = page(door, booking, f"/move?day={day}").text

    [selected] = re.findall(r'<option value="([^"]+)" selected>', text)
    assert datetime.fromisoformat(selected) == start + timedelta(days=1)
