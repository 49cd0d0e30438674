"""JSON in and out: fast, and safe against hostile bodies.

Pydantic's parser goes first: nested a hundred thousand deep, half a surrogate pair, NaN
or a number of a million digits are a ValueError there (and 400 here), where Python's
own raises all kinds of things. Python's then refuses what can be read in two ways.
"""

from __future__ import annotations

import json
import math
from typing import Any

from flask.json.provider import JSONProvider
from pydantic_core import from_json, to_json

#: Characters of a bad name that are repeated to its sender.
_SHOWN = 50


class StrictJson(JSONProvider):
    """Flask's door to JSON."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Write JSON; moments become RFC 3339 texts."""
        return to_json(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Read JSON; raise ValueError for anything that is not."""
        from_json(s, allow_inf_nan=False)
        return json.loads(s, object_pairs_hook=_object, parse_float=_finite)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        # Two readers take one name given twice for different values.
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {double[:_SHOWN]!r} is given twice")
    return found


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError(f"the number {digits[:_SHOWN]} is out of range")
    return value
