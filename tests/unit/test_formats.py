"""Times and prices as people read them: zones, both clock changes, every locale."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from babel.localedata import locale_identifiers

from app.domain.formats import Formats, formats_for
from app.domain.money import Money

HALF_PAST_TWELVE = datetime(2026, 5, 22, 12, 30, tzinfo=UTC)
NB = "\u00a0"  # the space that lets no line break in


def formats(locale: str = "en_GB", timezone: str = "Europe/Madrid") -> Formats:
    return formats_for(locale=locale, timezone=timezone)


@pytest.mark.parametrize(
    ("locale", "day", "short_day", "date", "time"),
    [
        ("en", "Friday, May 22", "Fri, May 22", "Friday, May 22, 2026", f"2:30{NB}PM"),
        ("en_GB", "Friday 22 May", "Fri 22 May", "Friday, 22 May 2026", "14:30"),
        (
            "es",
            "viernes, 22 de mayo",
            "vie, 22 may",
            "viernes, 22 de mayo de 2026",
            "14:30",
        ),
        (
            "es_MX",
            "viernes, 22 de mayo",
            "vie 22 de may",
            "viernes, 22 de mayo de 2026",
            f"2:30{NB}p.m.",
        ),
        ("de", "Freitag, 22. Mai", "Fr., 22. Mai", "Freitag, 22. Mai 2026", "14:30"),
        ("ja", "5月22日(金曜日)", "5月22日(金)", "2026年5月22日金曜日", "14:30"),
    ],
)
def test_a_moment_is_told_in_the_reader_s_language(
    locale: str, day: str, short_day: str, date: str, time: str
) -> None:
    reader = formats(locale)

    assert reader.day(HALF_PAST_TWELVE) == day
    assert reader.short_day(HALF_PAST_TWELVE) == short_day
    assert reader.date(HALF_PAST_TWELVE) == date
    assert reader.time(HALF_PAST_TWELVE) == time


@pytest.mark.parametrize(
    ("timezone", "moment", "told"),
    [
        # Madrid: the clock jumps from 02:00 to 03:00 on March 29, 2026, at 01:00 UTC
        ("Europe/Madrid", (2026, 3, 29, 0, 59), "Sunday 29 March 01:59"),
        ("Europe/Madrid", (2026, 3, 29, 1, 0), "Sunday 29 March 03:00"),
        # ... and shows 02:00 to 02:59 twice on October 25
        ("Europe/Madrid", (2026, 10, 24, 23, 59), "Sunday 25 October 01:59"),
        ("Europe/Madrid", (2026, 10, 25, 0, 30), "Sunday 25 October 02:30 (GMT+02:00)"),
        ("Europe/Madrid", (2026, 10, 25, 1, 30), "Sunday 25 October 02:30 (GMT+01:00)"),
        ("Europe/Madrid", (2026, 10, 25, 2, 0), "Sunday 25 October 03:00"),
        # New York: March 8 at 07:00 UTC, November 1 at 06:00 UTC
        ("America/New_York", (2026, 3, 8, 6, 59), "Sunday 8 March 01:59"),
        ("America/New_York", (2026, 3, 8, 7, 0), "Sunday 8 March 03:00"),
        (
            "America/New_York",
            (2026, 11, 1, 5, 30),
            "Sunday 1 November 01:30 (GMT-04:00)",
        ),
        (
            "America/New_York",
            (2026, 11, 1, 6, 30),
            "Sunday 1 November 01:30 (GMT-05:00)",
        ),
        # London's second hour is Greenwich time itself
        ("Europe/London", (2026, 10, 25, 0, 30), "Sunday 25 October 01:30 (GMT+01:00)"),
        ("Europe/London", (2026, 10, 25, 1, 30), "Sunday 25 October 01:30 (UTC)"),
        # Auckland: April 5, 03:00 becomes 02:00; the day before ours
        ("Pacific/Auckland", (2026, 4, 4, 13, 30), "Sunday 5 April 02:30 (GMT+13:00)"),
        ("Pacific/Auckland", (2026, 4, 4, 14, 30), "Sunday 5 April 02:30 (GMT+12:00)"),
        ("Pacific/Auckland", (2026, 9, 26, 14, 0), "Sunday 27 September 03:00"),
        ("Pacific/Auckland", (2026, 12, 31, 11, 0), "Friday 1 January 00:00"),
        # Kolkata: half an hour off, never a change
        ("Asia/Kolkata", (2026, 5, 22, 18, 29), "Friday 22 May 23:59"),
        ("Asia/Kolkata", (2026, 5, 22, 18, 30), "Saturday 23 May 00:00"),
    ],
)
def test_the_reader_s_own_clock_and_calendar_count(
    timezone: str, moment: tuple[int, int, int, int, int], told: str
) -> None:
    reader = formats(timezone=timezone)
    start = datetime(*moment, tzinfo=UTC)

    assert f"{reader.day(start)} {reader.time(start)}" == told


def test_the_offset_in_which_a_moment_comes_makes_no_difference() -> None:
    same = HALF_PAST_TWELVE.astimezone(timezone(timedelta(hours=-7)))

    assert formats().time(same) == formats().time(HALF_PAST_TWELVE) == "14:30"
    assert formats().day(same) == formats().day(HALF_PAST_TWELVE)


@pytest.mark.parametrize(
    ("locale", "money", "printed"),
    [
        ("en", Money(4500, "EUR"), "€45.00"),
        ("es", Money(4500, "EUR"), f"45,00{NB}€"),
        ("es", Money(123456789, "EUR"), f"1.234.567,89{NB}€"),
        ("en", Money(4500, "JPY"), "¥4,500"),
        ("ja", Money(4500, "JPY"), "￥4,500"),
        ("en", Money(4500, "KWD"), f"KWD{NB}4.500"),
        ("es", Money(4500, "KWD"), f"4,500{NB}KWD"),
        ("en_IN", Money(12345678, "INR"), "₹1,23,456.78"),
        ("es_MX", Money(45000, "MXN"), "$450.00"),
        ("es_MX", Money(4500, "EUR"), f"EUR{NB}45.00"),
        ("de_CH", Money(4500, "CHF"), f"CHF{NB}45.00"),
        ("fr", Money(450000, "EUR"), f"4{NB}500,00{NB}€"),
        ("en", Money(450000, "RSD"), f"RSD{NB}4,500.00"),
        ("en", Money(5, "USD"), "$0.05"),
        ("km", Money(4500, "EUR"), "45.00€"),
        ("km", Money(4500, "KWD"), f"4.500{NB}KWD"),
    ],
)
def test_a_price_is_printed_as_the_locale_writes_it(
    locale: str, money: Money, printed: str
) -> None:
    assert formats(locale).money(money) == printed


def test_a_price_can_be_printed_with_the_currency_s_letters() -> None:
    assert formats("en_IN").money_in_code(Money(45000, "INR")) == f"INR{NB}450.00"
    assert formats("es").money_in_code(Money(45000, "INR")) == f"450,00{NB}INR"


@pytest.mark.parametrize(
    ("locale", "timezone", "city"),
    [
        ("en", "Europe/Madrid", "Madrid"),
        ("es", "Europe/London", "Londres"),
        ("es", "America/New_York", "Nueva York"),
        ("en", "America/Argentina/Buenos_Aires", "Buenos Aires"),
        ("en", "UTC", ""),
        ("en", "Etc/GMT+3", ""),
    ],
)
def test_a_zone_is_named_after_its_city(locale: str, timezone: str, city: str) -> None:
    assert formats(locale, timezone).city() == city


def test_clocks_are_compared_at_the_moment_itself() -> None:
    summer, winter = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    reader = formats(timezone="America/Phoenix")

    assert reader.same_time_as("America/Los_Angeles", summer)
    assert not reader.same_time_as("America/Los_Angeles", winter)


def test_every_locale_that_babel_knows_can_be_printed() -> None:
    for locale in locale_identifiers():
        reader = Formats(locale=locale, timezone="Asia/Kolkata")

        told = (
            reader.day(HALF_PAST_TWELVE),
            reader.short_day(HALF_PAST_TWELVE),
            reader.date(HALF_PAST_TWELVE),
            reader.time(HALF_PAST_TWELVE),
            reader.city(),
            reader.money(Money(4500, "EUR")),
        )

        assert all(told), locale
        assert "\u202f" not in told[3], locale
