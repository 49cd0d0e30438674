"""How many SMS a text takes, as Twilio counts it."""

from __future__ import annotations

import pytest

from app.simulator.sms_length import segments


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        (160 * "a", 1),
        (161 * "a", 2),  # 153 + 8
        (306 * "a", 2),  # 2 * 153
        (307 * "a", 3),
        (80 * "€", 1),  # 80 * 2 places
        (81 * "€", 2),
        (70 * "ł", 1),
        (71 * "ł", 2),  # 67 + 4
        (134 * "ł", 2),  # 2 * 67
        (135 * "ł", 3),
        (35 * "😀", 1),  # two UTF-16 units each
        (36 * "😀", 2),
    ],
)
def test_text_takes_as_many_sms_as_its_alphabet_allows(text: str, count: int) -> None:
    assert segments(text) == count
