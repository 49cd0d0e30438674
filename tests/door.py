"""The HTTP door as tests use it: one line a request, in the name of any scope.

The application is the real one; only the socket is left out (Flask's test client).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.datastructures import Headers

from app.runtime import Runtime
from app.services import keys
from app.services.keys import Scope
from app.web.app import create_app
from tests.house import ADMIN_KEY

PROBLEM = "application/problem+json"
API = "/api/v1"


@dataclass(frozen=True)
class Answer:
    """An answer: what was asked, its status, headers (in any case) and body."""

    asked: str
    status: int
    headers: Headers
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def bad_fields(self) -> dict[str, str]:
        """The bad fields that a problem document names, with what is wrong."""
        return {error["field"]: error["message"] for error in self.json["errors"]}


@dataclass(frozen=True, kw_only=True)
class Door:
    """The API of one house; paths begin after `/api/v1` unless they begin with `//`."""

    app: Flask
    runtime: Runtime
    key: str | None = ADMIN_KEY
    _keys: dict[Scope, str] = field(default_factory=dict)

    def as_scope(self, scope: Scope) -> Door:
        """Return the same door, asked with a key of this scope."""
        return self.with_key(self.key_of(scope))

    def with_key(self, key: str | None) -> Door:
        """Return the same door, asked with this key (None: with none)."""
        return Door(app=self.app, runtime=self.runtime, key=key, _keys=self._keys)

    def key_of(self, scope: Scope) -> str:
        """Return a key of this scope, made when it is first asked for."""
        if scope not in self._keys:
            made, _ = keys.create(self.runtime, name=f"{scope} key", scope=scope)
            self._keys[scope] = made
        return self._keys[scope]

    def get(self, path: str, **query: object) -> Answer:
        """Ask for something; `from_` stands for the name `from`."""
        named = {name.rstrip("_"): value for name, value in query.items()}
        return self.ask("GET", f"{path}?{urlencode(named)}" if named else path)

    def post(self, path: str, body: object = None, **headers: str) -> Answer:
        """Post a JSON body, or none; `Idempotency_Key=` stands for such a header."""
        content = None if body is None else json.dumps(body)
        return self.ask("POST", path, content=content, headers=headers)

    def patch(self, path: str, body: object, **headers: str) -> Answer:
        """Change something."""
        content = json.dumps(body)
        return self.ask("PATCH", path, content=content, headers=headers)

    def put(self, path: str, body: object) -> Answer:
        """Put something in place of what is there."""
        return self.ask("PUT", path, content=json.dumps(body))

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send any request; `headers` may replace those that are sent by themselves."""
        sent = {"Content-Type": "application/json"} if content is not None else {}
        if self.key is not None:
            sent["Authorization"] = f"Bearer {self.key}"
        sent |= {name.replace("_", "-"): v for name, v in (headers or {}).items()}
        url = path[1:] if path.startswith("//") else API + path
        with self.app.test_client() as client:
            answer = client.open(url, method=method, data=content, headers=sent)
            text = answer.get_data().decode()
            answer.close()
        asked = f"{method} {url} {content!r:.1000}"
        return Answer(asked, answer.status_code, answer.headers, text)


def open_door(runtime: Runtime) -> Door:
    """Make the application of this house and stand before it with the admin key."""
    return Door(app=create_app(runtime), runtime=runtime)


def assert_problem(answer: Answer, status: int, *fields: str) -> None:
    """Fail unless the answer is a problem document that names exactly these fields."""
    told = f"{answer.asked}\n{answer.status} {answer.text}"
    assert answer.status == status, told
    assert answer.headers["Content-Type"] == PROBLEM, told
    document = answer.json
    assert document["status"] == status
    assert document["type"] == "about:blank"
    assert document["title"]
    assert document["detail"]
    named = sorted(error["field"] for error in document.get("errors", []))
    assert named == sorted(fields), told
