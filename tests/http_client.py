"""A plain HTTP client for tests that look at a server's exact answers.

Standard library only, so that what the product's own client does is not in between.
"""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Reply:
    """An answer: its status, headers (names in lower case) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def call(
    method: str,
    url: str,
    *,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Reply:
    """Send one request over a connection of its own."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection = http.client.HTTPConnection(parts.netloc, timeout=timeout_s)
    try:
        connection.request(method, target, body=body, headers=dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, found, content)
    finally:
        connection.close()


def basic(user: str, password: str) -> dict[str, str]:
    """Make the header of Basic authentication."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def form(**fields: object) -> tuple[str, dict[str, str]]:
    """Return a form's body and its header; a list stands for a repeated field."""
    media_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return urlencode(fields, doseq=True), media_type
