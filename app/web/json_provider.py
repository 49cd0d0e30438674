"""JSON in and out through pydantic's parser: fast, and safe against hostile bodies.

Nested a hundred thousand deep, lone surrogates, NaN or numbers of a million digits are
a ValueError there (and 400 here), where Python's own parser raises all kinds of things.
"""

from __future__ import annotations

from typing import Any

from flask.json.provider import JSONProvider
from pydantic_core import from_json, to_json


class StrictJson(JSONProvider):
    """Flask's door to JSON."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Write JSON; moments become RFC 3339 texts."""
        return to_json(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Read JSON; raise ValueError for anything that is not."""
        return from_json(s, allow_inf_nan=False, cache_strings="keys")
