"""What providers' files read in a request: a form, a login.

Never raises: what cannot be read is empty, for the provider to refuse.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from app.simulator.wire import Request


def read_form(request: Request) -> Mapping[str, Any]:
    """Return a form's fields; one that comes several times as a list."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if media_type != "application/x-www-form-urlencoded":
        return {}
    form: dict[str, Any] = {}
    text = request.body.decode("utf-8", errors="replace")
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name in form:
            earlier = form[name]
            several = earlier if isinstance(earlier, list) else [earlier]
            form[name] = [*several, value]
        else:
            form[name] = value
    return form


def basic_credentials(header: str) -> bytes:
    """Return `user:password` of a basic login."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        return b""
