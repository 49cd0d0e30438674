"""SMS lengths as the networks count them (3GPP TS 23.038)."""

from __future__ import annotations

import pytest

from app.domain.gsm import BASIC, EXTENDED, Encoding, as_gsm, is_gsm, sms_size


def test_the_alphabets_have_the_standard_s_sizes() -> None:
    # 128 places less the escape; ten more behind it (page break counted, CR2 not)
    assert len(BASIC) == 127
    assert len(EXTENDED) == 10
    assert not BASIC & EXTENDED


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        ("", Encoding.GSM_7, 0, 1),
        ("a" * 160, Encoding.GSM_7, 160, 1),
        ("a" * 161, Encoding.GSM_7, 161, 2),
        ("a" * 306, Encoding.GSM_7, 306, 2),  # 2 x 153
        ("a" * 307, Encoding.GSM_7, 307, 3),
        ("€" * 80, Encoding.GSM_7, 160, 1),  # an escape and a letter each
        ("€" * 81, Encoding.GSM_7, 162, 2),
        ("€" * 153, Encoding.GSM_7, 306, 3),  # 76 fit in 153: no pair is torn
        ("á" * 70, Encoding.UCS_2, 70, 1),
        ("á" * 71, Encoding.UCS_2, 71, 2),
        ("á" * 134, Encoding.UCS_2, 134, 2),  # 2 x 67
        ("á" * 135, Encoding.UCS_2, 135, 3),
        ("😀" * 35, Encoding.UCS_2, 70, 1),  # two units each
        ("😀" * 36, Encoding.UCS_2, 72, 2),
        ("😀" * 67, Encoding.UCS_2, 134, 3),  # 33 fit in 67
    ],
)
def test_units_and_segments_are_counted_as_on_the_bill(
    text: str, encoding: Encoding, units: int, segments: int
) -> None:
    size = sms_size(text)

    assert (size.encoding, size.units, size.segments) == (encoding, units, segments)


def test_typographic_marks_become_plain_ones() -> None:
    fine = "Rosa\u2019s \u201cspa\u201d \u2013 2:30\u202fPM\u00a0\u2026 a\u200bb"

    assert as_gsm(fine) == 'Rosa\'s "spa" - 2:30 PM ... ab'
    assert is_gsm(as_gsm(fine))


def test_letters_are_never_changed() -> None:
    names = "Siân Łukasz Ángel Ng\u1ecdc \u674e\u660e"

    assert as_gsm(names) == names
