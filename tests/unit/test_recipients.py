"""Numbers as WhatsApp writes them, and as they are."""

from __future__ import annotations

import pytest

from app.domain.recipients import name_on_whatsapp, normal_phone, number_of_whatsapp


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("+5215512345678", "+525512345678"),  # Mexico: the 1 of before 2019
        ("+551187654321", "+5511987654321"),  # São Paulo: the 9 of 2012
    ],
)
def test_a_number_is_known_however_whatsapp_writes_it(
    written: str, number: str
) -> None:
    assert number_of_whatsapp(written) == number
    assert number_of_whatsapp(number) == number
    assert name_on_whatsapp(number) == written
    assert normal_phone(number, region=None) == number


@pytest.mark.parametrize(
    "number",
    [
        "+551132345678",  # a landline
        "+4915112345678",
        "+14155550142",
        "+5491123456789",
        "14155550142",
        "",
    ],
)
def test_all_other_numbers_are_left_alone(number: str) -> None:
    assert number_of_whatsapp(number) == number
    assert name_on_whatsapp(number) == number
