"""The SQL of the owner's words: versions, which one is in force, what waits on it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from app.domain.recipients import Channel
from app.domain.templates import TemplateKey, TemplateVersion, Texts, VersionState
from app.storage.prepared import Prepared
from app.storage.tables import UNSENT, notifications, tasks, template_versions
from app.storage.tables.wording import LIVE

_table = template_versions.c
#: Written out, so that the index of what is in force is found (`tables/wording.py`).
_LIVE = sa.text(LIVE)
_LIVE_IDS = Prepared(
    sa.select(_table.language, _table.id).where(
        _table.kind == sa.bindparam("kind"),
        _table.channel == sa.bindparam("channel"),
        _LIVE,
    )
)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Unsent messages of a kind and channel: their locale, the version they keep."""

    locale: str
    #: None: the words that come with Bellhop.
    template_id: str | None
    count: int


def insert(tx: sa.Connection, version: TemplateVersion) -> None:
    """Save a version; it never changes but for its state."""
    row = {
        "id": version.id,
        "kind": version.key.kind,
        "channel": version.key.channel,
        "language": version.key.language,
        "version": version.version,
        "subject": version.texts.subject,
        "text": version.texts.text,
        "html": version.texts.html,
        "state": version.state,
        "note": version.note,
        "created_by": version.created_by,
        "created_at": version.created_at,
        "published_at": version.published_at,
    }
    tx.execute(sa.insert(template_versions), [row])


def find(tx: sa.Connection, template_id: str) -> TemplateVersion | None:
    """Return the version of that id, or None."""
    return _one(tx, _table.id == template_id)


def find_number(
    tx: sa.Connection, key: TemplateKey, number: int
) -> TemplateVersion | None:
    """Return the version of that number, or None."""
    return _one(tx, *_is(key), _table.version == number)


def live(tx: sa.Connection, key: TemplateKey) -> TemplateVersion | None:
    """Return the version in force, or None where it is the shipped words."""
    return _one(tx, *_is(key), _LIVE)


def live_ids(tx: sa.Connection, *, kind: str, channel: str) -> dict[str, str]:
    """Return the ids of the versions in force by their language."""
    return dict(_LIVE_IDS.rows(tx, {"kind": kind, "channel": channel}))


def all_live(tx: sa.Connection) -> list[TemplateVersion]:
    """Return every version in force."""
    query = sa.select(template_versions).where(_LIVE)
    return [_version(row) for row in tx.execute(query).mappings()]


def page(
    tx: sa.Connection, key: TemplateKey, *, before: int | None, limit: int
) -> list[TemplateVersion]:
    """Return versions, the newest first, below the number `before`."""
    query = sa.select(template_versions).where(*_is(key))
    if before is not None:
        query = query.where(_table.version < before)
    query = query.order_by(_table.version.desc()).limit(limit)
    return [_version(row) for row in tx.execute(query).mappings()]


def published_before(
    tx: sa.Connection, key: TemplateKey, moment: datetime
) -> TemplateVersion | None:
    """Return the version that was put in force last before that moment, or None."""
    query = (
        sa.select(template_versions)
        .where(*_is(key), _table.published_at < moment)
        .order_by(_table.published_at.desc())
        .limit(1)
    )
    row = tx.execute(query).mappings().one_or_none()
    return None if row is None else _version(row)


def retire(tx: sa.Connection, key: TemplateKey) -> None:
    """Take the version in force out of force."""
    tx.execute(
        sa.update(template_versions)
        .where(*_is(key), _LIVE)
        .values(state=VersionState.RETIRED)
    )


def take_back(tx: sa.Connection, template_id: str) -> None:
    """Make a version a draft again, as if it had never been published."""
    tx.execute(
        sa.update(template_versions)
        .where(_table.id == template_id)
        .values(state=VersionState.DRAFT, published_at=None)
    )


def put_in_force(
    tx: sa.Connection, template_id: str, *, published_at: datetime
) -> None:
    """Put a version in force; the caller has retired the former one."""
    tx.execute(
        sa.update(template_versions)
        .where(_table.id == template_id)
        .values(state=VersionState.LIVE, published_at=published_at)
    )


def waiting(tx: sa.Connection, *, kind: str, channel: str) -> list[Waiting]:
    """Count what has not left of a kind over a channel, by locale and version."""
    columns = (notifications.c.locale, notifications.c.template_id)
    query = (
        sa.select(*columns, sa.func.count().label("n"))
        .join(tasks, tasks.c.id == notifications.c.task_id)
        .where(tasks.c.kind == kind, notifications.c.channel == channel, _UNSENT)
        .group_by(*columns)
    )
    return [
        Waiting(locale=row.locale, template_id=row.template_id, count=row.n)
        for row in tx.execute(query)
    ]


def repin(
    tx: sa.Connection,
    *,
    kind: str,
    channel: str,
    locales: Collection[str],
    to: str | None,
) -> int:
    """Give what has not left in these locales another version; return how many."""
    chosen = (
        sa.select(tasks.c.id)
        .join(notifications, notifications.c.task_id == tasks.c.id)
        .where(
            tasks.c.kind == kind,
            notifications.c.channel == channel,
            notifications.c.locale.in_(locales),
            _UNSENT,
        )
    )
    moved = tx.execute(
        sa.update(notifications)
        .where(
            notifications.c.task_id.in_(chosen),
            notifications.c.template_id.is_distinct_from(to),
        )
        .values(template_id=to)
    )
    return moved.rowcount


#: As the index of what has not left has it (`tables/tasks.py`).
_UNSENT = sa.text(f"tasks.{UNSENT}")


def _is(key: TemplateKey) -> Sequence[sa.ColumnElement[bool]]:
    return (
        _table.kind == key.kind,
        _table.channel == key.channel,
        _table.language == key.language,
    )


def _one(
    tx: sa.Connection, *conditions: sa.ColumnElement[bool] | sa.TextClause
) -> TemplateVersion | None:
    row = (
        tx.execute(sa.select(template_versions).where(*conditions))
        .mappings()
        .one_or_none()
    )
    return None if row is None else _version(row)


def _version(row: sa.RowMapping) -> TemplateVersion:
    return TemplateVersion(
        id=row["id"],
        key=TemplateKey(
            kind=row["kind"], channel=Channel(row["channel"]), language=row["language"]
        ),
        version=row["version"],
        texts=Texts(subject=row["subject"], text=row["text"], html=row["html"]),
        state=VersionState(row["state"]),
        note=row["note"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        published_at=row["published_at"],
    )
