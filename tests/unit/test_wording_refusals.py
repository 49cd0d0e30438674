"""What the renderer refuses, and in which words it says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.facts import Facts
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.errors import WordingError
from app.services.wording import LENGTH_LIMITS, Wording

MADRID = Wording(business_locale="en", business_timezone="Europe/Madrid")
HAIRCUT = Facts(
    business_name="Salon Rosa",
    customer_name="Alice",
    service_name="Haircut",
    start=datetime(2026, 5, 22, 12, 30, tzinfo=UTC),
)


def sms(
    facts: Facts = HAIRCUT,
    *,
    kind: str = Kind.BOOKING_CONFIRMED,
    wording: Wording = MADRID,
    timezone: str = "Europe/Madrid",
) -> str:
    return wording.render(kind, Channel.SMS, facts, locale="en", timezone=timezone).text


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(WordingError, match="no kind 'booking_lost'; there are: book"):
        sms(kind="booking_lost")


def test_missing_facts_are_named() -> None:
    with pytest.raises(WordingError, match=r"booking_confirmed needs service_name, st"):
        sms(Facts(business_name="Salon Rosa"))


def test_a_time_without_a_zone_is_refused() -> None:
    naive = HAIRCUT.start.replace(tzinfo=None) if HAIRCUT.start else None

    with pytest.raises(WordingError, match="start has no time zone"):
        sms(replace(HAIRCUT, start=naive))


def test_an_unknown_time_zone_is_refused_rather_than_guessed() -> None:
    for timezone in ("Mars/Olympus", "", "../../etc/passwd"):
        with pytest.raises(WordingError, match="not a known time zone"):
            sms(timezone=timezone)


def test_a_link_that_is_no_web_address_is_refused() -> None:
    with pytest.raises(WordingError, match="manage_url is not a web address"):
        sms(replace(HAIRCUT, manage_url="javascript:alert(1)"))


def test_a_text_of_which_nothing_is_left_is_refused() -> None:
    facts = Facts(business_name="Salon Rosa", text="\u202e\x00")

    with pytest.raises(WordingError, match="sms message would be empty"):
        sms(facts, kind=Kind.MESSAGE)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_text_that_no_provider_takes_is_refused(channel: Channel) -> None:
    facts = Facts(business_name="Salon Rosa", text="a" * LENGTH_LIMITS[channel])
    longer = replace(facts, text=facts.text + "a")

    MADRID.render(Kind.MESSAGE, channel, facts, locale="en", timezone="UTC")
    with pytest.raises(WordingError, match="has 1601 characters; at most 1600"):
        MADRID.render(Kind.MESSAGE, channel, longer, locale="en", timezone="UTC")


def broken(folder: Path, text: str) -> Wording:
    """Return a renderer whose only text is this one."""
    (folder / "_words").mkdir()
    (folder / "_words" / "en.toml").write_text("[statuses]\n")
    (folder / "booking_confirmed" / "en").mkdir(parents=True)
    (folder / "booking_confirmed" / "en" / "sms.txt").write_text(text, encoding="utf-8")
    return Wording(business_locale="en", business_timezone="UTC", folder=folder)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("{{ nonesuch }}", "nobody filled: 'nonesuch' is undefined"),
        ("{{ text }}", "nobody filled: 'text' is undefined"),
        ("{{ words.nonesuch }}", "nobody filled"),
        ("{% if reference %}", "has a mistake in line 1"),
        ("{{ start | nonesuch }}", "has a mistake in line 1"),
        ("{{ end | time }}", "time was not given a time"),
        ("{{ reference | money }}", "money was not given a price"),
        ("{{ service_name + 1 }}", "could not be filled"),
        ("{% include 'footer.txt' %}", "is missing its file footer.txt"),
        ("{{ ''.__class__.__mro__ }}", "nobody filled|unsafe"),
        ("{{ formats.time.__globals__ }}", "unsafe"),
        ("{{ service_name | attr('__class__') }}", "nobody filled|unsafe"),
        ("{% for i in range(999999999) %}x{% endfor %}", "Range too big"),
        ("{{ words.update({'a': 1}) }}", "unsafe|is not safely callable"),
        ("   \n ", "would be empty"),
    ],
)
def test_a_mistake_in_a_text_is_told_in_plain_words(
    tmp_path: Path, text: str, trouble: str
) -> None:
    wording = broken(tmp_path, text)

    with pytest.raises(WordingError, match=trouble):
        sms(wording=wording)


def test_a_kind_without_texts_is_told(tmp_path: Path) -> None:
    wording = broken(tmp_path, "x")

    with pytest.raises(WordingError, match=r"no text booking_reminder/en/sms\.txt"):
        sms(kind=Kind.BOOKING_REMINDER, wording=wording)


def test_errors_do_not_repeat_what_customers_wrote(tmp_path: Path) -> None:
    wording = broken(tmp_path, "{{ customer_name + 1 }}")

    with pytest.raises(WordingError) as raised:
        sms(replace(HAIRCUT, customer_name="Charlie"), wording=wording)

    assert "Charlie" not in str(raised.value)
