"""What an owner does to the words: look, write, put in force, take back.

Called by the API and by `templates`. Each text that is saved is a new version; those
that exist never change, because messages that wait are pinned to them (`pins.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.config.sentences import nearest
from app.domain.ids import new_id
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.templates import (
    SHIPPED,
    TemplateKey,
    TemplateVersion,
    Texts,
    VersionState,
)
from app.errors import ConflictError, NotFoundError
from app.logs import fields
from app.messages.shipped import languages, shipped_languages, shipped_texts
from app.storage import templates as store

log = logging.getLogger(__name__)

NOTHING_TO_UNDO = "The words that come with Bellhop are in force already."
CHANGED_JUST_NOW = "Somebody else has changed this text just now; look at it again."


@dataclass(frozen=True, kw_only=True)
class Template:
    """A text as it stands: the version in force (None: ours), and our words for it."""

    key: TemplateKey
    live: TemplateVersion | None
    shipped: Texts | None

    @property
    def version(self) -> int:
        """The number of the version in force."""
        return self.live.version if self.live else SHIPPED

    @property
    def texts(self) -> Texts | None:
        """The words in force; None: the kind has none in this language."""
        return self.live.texts if self.live else self.shipped


@dataclass(frozen=True, kw_only=True)
class Draft:
    """Words to be saved, who wrote them and why."""

    texts: Texts
    note: str = ""
    author: str


def key_of(kind: str, channel: str, language: str) -> TemplateKey:
    """Return the text of that name; raise NotFoundError with the nearest one."""
    language = language.replace("-", "_")
    _must_be("kind", kind, set(Kind))
    _must_be("channel", channel, set(Channel))
    _must_be("language", language, languages())
    return TemplateKey(kind=kind, channel=Channel(channel), language=language)


def look(tx: sa.Connection, key: TemplateKey) -> Template:
    """Return a text as it stands."""
    return Template(key=key, live=store.live(tx, key), shipped=shipped_texts(key))


def look_at_all(tx: sa.Connection) -> list[Template]:
    """Return every text that there is, ours and the owner's."""
    live: Mapping[TemplateKey, TemplateVersion] = {
        version.key: version for version in store.all_live(tx)
    }
    shipped = {
        TemplateKey(kind=kind, channel=channel, language=language)
        for kind in Kind
        for channel in Channel
        for language in shipped_languages(kind, channel)
    }
    return [
        Template(key=key, live=live.get(key), shipped=shipped_texts(key))
        for key in sorted({*live, *shipped}, key=str)
    ]


def find(tx: sa.Connection, key: TemplateKey, number: int) -> TemplateVersion:
    """Return a version of a text; raise NotFoundError where there is none."""
    found = store.find_number(tx, key, number)
    if found is None:
        raise NotFoundError(f"version of {key}", str(number))
    return found


def save(
    tx: sa.Connection, key: TemplateKey, draft: Draft, *, now: datetime
) -> TemplateVersion:
    """Save words as a draft; the same words as the newest version's make no other.

    The caller has tried them out (`template_checks.py`), before this transaction.
    Raises ConflictError where somebody else saves.
    """
    newest = next(iter(store.page(tx, key, before=None, limit=1)), None)
    if newest is not None and newest.texts == draft.texts:
        return newest
    version = TemplateVersion(
        id=new_id(),
        key=key,
        version=newest.version + 1 if newest else SHIPPED + 1,
        texts=draft.texts,
        state=VersionState.DRAFT,
        note=draft.note,
        created_by=draft.author,
        created_at=now,
        published_at=None,
    )
    try:
        store.insert(tx, version)
    except IntegrityError:
        raise ConflictError(CHANGED_JUST_NOW) from None
    return version


def publish(
    tx: sa.Connection, key: TemplateKey, number: int, *, now: datetime
) -> Template:
    """Put a version in force, for what is planned from now on."""
    _put_in_force(tx, find(tx, key, number), published_at=now)
    return look(tx, key)


def roll_back(tx: sa.Connection, key: TemplateKey) -> Template:
    """Put in force what was so before: an earlier version, or the shipped words.

    Raises ConflictError where those are in force already.
    """
    live = store.live(tx, key)
    if live is None or live.published_at is None:
        raise ConflictError(NOTHING_TO_UNDO)
    before = store.published_before(tx, key, live.published_at)
    # It leaves the line of versions, so that a second time goes one step further back.
    store.take_back(tx, live.id)
    if before is None or before.published_at is None:
        return withdraw(tx, key)
    _put_in_force(tx, before, published_at=before.published_at)
    return look(tx, key)


def withdraw(tx: sa.Connection, key: TemplateKey) -> Template:
    """Go back to the words that come with Bellhop; the versions are kept."""
    store.retire(tx, key)
    log.info("Words withdrawn", extra=fields("words_withdrawn", template=str(key)))
    return look(tx, key)


def _put_in_force(
    tx: sa.Connection, version: TemplateVersion, *, published_at: datetime
) -> None:
    store.retire(tx, version.key)
    try:
        store.put_in_force(tx, version.id, published_at=published_at)
    except IntegrityError:
        raise ConflictError(CHANGED_JUST_NOW) from None
    told = fields("words_published", template=str(version.key), version=version.version)
    log.info("Words published", extra=told)


def _must_be(noun: str, name: str, known: Collection[str]) -> None:
    if name not in known:
        raise NotFoundError(noun, name, nearest=str(nearest(name, known)))
