"""Prints moments and money for one reader: in their language and their time zone.

Called by the filters of `services/wording_filters.py`; pages may use it too. Times
come in aware (UTC inside) and leave as local words; nothing here reads a clock.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_gmt
from babel.numbers import format_currency, get_currency_symbol

from app.domain.money import Money, minor_digits

#: Narrow no-break space: Babel's choice before AM and PM, a box in older fonts.
_NARROW_SPACE = "\u202f"
_NO_BREAK_SPACE = "\u00a0"
#: Text in a date pattern that is quoted, and so no field.
_QUOTED = re.compile(r"('[^']*')")


class Formats:
    """How one reader sees times and prices; made once for each locale and zone."""

    def __init__(self, *, locale: str, timezone: str) -> None:
        self.locale = Locale.parse(locale)
        self.timezone = timezone
        self._zone = ZoneInfo(timezone)
        skeletons = self.locale.datetime_skeletons
        self._short_day = str(skeletons["MMMEd"].pattern)
        longer = skeletons["MMMMEd"] if "MMMMEd" in skeletons else skeletons["MMMEd"]
        self._day = _in_full(str(longer.pattern))

    def day(self, moment: datetime) -> str:
        """Return the weekday and the day: `Friday, May 22`."""
        return format_date(self._local(moment), self._day, locale=self.locale)

    def short_day(self, moment: datetime) -> str:
        """Return the same in few letters: `Fri, May 22`."""
        return format_date(self._local(moment), self._short_day, locale=self.locale)

    def date(self, moment: datetime) -> str:
        """Return the weekday and the whole date: `Friday, May 22, 2026`."""
        return format_date(self._local(moment), "full", locale=self.locale)

    def time(self, moment: datetime) -> str:
        """Return the time of day: `2:30 PM`.

        In the hour that clocks show twice in autumn, the offset from Greenwich is
        added, because without it nobody could know which of the two is meant.
        """
        local = self._local(moment)
        text = format_time(local, "short", locale=self.locale)
        text = text.replace(_NARROW_SPACE, _NO_BREAK_SPACE)
        if local.replace(fold=0).utcoffset() == local.replace(fold=1).utcoffset():
            return text
        return f"{text} ({self.offset(moment)})"

    def city(self) -> str:
        """Return the city that the time zone is named after, in the language.

        Empty where it is named after none (`UTC`, `Etc/GMT+3`, `EST`).
        """
        area, _, place = self.timezone.rpartition("/")
        if area in {"", "Etc"}:
            return ""
        known = self.locale.time_zones.get(self.timezone, {}).get("city")
        return str(known or place.replace("_", " "))

    def offset(self, moment: datetime) -> str:
        """Return how far the reader's clocks are from Greenwich: `GMT+02:00`, `UTC`."""
        local = self._local(moment)
        return (
            get_timezone_gmt(local, locale=self.locale) if local.utcoffset() else "UTC"
        )

    def same_time_as(self, timezone: str, moment: datetime) -> bool:
        """Say whether clocks there show what the reader's show at that moment."""
        there = moment.astimezone(ZoneInfo(timezone))
        return there.utcoffset() == self._local(moment).utcoffset()

    def money(self, money: Money) -> str:
        """Return the price with its sign: `€45.00`, `45,00 €`, `¥4,500`."""
        return self._money(money, sign="¤")

    def money_in_code(self, money: Money) -> str:
        """Return the price with its currency's letters: `INR 450.00`."""
        return self._money(money, sign="¤¤")

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(UTC).astimezone(self._zone)

    def _money(self, money: Money, *, sign: str) -> str:
        text = format_currency(
            money.major,
            money.currency,
            _money_pattern(self.locale, money.currency, sign),
            locale=self.locale,
            currency_digits=False,
        )
        return text.replace(_NARROW_SPACE, _NO_BREAK_SPACE)


@lru_cache(maxsize=512)
def formats_for(*, locale: str, timezone: str) -> Formats:
    """Return the formats of a reader, made once; ValueError or KeyError if unknown."""
    return Formats(locale=locale, timezone=timezone)


def _in_full(pattern: str) -> str:
    """Spell out weekday and month in a pattern, as Unicode's rules for them say."""
    parts = _QUOTED.split(pattern)
    for index in range(0, len(parts), 2):
        parts[index] = re.sub("E+", "EEEE", parts[index])
        parts[index] = re.sub("MMM+", "MMMM", parts[index])
        parts[index] = re.sub("LLL+", "LLLL", parts[index])
    return "".join(parts)


@lru_cache(maxsize=512)
def _money_pattern(locale: Locale, currency: str, sign: str) -> str:
    digits = minor_digits(currency)
    pattern = str(locale.currency_formats["standard"].pattern)
    pattern = pattern.replace("0.00", "0." + "0" * digits if digits else "0")
    symbol = currency if sign == "¤¤" else get_currency_symbol(currency, locale=locale)
    # Unicode's currency spacing, which Babel leaves out: letters keep their distance.
    if not _is_sign(symbol[-1]):
        pattern = re.sub("¤(?=[#0])", "¤" + _NO_BREAK_SPACE, pattern)
    if not _is_sign(symbol[0]):
        pattern = re.sub("(?<=[#0])¤", _NO_BREAK_SPACE + "¤", pattern)
    return pattern.replace("¤", sign)


def _is_sign(character: str) -> bool:
    return unicodedata.category(character)[0] in "SZ"
