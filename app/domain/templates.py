"""The owner's own words: versions of a text, and which language of it a customer gets.

Pure. The words that come with Bellhop are version 0 of every text; an owner's versions
are rows (`services/templates.py`), and a message is pinned to one when it is planned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.domain.recipients import Channel

#: The language that every kind has, used where no better one has texts.
LAST_LANGUAGE = "en"
#: The number of the words that come with Bellhop.
SHIPPED = 0


class VersionState(StrEnum):
    """What has become of a version."""

    DRAFT = "draft"  # written, and not in force: not yet, or taken back by a rollback
    LIVE = "live"  # what is planned from now on uses it
    RETIRED = "retired"  # it was in force; what is pinned to it still uses it


@dataclass(frozen=True, kw_only=True)
class TemplateKey:
    """Which text: on what occasion, over which medium, in which language."""

    kind: str
    channel: Channel
    language: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.channel}/{self.language}"


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The words of a version; subject and HTML are for e-mail, empty elsewhere."""

    subject: str = ""
    text: str
    html: str = ""


@dataclass(frozen=True, kw_only=True)
class OwnWords:
    """Words of the owner's as the renderer takes them; version 0: not saved yet."""

    language: str
    version: int = SHIPPED
    texts: Texts


@dataclass(frozen=True, kw_only=True)
class TemplateVersion:
    """One version of a text, as its row tells it."""

    id: str
    key: TemplateKey
    version: int
    texts: Texts
    state: VersionState
    note: str
    created_by: str
    created_at: datetime
    published_at: datetime | None

    @property
    def words(self) -> OwnWords:
        """Its words, as the renderer takes them."""
        return OwnWords(
            language=self.key.language, version=self.version, texts=self.texts
        )


def candidates(locale: str) -> Iterator[str]:
    """Yield `es_MX`, then `es`: the names under which a locale's texts may stand."""
    name = locale.replace("-", "_")
    if name:
        yield name
    if "_" in name:
        yield name.partition("_")[0]


def best_language(
    *, locale: str, business_locale: str, available: Collection[str]
) -> str | None:
    """Return the language whose texts fit best: the customer's, else the business's."""
    for wanted in (locale, business_locale, LAST_LANGUAGE):
        for name in candidates(wanted):
            if name in available:
                return name
    return None
