"""Text from outside is made harmless, and otherwise left alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.plain_text import (
    clean_line,
    clean_text,
    header_line,
    shortened,
    tidy_lines,
    without_links,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("  Maria \t Lopez ", "Maria Lopez"),
        ("Maria\r\nBcc: eve@evil.example", "Maria Bcc: eve@evil.example"),
        ("Ma\x00ri\x07a\x1b[31m", "Maria[31m"),
        ("Maria\u202egnp.exe\u202c", "Mariagnp.exe"),
        ("\u2066Maria\u2069", "Maria"),
        ("one\u2028two\u2029three\x85four", "one two three four"),
        ("half \ud83d a pair", "half a pair"),
        ("مريم 李明 Łukasz 👩‍🦰", "مريم 李明 Łukasz 👩‍🦰"),
    ],
)
def test_a_line_keeps_its_letters_and_loses_what_acts(raw: str, clean: str) -> None:
    assert clean_line(raw) == clean


def test_a_text_keeps_its_lines() -> None:
    raw = "Hello  \r\n\r\n\r\n\r\nwe\x00 are\u202e closed\rtoday\n"

    assert clean_text(raw) == "Hello\n\nwe are closed\ntoday"


@given(ANY_TEXT)
def test_no_line_can_break_out_or_fail_to_encode(raw: str) -> None:
    line = clean_line(raw)

    line.encode()
    assert not {unicodedata.category(letter) for letter in line} & {"Cc", "Cs"}
    assert len(line.splitlines()) <= 1
    assert clean_line(line) == line


@given(ANY_TEXT)
def test_cleaning_a_text_twice_changes_nothing_more(raw: str) -> None:
    text = clean_text(raw)

    text.encode()
    assert "\n\n\n" not in text
    assert clean_text(text) == text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Maria Lopez", "Maria Lopez"),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("J.R. Ewing", "J.R. Ewing"),
        ("Dr. O'Neil-Smith jr.", "Dr. O'Neil-Smith jr."),
        ("Win at evil.example/now", "Win at evil. example/now"),
        ("https://evil.example", "httpsevil. example"),
        ("www.evil.example", "www. evil. example"),
        ("evil\u3002example", "evil. example"),
    ],
)
def test_a_name_cannot_be_a_link(name: str, shown: str) -> None:
    assert without_links(name) == shown


def test_an_encoded_word_does_not_reach_a_header() -> None:
    # The subject that made a real Bcc header on Python 3.11.7 (CVE-2024-6923)
    line = header_line("Hi =?UTF-8?Q?=0A?=Bcc: i@e.example\r\nX: y")

    assert "=?" not in line
    assert "\n" not in line


def test_a_long_line_ends_in_dots() -> None:
    assert shortened("a" * 11, limit=10) == "aaaaaaa..."
    assert shortened("a" * 10, limit=10) == "a" * 10


def test_empty_lines_do_not_pile_up() -> None:
    assert tidy_lines("\n\na  \n\n\n\n b\n \n") == "a\n\n b"
