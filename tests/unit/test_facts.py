"""`data` of a request: what is needed, what is refused, and how it is read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.facts import (
    OPTIONAL_NAMES,
    REQUIRED_NAMES,
    Facts,
    missing_names,
    names_of,
    read_facts,
)
from app.domain.kinds import Kind
from app.domain.money import Money
from app.errors import InvalidError
from app.messages.examples import EXAMPLES

HAIRCUT: dict[str, object] = {
    "service_name": "Haircut",
    "start": "2026-05-22T14:30:00+02:00",
}


def read(kind: str = Kind.BOOKING_CONFIRMED, **data: object) -> Facts:
    return read_facts(kind, {**HAIRCUT, **data}, business_name="Salon Rosa")


def refused(kind: str, data: dict[str, object]) -> dict[str, str]:
    with pytest.raises(InvalidError) as raised:
        read_facts(kind, data, business_name="Salon Rosa")
    return {problem.field: problem.message for problem in raised.value.problems}


def test_every_kind_has_its_names_and_an_example() -> None:
    assert set(REQUIRED_NAMES) == set(OPTIONAL_NAMES) == set(EXAMPLES) == set(Kind)


@pytest.mark.parametrize("kind", list(Kind))
def test_required_and_optional_names_do_not_overlap(kind: Kind) -> None:
    assert REQUIRED_NAMES[kind]
    assert not REQUIRED_NAMES[kind] & OPTIONAL_NAMES[kind]


def test_data_becomes_facts() -> None:
    facts = read(
        price={"amount": 4500, "currency": "EUR"},
        party_size=2,
        manage_url="https://salon.example/b/7KQ2M9?s=1",
        reference=None,
        reason="",
    )

    assert facts == Facts(
        business_name="Salon Rosa",
        service_name="Haircut",
        start=datetime(2026, 5, 22, 12, 30, tzinfo=UTC),
        price=Money(4500, "EUR"),
        party_size=2,
        manage_url="https://salon.example/b/7KQ2M9?s=1",
    )


def test_data_may_name_business_and_customer_itself() -> None:
    facts = read(business_name="Rosa am Markt", customer_name="Alice")

    assert (facts.business_name, facts.customer_name) == ("Rosa am Markt", "Alice")


@pytest.mark.parametrize("kind", list(Kind))
def test_each_required_name_is_missed_by_its_name(kind: Kind) -> None:
    for name in REQUIRED_NAMES[kind]:
        data = {key: value for key, value in EXAMPLES[kind].items() if key != name}

        assert refused(kind, data) == {
            f"data.{name}": "is needed for this kind of message"
        }


def test_all_bad_fields_are_named_at_once() -> None:
    problems = refused(
        Kind.BOOKING_RESCHEDULED,
        {"start": "tomorrow", "price": 45, "manage_link": "https://salon.example"},
    )

    assert list(problems) == [
        "data.old_start",
        "data.service_name",
        "data.start",
        "data.price",
        "data.manage_link",
    ]
    assert "did you mean manage_url?" in problems["data.manage_link"]


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("start", "2026-05-22T14:30:00", "with its offset"),
        ("start", "2026-05-22", "with its offset"),
        ("start", 1779453000, "with its offset"),
        ("start", "0001-01-01T00:00:00+14:00", "with its offset"),
        ("start", "9999-12-31T23:59:59-12:00", "with its offset"),
        ("end", ["2026-05-22T14:30:00Z"], "with its offset"),
        ("price", {"amount": 45.5, "currency": "EUR"}, "whole number"),
        ("price", {"amount": 2**70, "currency": "EUR"}, "whole number"),
        ("price", {"amount": 4500, "currency": "euro"}, "is not a currency"),
        ("party_size", 0, "from 1 to 1000"),
        ("party_size", True, "from 1 to 1000"),
        ("party_size", "2", "from 1 to 1000"),
        ("service_name", 5, "must be a text"),
        ("service_name", "  ", "must be a text"),
        ("service_name", "a" * 201, "201 characters"),
        ("reason", {"x": 1}, "must be a text"),
        ("manage_url", "javascript:alert(1)", "web address"),
        ("manage_url", "https://", "web address"),
        ("manage_url", 'https://salon.example/"onclick="x', "web address"),
        ("manage_url", "https://salon.example/ b", "web address"),
        ("manage_url", "https://salon.example/\n", "web address"),
        ("manage_url", "https://salon.example/\u202egnp", "web address"),
        ("manage_url", "ftp://salon.example", "web address"),
        ("text", "Hello", "is not a name that booking_confirmed uses"),
    ],
)
def test_a_bad_value_is_refused_with_advice(
    name: str, value: object, advice: str
) -> None:
    problems = refused(Kind.BOOKING_CONFIRMED, {**HAIRCUT, name: value})

    assert list(problems) == [f"data.{name}"]
    assert advice in problems[f"data.{name}"]


def test_a_free_text_may_be_long_and_have_lines() -> None:
    text = "Line\n" * 1000

    facts = read_facts(Kind.MESSAGE, {"text": text}, business_name="Salon Rosa")

    assert facts.text == text
    assert "data.text" in refused(Kind.MESSAGE, {"text": "a" * 10_001})


def test_missing_names_are_told_in_order() -> None:
    facts = Facts(business_name="", service_name="Haircut")

    assert missing_names(Kind.BOOKING_RESCHEDULED, facts) == (
        "business_name",
        "old_start",
        "start",
    )


def test_a_kind_of_one_s_own_may_have_names_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(REQUIRED_NAMES, "points_won", frozenset({"points"}))
    monkeypatch.setitem(OPTIONAL_NAMES, "points_won", frozenset({"customer_name"}))

    facts = read_facts("points_won", {"points": "12"}, business_name="Salon Rosa")

    assert facts.get("points") == "12"
    assert names_of("points_won") == {"points", "customer_name"}
    assert missing_names("points_won", facts) == ()
