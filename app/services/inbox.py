"""What the staff does with customers' messages: read them, and say that one is done.

Called by the API and by the command `inbox`; `replies.py` fills the inbox.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.domain.inbound import InboxState
from app.errors import NotFoundError
from app.storage import inbox as store


def done(tx: sa.Connection, entry_id: str, *, now: datetime) -> sa.RowMapping:
    """Note that a person has dealt with a message; a second time changes nothing."""
    entry = find(tx, entry_id)
    if entry["state"] == InboxState.DONE:
        return entry
    store.change(tx, entry_id, state=InboxState.DONE, done_at=now)
    return find(tx, entry_id)


def find(tx: sa.Connection, entry_id: str) -> sa.RowMapping:
    """Return a customer's message; raise NotFoundError where there is none."""
    entry = store.find(tx, entry_id)
    if entry is None:
        raise NotFoundError("message", entry_id)
    return entry
