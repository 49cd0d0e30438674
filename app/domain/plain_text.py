"""Makes text from outside safe to print: no control characters, no surprises.

Called by `services/wording.py` for every value that reaches a template. Escaping for
HTML is Jinja's; nothing here judges what a text says.
"""

from __future__ import annotations

import re

#: Invisible characters that act on their surroundings: C0 and C1 controls, overrides
#: of the writing direction, interlinear marks, and halves of surrogate pairs, which no
#: encoder takes. Tab and line feed stay; a line is split at them first.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)
#: What phones turn into a link: a scheme, or a dot inside a word.
_LINK_PARTS = re.compile(r"://|(?<=\w)[.\u3002\uff0e](?=\w\w)|(?<=www)\.")
#: The start of an encoded word (RFC 2047), which a header parser might decode.
_ENCODED_WORD = re.compile(r"=\?")
#: More than one empty line in a row.
_GAP = re.compile(r"\n{3,}")


def clean_line(value: str) -> str:
    """Return the value on one line, without characters that act unseen."""
    return " ".join(_ACTING.sub("", " ".join(value.split())).split())


def clean_text(value: str) -> str:
    """Return the value without characters that act unseen; its lines stay lines."""
    lines = value.replace("\u2028", "\n").replace("\u2029", "\n\n").splitlines()
    return tidy_lines("\n".join(_ACTING.sub("", line) for line in lines))


def tidy_lines(text: str) -> str:
    """Drop trailing spaces and all but one of several empty lines in a row."""
    lines = [line.rstrip() for line in text.splitlines()]
    return _GAP.sub("\n\n", "\n".join(lines)).strip()


def without_links(name: str) -> str:
    """Break up what a phone would make a link of.

    Whoever books may write any name: `Win at evil.example` must not reach a stranger's
    phone as something to tap on, in our business's name.
    """
    return _LINK_PARTS.sub(lambda part: "" if part[0] == "://" else ". ", name)


def header_line(text: str) -> str:
    """Return the text fit for a mail header: one line, no encoded words."""
    return _ENCODED_WORD.sub("= ?", clean_line(text))


def shortened(text: str, *, limit: int) -> str:
    """Return the text, cut with an ellipsis where it is longer than `limit`."""
    return text if len(text) <= limit else f"{text[: limit - 3].rstrip()}..."
