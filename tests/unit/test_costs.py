"""Exact amounts and prices: read, written, rounded, found by country."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.credentials import Mode
from app.domain.costs import (
    Cost,
    has_price,
    price_of,
    read_cost,
    read_limit,
    units_of,
    write_cost,
)
from app.domain.money import Money
from app.domain.price_list import IN_EUROS, PRICES
from app.domain.recipients import Channel, country_of

LIST = {"twilio": {Channel.SMS: {"ES": Cost(74_600, "EUR"), "other": Cost(1, "USD")}}}


@pytest.mark.parametrize(
    ("written", "micros"),
    [
        ("0.0083 USD", 8_300),
        ("20 EUR", 20_000_000),
        ("0.000001 EUR", 1),
        ("0.5 JPY", 500_000),
    ],
)
def test_a_price_is_read_exactly(written: str, micros: int) -> None:
    cost = read_cost(written)

    assert cost.micros == micros
    assert write_cost(cost) == written


@pytest.mark.parametrize(
    "written",
    [
        *("", "20", "20EUR", "-1 EUR", "1 eur", "1 XXQ", "1,5 EUR", "1e3 EUR", "٣ EUR"),
        *("0.0000001 EUR", "9999999999 EUR", 20),
    ],
)
def test_what_is_no_price_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match=r"price|currency|spends"):
        read_cost(written)


@pytest.mark.parametrize("written", ["0", 0, None])
def test_no_limit_is_written_as_a_naught(written: object) -> None:
    assert read_limit(written) is None


@pytest.mark.parametrize(
    ("cost", "money"),
    [
        (Cost(8_300, "USD"), Money(1, "USD")),
        (Cost(4_999, "USD"), Money(0, "USD")),
        (Cost(5_000, "USD"), Money(1, "USD")),
        (Cost(1_500_000, "JPY"), Money(2, "JPY")),
        (Cost(1_500, "KWD"), Money(2, "KWD")),
    ],
)
def test_an_amount_is_rounded_to_the_currency_s_own_units(
    cost: Cost, money: Money
) -> None:
    assert cost.rounded == money


@given(st.integers(0, 10**15), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_a_cost_is_written_as_it_is_read(micros: int, currency: str) -> None:
    cost = Cost(micros, currency)

    assert read_cost(write_cost(cost)) == cost


@pytest.mark.parametrize(
    ("country", "price"),
    [("ES", Cost(74_600, "EUR")), ("FR", Cost(1, "USD")), (None, Cost(1, "USD"))],
)
def test_a_country_has_its_own_price_or_that_of_the_rest(
    country: str | None, price: Cost
) -> None:
    found = price_of(LIST, provider="twilio", channel=Channel.SMS, country=country)

    assert found == price


def test_who_is_not_in_the_list_costs_nothing() -> None:
    for provider, channel in (("smtp", Channel.EMAIL), ("twilio", Channel.WHATSAPP)):
        assert not has_price(LIST, provider=provider, channel=channel)
        assert price_of(LIST, provider=provider, channel=channel, country="ES") is None


def test_an_sms_is_billed_by_the_segment() -> None:
    assert units_of(Channel.SMS, "x" * 161) == 2
    assert units_of(Channel.SMS, "á" * 71) == 2
    assert units_of(Channel.WHATSAPP, "x" * 1000) == 1
    assert Cost(8_300, "USD").times(2) == Cost(16_600, "USD")


@pytest.mark.parametrize(
    ("phone", "country"),
    [
        ("+34612345678", "ES"),
        ("+14155550100", "US"),
        ("+14165550100", "CA"),
        ("+447700900000", "GB"),
        ("+441534123456", "JE"),
        ("+77012345678", "KZ"),
        ("+870773111632", None),
        ("+80012345678", None),
        ("+999", None),
        ("+49", None),
        ("4915112345678", None),
        ("none", None),
    ],
)
def test_a_number_tells_its_country(phone: str, country: str | None) -> None:
    assert country_of(phone) == country


def test_every_list_has_a_price_for_the_rest_and_a_rate_for_its_currency() -> None:
    for channels in PRICES.values():
        for countries in channels.values():
            assert "other" in countries
            assert {price.currency for price in countries.values()} <= set(IN_EUROS)
            assert all(read_cost(write_cost(p)) == p for p in countries.values())


def test_every_list_is_of_a_provider_that_there_is() -> None:
    assert set(PRICES) <= set(Mode)
