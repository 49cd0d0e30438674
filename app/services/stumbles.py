"""Makes rows right after a delivery that stumbled over something nobody foresaw.

Called by the actor `run`. What had reached the call is unknown; what had not waits a
while, so that a message which stumbles each time holds nobody else back.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.channels.credentials import REPEATS_SAFELY
from app.clock import utc_now
from app.domain.retry import failed_pause
from app.errors import BellhopError
from app.services.courier import Courier
from app.storage import recovering, refusing
from app.storage.recovering import InDoubt


@dataclass(frozen=True, kw_only=True)
class Stumble:
    """Over which task we stumbled, and the error's class (its words may be private)."""

    task_id: str
    error: str
    #: One of ours, with a reason: the database is away. The task is not to blame.
    is_named: bool


def stumble_over(task_id: str, error: BaseException) -> Stumble:
    """Describe an error without its words."""
    return Stumble(
        task_id=task_id,
        error=type(error).__name__,
        is_named=isinstance(error, BellhopError),
    )


def clean_up_after(courier: Courier, stumble: Stumble) -> None:
    """Make what this worker still holds unknown, and let the task wait if it is queued.

    The answers in hand must have been saved before.
    """
    now = utc_now()
    policy = courier.runtime.policy
    look_up_at = now + policy.look_up
    stumbled = f"Bellhop stumbled ({stumble.error})"
    with courier.runtime.database.write() as tx:
        # A worker that holds something is thought busy: no bell would be rung for it.
        recovering.free_look_ups(
            tx, boot_id=courier.boot_id, now=now, look_up_at=look_up_at
        )
        recovering.make_unknown(
            tx,
            boot_id=courier.boot_id,
            message=InDoubt(
                reason=f"{stumbled}; it may have been sent.", clear_up_at=look_up_at
            ),
            # Not at once: this worker would only stumble over it again.
            own=InDoubt(reason=f"{stumbled} while it ran.", clear_up_at=look_up_at),
            now=now,
            at_once=REPEATS_SAFELY,
        )
        rounds = refusing.rounds_of(tx, task_id=stumble.task_id)
        if rounds is None or stumble.is_named:
            return
        refusing.postpone(
            tx,
            task_id=stumble.task_id,
            reason=f"{stumbled} before the call; it is tried again.",
            now=now,
            until=now + failed_pause(rounds, policy.retry_failed),
        )
