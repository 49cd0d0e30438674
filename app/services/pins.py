"""To which version of the owner's words a message is pinned, and what it says.

Asked by planning (which version is in force now?) and by delivery (which was it?). A
message keeps the words of the day on which it was planned; to edit a text changes
nothing that waits. Knows nothing of Jinja: the scheduler plans too, and stays small.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection

import sqlalchemy as sa

from app.domain.recipients import Channel
from app.domain.templates import OwnWords, best_language
from app.errors import WordingError
from app.messages.shipped import shipped_languages
from app.runtime import Runtime
from app.storage import templates as store

#: Versions that a process keeps at hand: more than are ever in use at once.
_KEPT = 256


def pin_of(
    tx: sa.Connection, runtime: Runtime, *, kind: str, channel: Channel, locale: str
) -> str | None:
    """Return the id of the owner's version in force for a reader; None: our words."""
    live = store.live_ids(tx, kind=kind, channel=channel)
    if not live:
        return None
    language = language_of(
        runtime, kind=kind, channel=channel, locale=locale, own=live.keys()
    )
    return live.get(language or "")


def language_of(
    runtime: Runtime,
    *,
    kind: str,
    channel: Channel,
    locale: str,
    own: Collection[str],
) -> str | None:
    """Return in which language a reader gets a text, where the owner has `own` ones."""
    return best_language(
        locale=locale,
        business_locale=runtime.settings.locale,
        available=shipped_languages(kind, channel) | set(own),
    )


class PinnedWords:
    """The words of versions by their id, read once: they never change."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, OwnWords] = OrderedDict()

    def find(self, tx: sa.Connection, template_id: str | None) -> OwnWords | None:
        """Return the words of a version; None: those that come with Bellhop."""
        if template_id is None:
            return None
        if template_id not in self._kept:
            version = store.find(tx, template_id)
            if version is None:
                raise WordingError("The words that it was planned with are gone.")
            self._kept[template_id] = version.words
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return self._kept[template_id]
