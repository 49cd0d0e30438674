"""The values that give a task its next state, once it is decided; changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.retry import Decision
from app.domain.tasks import FINISHED
from app.storage.types import Row


def settlement(
    row: Row,
    decision: Decision,
    *,
    reason: str,
    now: datetime,
    resends: int | None = None,
) -> dict[str, Any]:
    """Return the values that give a claimed task its next state."""
    return {
        "status": decision.status,
        "reason": reason,
        "next_attempt_at": decision.next_attempt_at,
        "given_back": int(decision.gives_try_back),
        "rounds": row["rounds"] + decision.is_long_wait,
        "resends": row["resends"] if resends is None else resends,
        "finished_at": now if decision.status in FINISHED else None,
        "now": now,
    }
