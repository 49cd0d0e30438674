"""The box's database for commands that also do without: `preview`, `send-test`.

Who tries Bellhop out has none yet, and sees the words that come with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from app.broker import SilentDoorbell
from app.config import Settings
from app.domain.recipients import Channel
from app.domain.templates import OwnWords, TemplateKey, best_language
from app.messages.shipped import languages
from app.runtime import Runtime, open_runtime
from app.services import templates
from app.services.pins import PinnedWords, pin_of
from app.storage.database import database_url


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box that is there: its runtime, and a transaction that reads."""

    runtime: Runtime
    tx: sa.Connection

    def words(self, kind: str, channel: Channel, locale: str) -> OwnWords | None:
        """Return the owner's words in force for a reader; None: those of Bellhop."""
        pin = pin_of(self.tx, self.runtime, kind=kind, channel=channel, locale=locale)
        return PinnedWords().find(self.tx, pin)

    def version(
        self, kind: str, channel: Channel, locale: str, number: int
    ) -> OwnWords:
        """Return a version of a reader's text; raise NotFoundError."""
        language = best_language(
            locale=locale,
            business_locale=self.runtime.settings.locale,
            available=languages(),
        )
        key = TemplateKey(kind=kind, channel=channel, language=language or "")
        return templates.find(self.tx, key, number).words


@contextmanager
def box_if_any(settings: Settings) -> Iterator[Box | None]:
    """Open the box; None where there is no database yet.

    Raises StorageUnavailableError where there is one that cannot be read.
    """
    url = sa.make_url(database_url(settings))
    is_file = url.drivername.startswith("sqlite") and url.database
    if is_file and not Path(str(url.database)).exists():
        yield None
        return
    with (
        open_runtime(settings, doorbell=SilentDoorbell()) as runtime,
        runtime.database.read() as tx,
    ):
        yield Box(runtime=runtime, tx=tx)
