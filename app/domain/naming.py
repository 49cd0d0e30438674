"""Whether a text names somebody: by their address, not by a part of a longer one.

`ana@example.org` is not named where `mariana@example.org` stands. Texts are looked at
as they are kept: JSON and forms with their escapes.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: What ends just before an address although it looks like a part of it: the escapes of
#: JSON, and of forms, but for those of the letters that an address may hold.
_ESCAPED = (
    r"(?<=\\[nrt])|(?<=\\u[0-9a-fA-F]{4})|(?<=%(?!2[bBdDeE]|5[fF])[0-9a-fA-F]{2})"
)
_NUMBER = re.compile(r"\+?\d+")


def names(text: str, address: str) -> bool:
    """Tell whether the address, or whatever else is looked for, stands in the text."""
    return _pattern(address).search(text) is not None


@lru_cache(maxsize=256)
def _pattern(address: str) -> re.Pattern[str]:
    literal = re.escape(address)
    if _NUMBER.fullmatch(address):
        return re.compile(rf"(?:(?<=%[0-9a-fA-F]{{2}})|(?<!\d)){literal}(?!\d)")
    if "@" in address or "%40" in address:
        before = rf"(?:{_ESCAPED}|(?<!\w)(?<!\w[.+_-]))"
        return re.compile(rf"{before}{literal}(?!\w|[.-]\w)")
    return re.compile(literal)
