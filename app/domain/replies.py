"""What a customer's message means: a keyword, if it is the whole message.

`services/replies.py` does what it asks for. "STOP" is an opt-out, "stop by at 5" is a
sentence for a person to read.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.ids import REFERENCE_LENGTH, REFERENCE_LETTERS
from app.domain.keywords import ENDS_MESSAGES, KEYWORDS, Meaning
from app.domain.recipients import Channel

#: Letters of the longest message that can be a keyword with what may follow it.
_LONGEST = 60
_REFERENCE = rf"(?P<reference>[{REFERENCE_LETTERS.lower()}]{{{REFERENCE_LENGTH}}})"
#: A keyword may be followed by the reference of the booking that is meant.
_WITH_REFERENCE = re.compile(rf"(?P<word>.+?) {_REFERENCE}")
_MINUTES = r"\d{1,3}( ?(m|min|mins|minute|minutes|minutos))?"
_LATE_FIRST = re.compile(rf"(?P<word>\D+?) (by )?{_MINUTES}")
_LATE_LAST = re.compile(rf"{_MINUTES} (de )?(?P<word>\D+)")
#: Only these are about one booking.
_ABOUT_A_BOOKING = frozenset({Meaning.CONFIRM, Meaning.CANCEL, Meaning.LATE})


class Topic(StrEnum):
    """What an answer to a customer's message is about."""

    STOPPED = "stopped"  # no more messages on this channel
    STARTED = "started"  # messages again
    HELP = "help"  # who we are, and which words we know
    COMING = "coming"  # the customer confirmed that they come
    LATE = "late"  # the staff was told
    CANCELLED = "cancelled"  # where no other message tells of it
    CANCELLED_BEFORE = "cancelled_before"  # there was nothing left to cancel
    BEGUN = "begun"  # too late to cancel
    WHICH_ONE = "which_one"  # several bookings may be meant
    NO_BOOKING = "no_booking"  # we know of none


@dataclass(frozen=True, kw_only=True)
class Understood:
    """What a message means, in which language, and which booking it names."""

    meaning: Meaning
    #: The keyword itself, in small letters.
    word: str
    language: str
    #: The booking's reference, where the customer wrote it.
    reference: str | None = None
    #: It was taken for an opt-out, but may have been meant for a booking.
    is_ambiguous: bool = False


def understand(text: str, *, channel: Channel) -> Understood | None:
    """Return what the message means, or None where a person must read it."""
    words = _plain(text)
    if not words or len(words) > _LONGEST:
        return None
    if words in ENDS_MESSAGES.get(channel, frozenset()):
        return Understood(
            meaning=Meaning.STOP, word=words, language="en", is_ambiguous=True
        )
    return _keyword(words) or _with_reference(words) or _so_late(words)


def as_opt_out(understood: Understood) -> Understood:
    """Return the same message as an opt-out, whatever else was meant by it."""
    if understood.meaning is Meaning.STOP:
        return understood
    return replace(understood, meaning=Meaning.STOP, is_ambiguous=True)


def _plain(text: str) -> str:
    """Return the words in small letters, without accents and punctuation."""
    letters = unicodedata.normalize("NFKD", text)
    kept = (
        " " if not (c.isalnum() or c.isspace()) else c
        for c in letters
        if not unicodedata.combining(c)
    )
    return " ".join("".join(kept).casefold().split())


def _keyword(words: str) -> Understood | None:
    found = _BY_WORD.get(words)
    if found is None:
        return None
    meaning, language = found
    return Understood(meaning=meaning, word=words, language=language)


def _with_reference(words: str) -> Understood | None:
    match = _WITH_REFERENCE.fullmatch(words)
    found = match and _keyword(match["word"])
    if not match or not found or found.meaning not in _ABOUT_A_BOOKING:
        return None
    return Understood(
        meaning=found.meaning,
        word=found.word,
        language=found.language,
        reference=match["reference"].upper(),
    )


def _so_late(words: str) -> Understood | None:
    """Understand `late 10`, `10 min late` and `20 minutos tarde`."""
    match = _LATE_FIRST.fullmatch(words) or _LATE_LAST.fullmatch(words)
    found = match and _keyword(match["word"])
    return found if found and found.meaning is Meaning.LATE else None


def _by_word() -> Mapping[str, tuple[Meaning, str]]:
    return {
        word: (meaning, language)
        for meaning, languages in KEYWORDS.items()
        for language, words in languages.items()
        for word in words
    }


_BY_WORD = _by_word()
