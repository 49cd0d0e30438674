"""What a request may reach: the process's runtime and the caller's key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import current_app, g

from app.runtime import Runtime
from app.services.keys import ApiKey, KeyRing
from app.services.links import Links
from app.services.wording import Wording

_NAME = "bellhop"


@dataclass(frozen=True, kw_only=True)
class House:
    """What the API was started with."""

    runtime: Runtime
    keys: KeyRing
    links: Links
    wording: Wording


def settle_in(extensions: dict[str, object], house: House) -> None:
    """Let the requests of an app find the house."""
    extensions[_NAME] = house


def house() -> House:
    """Return what the API was started with."""
    return cast("House", current_app.extensions[_NAME])


def runtime() -> Runtime:
    """Return the process's runtime."""
    return house().runtime


def caller() -> ApiKey:
    """Return the key of the request that is being answered."""
    return cast("ApiKey", g.api_key)
