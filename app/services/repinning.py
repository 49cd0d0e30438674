"""Moves messages that wait to the words that are in force now, when a person says so.

Called by the API and by `templates migrate`. First it is told how many would move;
then they are moved, if they still are as many.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from app.domain.templates import SHIPPED, TemplateKey
from app.errors import ConflictError
from app.runtime import Runtime
from app.services.pins import language_of
from app.storage import templates as store


@dataclass(frozen=True, kw_only=True)
class Repinning:
    """What waits on other words than those in force, by version, and what was moved."""

    #: The version in force, to which they move.
    version: int
    waiting: Mapping[int, int]
    moved: int = 0

    @property
    def count(self) -> int:
        """How many wait on other words."""
        return sum(self.waiting.values())


def count_waiting(tx: sa.Connection, runtime: Runtime, key: TemplateKey) -> Repinning:
    """Tell how many messages wait on other words than those in force."""
    return _look(tx, runtime, key).told


def repin(
    tx: sa.Connection, runtime: Runtime, key: TemplateKey, *, expected: int
) -> Repinning:
    """Move what waits to the words in force; ConflictError if it is another number."""
    found = _look(tx, runtime, key)
    if found.told.count != expected:
        raise ConflictError(
            f"{found.told.count} messages wait on other words now, not {expected}; "
            "look again."
        )
    moved = store.repin(
        tx,
        kind=key.kind,
        channel=key.channel,
        locales=found.locales,
        to=found.template_id,
    )
    return Repinning(
        version=found.told.version, waiting=found.told.waiting, moved=moved
    )


@dataclass(frozen=True, kw_only=True)
class _Found:
    told: Repinning
    template_id: str | None
    locales: frozenset[str]


def _look(tx: sa.Connection, runtime: Runtime, key: TemplateKey) -> _Found:
    live = store.live(tx, key)
    target = live.id if live else None
    own = store.live_ids(tx, kind=key.kind, channel=key.channel).keys()
    waiting, locales = Counter[int](), set()
    for group in store.waiting(tx, kind=key.kind, channel=key.channel):
        language = language_of(
            runtime, kind=key.kind, channel=key.channel, locale=group.locale, own=own
        )
        if language == key.language and group.template_id != target:
            waiting[_number(tx, group.template_id)] += group.count
            locales.add(group.locale)
    version = live.version if live else SHIPPED
    told = Repinning(version=version, waiting=dict(waiting))
    return _Found(told=told, template_id=target, locales=frozenset(locales))


def _number(tx: sa.Connection, template_id: str | None) -> int:
    version = store.find(tx, template_id) if template_id else None
    return version.version if version else SHIPPED
