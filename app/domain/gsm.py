"""How long an SMS is: GSM-7 characters, or UCS-2 as soon as one does not fit.

Called by `services/wording.py` to keep texts in GSM-7 where that changes no letter,
and by whatever shows or counts segments (3GPP TS 23.038).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

#: The basic alphabet: one unit each.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: The extension table: an escape and a character, two units each.
EXTENDED = frozenset("\f^{}\\[~]|€")
_GSM = BASIC | EXTENDED
#: What means the same in GSM-7. Letters are never changed: names belong to people.
_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("\u00a0\u2007\u2009\u200a\u202f\t", " "),
        **dict.fromkeys("\u2018\u2019\u201a\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),
        **dict.fromkeys("\u200b\ufeff\u00ad", ""),
        "\u2022": "-",
        "\u00b7": "-",
        "\u2026": "...",
    }
)


class Encoding(StrEnum):
    """The two alphabets of SMS."""

    GSM_7 = "GSM-7"  # 160 units in one segment, 153 in each of several
    UCS_2 = "UCS-2"  # 70 units in one segment, 67 in each of several


#: Units that fit: alone, and in each of several (the rest numbers the parts).
ROOM = {Encoding.GSM_7: (160, 153), Encoding.UCS_2: (70, 67)}


@dataclass(frozen=True, kw_only=True)
class SmsSize:
    """What a text costs: its alphabet, its length in units, its segments."""

    encoding: Encoding
    units: int
    segments: int


def as_gsm(text: str) -> str:
    """Replace typographic marks and spaces that only look finer than GSM-7's own."""
    return text.translate(_LOOK_ALIKES)


def is_gsm(text: str) -> bool:
    """Say whether every character has a place in GSM-7."""
    return _GSM.issuperset(text)


def unfit_for_gsm(text: str) -> tuple[str, ...]:
    """Return the characters that make a text UCS-2, each once, as they come."""
    found = dict.fromkeys(text)
    return tuple(char for char in found if not is_gsm(char))


def sms_size(text: str) -> SmsSize:
    """Count a text's units and segments, as the networks and the bills do."""
    if len(text) <= ROOM[Encoding.GSM_7][0] and BASIC.issuperset(text):  # as most are
        return SmsSize(encoding=Encoding.GSM_7, units=len(text), segments=1)
    encoding = Encoding.GSM_7 if is_gsm(text) else Encoding.UCS_2
    widths = [_width(character, encoding) for character in text]
    alone, in_parts = ROOM[encoding]
    units = sum(widths)
    segments = 1 if units <= alone else _parts(widths, room=in_parts)
    return SmsSize(encoding=encoding, units=units, segments=segments)


def _width(character: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM_7:
        return 1 if character in BASIC else 2
    return 2 if ord(character) > 0xFFFF else 1


def _parts(widths: Iterable[int], *, room: int) -> int:
    parts, left = 1, room
    for width in widths:
        if width > left:  # two units that belong together are never torn apart
            parts, left = parts + 1, room
        left -= width
    return parts
