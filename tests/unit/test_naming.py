"""Whom a text names: whole addresses, in whatever escapes they are kept."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import pytest

from app.domain.naming import names

ANA = "ana@example.org"
NUMBER = "34911234567"


@pytest.mark.parametrize(
    "text",
    [
        ANA,
        f"Write to {ANA}.",
        f"<{ANA}>",
        f"...{ANA}, or call",
        json.dumps({"text": f"Hello\n{ANA}\nbye"}),
        json.dumps({"text": f"\u00e9{ANA}"}),
        json.dumps({"inner": json.dumps({"a": f"\n{ANA}"})}),
        quote(f"mailto:{ANA}", safe="@"),
    ],
)
def test_an_address_is_named_wherever_it_stands(text: str) -> None:
    assert names(text, ANA)


@pytest.mark.parametrize(
    "text",
    [
        "mariana@example.org",
        "mari.ana@example.org",
        "me+ana@example.org",
        "ana@example.org.mx",
        "ana@example.organic",
        "ana@example.org-hotel.com",
    ],
)
def test_a_part_of_a_longer_address_names_nobody(text: str) -> None:
    assert not names(text, ANA)
    assert not names(json.dumps({"to": [text]}), ANA)
    assert not names(urlencode({"From": text}), quote(ANA, safe=""))


def test_an_address_in_a_form_is_named() -> None:
    form = urlencode({"From": f"Ana <{ANA}>", "Body": "x"})

    assert names(form, quote(ANA, safe=""))


def test_numbers_are_named_as_a_whole() -> None:
    assert names(urlencode({"From": f"+{NUMBER}"}), NUMBER)
    assert names(urlencode({"Body": f"I am {NUMBER}"}), NUMBER)
    assert names(f"Call +{NUMBER}.", f"+{NUMBER}")
    assert not names(f"1{NUMBER}", NUMBER)
    assert not names(f"+{NUMBER}8", f"+{NUMBER}")


def test_other_names_are_looked_for_as_they_are() -> None:
    assert names("inbox/K7M2QXR/1", "K7M2QXR")
