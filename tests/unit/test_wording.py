"""The renderer: facts in words, languages, and whose time it is."""

from __future__ import annotations

import shutil
from dataclasses import FrozenInstanceError, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.facts import Facts
from app.domain.kinds import Kind
from app.domain.money import Money
from app.domain.recipients import Channel
from app.messages.examples import example_facts
from app.messages.shipped import MESSAGES
from app.services.wording import MAX_SUBJECT, Rendered, Wording

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
    locale: str = "en",
    timezone: str = "Europe/Madrid",
) -> str:
    return wording.render(
        kind, Channel.SMS, facts, locale=locale, timezone=timezone
    ).text


def email(facts: Facts = HAIRCUT, *, kind: str = Kind.BOOKING_CONFIRMED) -> Rendered:
    return MADRID.render(
        kind, Channel.EMAIL, facts, locale="en", timezone="Europe/Madrid"
    )


def test_the_fewest_facts_make_a_whole_message() -> None:
    assert sms() == "Salon Rosa: you're booked! Haircut, Fri, May 22 at 2:30 PM."


def test_every_fact_that_is_there_is_told() -> None:
    facts = replace(
        HAIRCUT,
        party_size=2,
        price=Money(4500, "EUR"),
        reference="7KQ2M9",
        manage_url="https://salon.example/b",
    )

    assert sms(facts) == (
        "Salon Rosa: you're booked! Haircut, Fri, May 22 at 2:30 PM, 2 people, "
        "€45.00. Ref 7KQ2M9. Details: https://salon.example/b"
    )


def test_a_price_of_nothing_and_a_party_of_one_are_not_mentioned() -> None:
    facts = replace(HAIRCUT, price=Money(0, "EUR"), party_size=1)

    assert sms(facts) == sms()


@pytest.mark.parametrize(
    ("locale", "business", "begins"),
    [
        ("es", "en", "Salon Rosa: ¡reserva confirmada!"),
        ("es_MX", "en", "Salon Rosa: ¡reserva confirmada!"),
        ("es-MX", "en", "Salon Rosa: ¡reserva confirmada!"),
        ("en_GB", "es", "Salon Rosa: you're booked!"),
        ("fr", "es", "Salon Rosa: ¡reserva confirmada!"),
        ("fr", "de", "Salon Rosa: you're booked!"),
        ("klingon", "es", "Salon Rosa: ¡reserva confirmada!"),
        ("", "", "Salon Rosa: you're booked!"),
    ],
)
def test_the_language_is_the_customer_s_then_the_business_s_then_english(
    locale: str, business: str, begins: str
) -> None:
    wording = Wording(business_locale=business, business_timezone="Europe/Madrid")

    assert sms(wording=wording, locale=locale).startswith(begins)


@pytest.mark.parametrize(
    ("locale", "business", "told"),
    [
        ("es_MX", "en", "vie 22 de may, 2:30 p.m."),
        ("en_GB", "es", "Fri 22 May at 14:30"),
        ("fr", "en_GB", "Fri 22 May at 14:30"),  # never a French date in English
        ("fr", "de", "Fri, May 22 at 2:30 PM"),
    ],
)
def test_dates_are_in_the_locale_whose_words_are_used(
    locale: str, business: str, told: str
) -> None:
    wording = Wording(business_locale=business, business_timezone="Europe/Madrid")

    assert told in sms(wording=wording, locale=locale)


def test_the_html_names_the_language_it_is_in() -> None:
    html = MADRID.render(
        Kind.BOOKING_CONFIRMED,
        Channel.EMAIL,
        HAIRCUT,
        locale="es_MX",
        timezone="Europe/Madrid",
    ).html

    assert html.startswith('<!doctype html>\n<html lang="es-MX" dir="ltr">')


@pytest.mark.parametrize(
    ("timezone", "told"),
    [
        ("Europe/Madrid", "Fri, May 22 at 2:30 PM."),
        ("Europe/Paris", "Fri, May 22 at 2:30 PM."),  # other city, same clocks
        ("Europe/London", "Fri, May 22 at 1:30 PM (London time)."),
        ("America/New_York", "Fri, May 22 at 8:30 AM (New York time)."),
        ("Asia/Kolkata", "Fri, May 22 at 6:00 PM (Kolkata time)."),
        ("Pacific/Auckland", "Sat, May 23 at 12:30 AM (Auckland time)."),
        ("UTC", "Fri, May 22 at 12:30 PM (UTC)."),
    ],
)
def test_a_customer_elsewhere_reads_whose_time_it_is(timezone: str, told: str) -> None:
    assert sms(timezone=timezone).endswith(told)


def test_an_e_mail_always_says_whose_time_it_is() -> None:
    assert "Friday, May 22, 2026, 2:30\u00a0PM (Madrid time)" in email().text
    assert ">Madrid time</span>" in email().html


def test_an_end_on_another_day_is_not_told_as_a_time() -> None:
    overnight = replace(HAIRCUT, end=datetime(2026, 5, 23, 9, 0, tzinfo=UTC))
    same_day = replace(HAIRCUT, end=datetime(2026, 5, 22, 13, 0, tzinfo=UTC))

    assert "2:30\u00a0PM (Madrid" in email(overnight).text
    assert "2:30\u00a0PM \u2013 3:00\u00a0PM (Madrid" in email(same_day).text


def test_an_sms_keeps_to_gsm_7_where_only_typography_is_lost() -> None:
    facts = replace(
        HAIRCUT, service_name="Rosa\u2019s cut \u2013 short", price=Money(45000, "INR")
    )

    text = sms(facts)

    assert "Rosa's cut - short" in text
    assert "INR 450.00" in text
    assert "₹" in email(facts).text


@pytest.mark.parametrize(
    ("status", "locale", "told"),
    [
        ("pending_payment", "en", '"waiting for payment"'),
        ("no_show", "es", "sin asistencia"),
        ("ready_for_pick-up", "en", '"ready for pick-up"'),
    ],
)
def test_a_status_is_told_in_words(status: str, locale: str, told: str) -> None:
    facts = replace(HAIRCUT, old_status="confirmed", new_status=status)

    assert told in sms(facts, kind=Kind.BOOKING_STATUS_CHANGED, locale=locale)


def test_a_free_message_without_a_subject_still_gets_one() -> None:
    facts = Facts(business_name="Salon Rosa", text="We are closed on Monday.")

    assert email(facts, kind=Kind.MESSAGE).subject == "A message from Salon Rosa"


def test_the_lines_of_a_free_message_stay_lines() -> None:
    facts = Facts(business_name="Salon Rosa", text="One\ntwo <b>\n\n\n\nthree")

    message = email(facts, kind=Kind.MESSAGE)

    assert "One\ntwo <b>\n\nthree" in message.text
    assert (
        '<p style="margin:0 0 12px">One<br>\ntwo &lt;b&gt;</p>\n'
        '<p style="margin:0 0 12px">three</p>' in message.html
    )


def test_a_subject_is_one_line_of_bearable_length() -> None:
    facts = replace(
        HAIRCUT, service_name="Cut\r\nBcc: eve@evil.example =?UTF-8?Q?=0A?= " + "a" * 99
    )

    subject = email(facts).subject

    assert subject.isprintable()
    assert "=?" not in subject
    assert len(subject) <= MAX_SUBJECT


def test_rendered_words_cannot_be_changed_afterwards() -> None:
    with pytest.raises(FrozenInstanceError):
        email().text = "other"  # type: ignore[misc]


def test_names_that_are_far_too_long_do_not_stop_a_message() -> None:
    facts = replace(HAIRCUT, service_name="a" * 5000, business_name="b" * 5000)

    assert "aaa..." in sms(facts)
    assert len(sms(facts)) < 500


@pytest.mark.parametrize("kind", list(Kind))
def test_examples_render_in_every_zone_s_reach(kind: Kind) -> None:
    for timezone in ("Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"):
        assert sms(example_facts(kind), kind=kind, timezone=timezone)


def test_a_language_more_is_one_file_and_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "messages"
    shutil.copytree(MESSAGES, folder)
    words = (folder / "_words" / "en.toml").read_text(encoding="utf-8")
    (folder / "_words" / "fr.toml").write_text(words, encoding="utf-8")
    french = folder / Kind.BOOKING_CONFIRMED / "fr"
    french.mkdir()
    text = "{{ business_name }} : {{ start | day }} à {{ start | time }}"
    (french / "sms.txt").write_text(text, encoding="utf-8")
    wording = Wording(
        business_locale="en", business_timezone="Europe/Madrid", folder=folder
    )

    told = sms(wording=wording, locale="fr_CA")
    untold = sms(kind=Kind.BOOKING_REMINDER, wording=wording, locale="fr_CA")

    assert told.startswith("Salon Rosa : vendredi 22 mai à 14 h 30")
    assert untold.startswith("Salon Rosa: see you soon!")
