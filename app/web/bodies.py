"""Reads a request's body: JSON objects only, of a size that a booking can have."""

from __future__ import annotations

from typing import Any

from flask import Request, current_app
from werkzeug.exceptions import BadRequest

from app.errors import InvalidError, Problem

#: A body over this is refused with 413 (CONTRACT section 4).
LARGEST_BODY = 64 * 1024
#: Providers tell of many messages at once.
LARGEST_WEBHOOK = 1024 * 1024
WEBHOOKS = "/api/v1/webhooks/"


def largest_body(path: str) -> int:
    """Return how many bytes a body sent to this path may have."""
    return LARGEST_WEBHOOK if path.startswith(WEBHOOKS) else LARGEST_BODY


class JsonRequest(Request):
    """A request whose body is JSON, whatever its Content-Type says (curl: a form)."""

    @property  # type: ignore[misc]  # as below
    def max_content_length(self) -> int:  # type: ignore[override]  # never set here
        """The bytes that a body may have."""
        return largest_body(self.path)

    def get_json(self, *_args: Any, **_options: Any) -> Any:
        """Return the body, which must be an object; nothing at all is an empty one."""
        raw = self.get_data()
        if not raw.strip():
            return {}
        try:
            value = current_app.json.loads(raw)
        except ValueError as error:
            raise BadRequest(f"The body cannot be read as JSON: {error}.") from None
        if not isinstance(value, dict):
            raise InvalidError([Problem("body", "must be a JSON object")])
        return value
