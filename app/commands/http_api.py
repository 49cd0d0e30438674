"""A small client of Bellhop's own HTTP API, for commands that do as a website does.

Goes straight to the box, whatever proxies the environment names. An answer that is not
a success becomes a BellhopError with the API's own words.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from app.errors import BellhopError

#: Seconds for one answer.
ANSWER_WITHIN_S = 10.0
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back, whatever its status; `body` is None where it was no JSON."""

    status: int
    body: Any
    #: The same request was answered before; nothing was done anew.
    is_replayed: bool


class HttpApi:
    """The API of one running Bellhop; paths begin after `/api/v1`."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self.base_url = base_url
        self._api_key = api_key

    def get(self, path: str, **query: str | int) -> Any:
        """Ask for something."""
        return self._ask("GET", f"{path}?{urlencode(query)}").body

    def post(self, path: str, body: Any, *, idempotency_key: str) -> Reply:
        """Have something done, once for each key."""
        headers = {
            "Idempotency-Key": idempotency_key,
            "Content-Type": "application/json",
        }
        return self._ask("POST", path, headers=headers, content=json.dumps(body))

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: str | None = None,
    ) -> Reply:
        authorized = {"Authorization": f"Bearer {self._api_key}", **(headers or {})}
        url = f"{self.base_url}/api/v1{path}"
        try:
            reply = exchange(url, method=method, headers=authorized, content=content)
        except (OSError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise BellhopError(
                f"The API does not answer at {self.base_url} ({reason}). Start Bellhop "
                "first: `python3 bellhop.py up`."
            ) from None
        if reply.status >= HTTPStatus.BAD_REQUEST or reply.body is None:
            raise BellhopError(self._refusal(reply))
        return reply

    def _refusal(self, reply: Reply) -> str:
        if reply.status == HTTPStatus.UNAUTHORIZED:
            return (
                f"The API at {self.base_url} does not know this directory's API key. "
                "Call the command in the directory in which Bellhop runs."
            )
        if not isinstance(reply.body, dict) or "detail" not in reply.body:
            return f"What answers at {self.base_url} is not Bellhop's API."
        fields = [f"{e['field']} {e['message']}" for e in reply.body.get("errors", [])]
        return " ".join([f"The API says: {reply.body['detail']}", *fields])


def exchange(
    url: str,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: str | None = None,
    within_s: float = ANSWER_WITHIN_S,
) -> Reply:
    """Send one request and return what comes back; OSError where nothing does."""
    request = urllib.request.Request(  # noqa: S310 - the box's own address, always http
        url,
        data=None if content is None else content.encode(),
        headers=dict(headers or {}),
        method=method,
    )
    try:
        with _DIRECT.open(request, timeout=within_s) as response:
            return _reply(response)
    except urllib.error.HTTPError as error:
        with error:
            return _reply(error)


def _reply(response: Any) -> Reply:
    try:
        body = json.load(response)
    except ValueError:
        body = None
    return Reply(
        status=response.status,
        body=body,
        is_replayed="Idempotent-Replayed" in response.headers,
    )
