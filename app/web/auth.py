"""Who may do what: each endpoint names its scopes, and what names none is for admins.

The key comes as `Authorization: Bearer …`. Asked before anything of the body is read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Response, current_app, g, request

from app.services.keys import Scope
from app.web.context import house
from app.web.problems import problem

View = TypeVar("View", bound=Callable[..., object])

_SCOPES = "bellhop_scopes"
#: Flask's own endpoint for styles and scripts; there is nothing secret in them.
STATIC_FILES = "static"
#: Everybody, without a key.
OPEN: frozenset[Scope] = frozenset()


def allows(*scopes: Scope) -> Callable[[View], View]:
    """Let keys of these scopes use an endpoint, besides `admin`."""
    return _mark(frozenset({Scope.ADMIN, *scopes}))


def open_to_all(view: View) -> View:
    """Let everybody use an endpoint, without a key."""
    return _mark(OPEN)(view)


def check_key() -> Response | None:
    """Refuse a request whose key is missing, unknown or too weak (before_request)."""
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == STATIC_FILES:
        return None  # 404 or 405: answered by the router; or a page's style
    scopes = getattr(view, _SCOPES, frozenset({Scope.ADMIN}))
    if scopes == OPEN:
        return None
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    found = house().keys.find(key.strip()) if kind.lower() == "bearer" else None
    if found is None:
        detail = "Send a valid API key: `Authorization: Bearer <key>`."
        return problem(401, detail, headers={"WWW-Authenticate": "Bearer"})
    if found.scope not in scopes:
        return problem(403, f"A key of the scope `{found.scope}` may not do this.")
    g.api_key = found
    return None


def _mark(scopes: frozenset[Scope]) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _SCOPES, scopes)
        return view

    return mark
