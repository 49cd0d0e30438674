"""What customers see, in a real browser as wide as a phone and without scripts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, Page

from app.domain.bookings import Booking, BookingStatus
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.messages.examples import example_facts
from app.services.links import Links
from app.services.wording import Wording
from tests.browser import PHONE, WINDOW, Look, open_browser, open_page, width_of
from tests.house import make_booking, make_service
from tests.own_page import SPANISH, saved
from tests.served import Served, serve

#: No phone has room for it on one line.
LONG = "Haarverlängerungsbehandlungsnachsorgeberatungstermin & color"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("house")) as box:
        yield box


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with open_page(browser) as opened:
        yield opened


def booked(served: Served) -> Booking:
    service = make_service(served.runtime, name=LONG)
    return make_booking(served.runtime, service, customer=SPANISH, confirmed=True)


def url_of(served: Served, booking: Booking) -> str:
    link = Links(served.runtime).manage_url(booking.id)
    path = link.removeprefix(served.runtime.settings.base_url)
    return f"http://127.0.0.1:{served.port}{path}"


def test_a_customer_comes_by_one_tap(served: Served, page: Page) -> None:
    booking = booked(served)
    page.goto(url_of(served, booking))

    page.get_by_role("button", name="Sí, iré").click()

    assert page.get_by_text("Nos has dicho que vendrás").is_visible()
    assert saved(served.runtime, booking).attendance_confirmed_at is not None


def test_a_customer_moves_a_booking_by_hand(served: Served, page: Page) -> None:
    booking = booked(served)
    zone = ZoneInfo(str(SPANISH.timezone))
    day = (booking.start.astimezone(zone) + timedelta(days=2)).date()
    page.goto(url_of(served, booking))

    page.get_by_role("link", name="Elegir otra hora").click()
    page.get_by_label("Día").fill(day.isoformat())
    page.get_by_role("button", name="Ver las horas libres").click()
    page.get_by_role("button", name="Cambiar a esta hora").click()

    assert page.get_by_text("Así queda tu reserva").is_visible()
    assert saved(served.runtime, booking).start == booking.start + timedelta(days=2)


def test_a_booking_is_cancelled_by_two_taps_and_not_by_one(
    served: Served, page: Page
) -> None:
    booking = booked(served)
    page.goto(url_of(served, booking))
    really = page.get_by_role("button", name="Sí, cancelar")

    assert not really.is_visible()
    page.get_by_text("Cancelar la reserva").click()
    really.click()

    assert page.get_by_text("Cancelada").is_visible()
    assert saved(served.runtime, booking).status is BookingStatus.CANCELLED


def test_a_page_that_refuses_a_wish_goes_on_working(served: Served, page: Page) -> None:
    booking = booked(served)
    page.goto(url_of(served, booking))

    for way in page.get_by_role("checkbox").all():
        way.uncheck()
    page.get_by_role("button", name="Guardar").first.click()
    assert page.get_by_text("deja al menos una forma").is_visible()
    page.get_by_role("button", name="Sí, iré").click()

    assert page.get_by_text("Nos has dicho que vendrás").is_visible()
    assert saved(served.runtime, booking).attendance_confirmed_at is not None


def test_the_calendar_file_is_one_tap_away(served: Served, page: Page) -> None:
    booking = booked(served)
    page.goto(url_of(served, booking))

    with page.expect_download() as download:
        page.get_by_role("link", name="Añadir a mi calendario").click()

    assert download.value.suggested_filename == f"{booking.reference}.ics"
    content = Path(download.value.path()).read_text(encoding="utf-8")
    assert content.startswith("BEGIN:VCALENDAR")


@pytest.mark.parametrize("width", [PHONE, WINDOW])
def test_nothing_of_the_page_is_wider_than_the_screen(
    served: Served, browser: Browser, width: int
) -> None:
    url = url_of(served, booked(served))

    with open_page(browser, width=width) as page:
        for path in ("", "/move"):
            page.goto(url + path)
            assert width_of(page) == width


@pytest.mark.parametrize("look", ["light", "dark"])
def test_page_and_e_mail_are_as_dark_as_the_reader_likes(
    served: Served, browser: Browser, look: Look
) -> None:
    with open_page(browser, look=look) as page:
        page.goto(url_of(served, booked(served)))
        of_page = brightness(page)
        page.set_content(email_of(Kind.BOOKING_CONFIRMED))
        of_email = brightness(page)

    for behind, letters in (of_page, of_email):
        assert (behind < letters) == (look == "dark")
        assert abs(behind - letters) > 150


def brightness(page: Page) -> tuple[float, float]:
    """Return how bright, from 0 to 255, the page is, and the letters of its heading."""
    return (_grey(page, "body", "backgroundColor"), _grey(page, "h1", "color"))


def _grey(page: Page, part: str, what: str) -> float:
    colour = page.evaluate(
        "([part, what]) => getComputedStyle(document.querySelector(part))[what]",
        [part, what],
    )
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


def email_of(kind: Kind) -> str:
    wording = Wording(business_locale="es", business_timezone="Europe/Madrid")
    example = example_facts(kind, locale="es", business_name="Salón Rosa")
    facts = replace(example, service_name=LONG)
    return wording.render(
        kind, Channel.EMAIL, facts, locale="es", timezone="Europe/Madrid"
    ).html


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("width", [PHONE, WINDOW])
def test_nothing_of_an_e_mail_is_wider_than_the_screen(
    browser: Browser, kind: Kind, width: int
) -> None:
    with open_page(browser, width=width) as page:
        page.set_content(email_of(kind))
        assert width_of(page) == width
