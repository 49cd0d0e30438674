"""Money: what is taken, what is refused, and how many digits a currency has."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision

from app.domain.money import MAX_AMOUNT, MINOR_DIGITS, Money, minor_digits, read_money


@pytest.mark.parametrize(
    ("amount", "currency", "major"),
    [
        (4500, "EUR", "45.00"),
        (1, "USD", "0.01"),
        (4500, "JPY", "4500"),
        (4500, "KRW", "4500"),
        (4500, "KWD", "4.500"),
        (450000, "RSD", "4500.00"),
        (450000, "IDR", "4500.00"),
        (0, "EUR", "0.00"),
    ],
)
def test_minor_units_become_the_main_unit(
    amount: int, currency: str, major: str
) -> None:
    assert str(Money(amount, currency).major) == major


def test_digits_follow_iso_4217_where_babel_tells_what_is_shown() -> None:
    shown_without_digits = ["AFN", "ALL", "IRR", "LAK", "LBP", "MGA", "MMK", "RSD"]

    assert {get_currency_precision(code) for code in shown_without_digits} == {0}
    assert {minor_digits(code) for code in shown_without_digits} == {2}


def test_every_exception_is_a_currency() -> None:
    for code in MINOR_DIGITS:
        assert Money(1, code).major <= Decimal(1)


@pytest.mark.parametrize(
    "amount", [-1, 45.0, True, "4500", None, MAX_AMOUNT + 1, 2**70, float("nan")]
)
def test_an_amount_that_is_no_whole_number_of_minor_units_is_refused(
    amount: object,
) -> None:
    with pytest.raises(ValueError, match="whole number of minor units"):
        Money(amount, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "eur", "EURO", "XYZ", "€", "EUR "])
def test_what_is_no_currency_code_is_refused(currency: str) -> None:
    with pytest.raises(ValueError, match="is not a currency"):
        Money(4500, currency)


def test_the_json_form_is_read() -> None:
    assert read_money({"amount": 4500, "currency": "EUR"}) == Money(4500, "EUR")


@pytest.mark.parametrize(
    "value",
    [
        None,
        45,
        "45 EUR",
        [],
        {},
        {"amount": 4500},
        {"amount": 4500, "currency": "EUR", "cents": 1},
        {"amount": "4500", "currency": "EUR"},
        {"amount": 4500, "currency": None},
        {"amount": 4500, "currency": ["EUR"]},
    ],
)
def test_any_other_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"must be|is not a currency"):
        read_money(value)
