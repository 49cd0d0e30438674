"""Says of what is called off that it may have left, where nobody knows.

Called by whoever ends a message that waits. A provider that knows messages by their key
is not asked what became of one: it is handed over once more, unless it is called off.
"""

from __future__ import annotations

import sqlalchemy as sa

from app.channels.credentials import REPEATS_SAFELY
from app.storage import refusing


def with_doubt(reason: str) -> sa.ColumnElement[str]:
    """Return a reason for an update of tasks, with the doubt where there is one."""
    return refusing.doubted(reason, unasked=REPEATS_SAFELY)
