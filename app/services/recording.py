"""Records how an attempt ended, and what follows from it, in one transaction.

Called by delivery right after the provider has answered: from here until the commit a
crash makes the outcome unknown, so nothing else is done in between.
"""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.outcomes import Outcome, Result
from app.domain.retry import Decision, Pauses, Tries, decide
from app.domain.tasks import FINISHED, Status
from app.errors import StorageUnavailableError
from app.logs import fields
from app.runtime import Runtime
from app.services import dispatch
from app.services.courier import Courier
from app.storage import delivering
from app.storage.releasing import Rung

log = logging.getLogger(__name__)

#: A full disk or a locked database is waited for: what was sent must not be forgotten.
STORAGE_PATIENCE_S = 120.0
STORAGE_PAUSE_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An attempt in our hands: its task's row, and what proves that it is ours."""

    row: sa.RowMapping
    provider: str
    token: str
    number: int
    took_s: float


def record(courier: Courier, claim: Claim, outcome: Outcome) -> None:
    """Write the outcome down and the task's next state; then release what is due.

    If the claim was lost meanwhile (another host thought us dead), only the attempt is
    written. Raises StorageUnavailableError when the database stays away for minutes.
    """
    now = utc_now()
    decision = _decide(courier.runtime, claim.row, outcome, now)
    rungs = _write_patiently(courier, claim, outcome, decision, now)
    dispatch.ring(courier.runtime, rungs)
    _log(claim, outcome, decision)


def settlement(
    row: sa.RowMapping,
    decision: Decision,
    *,
    reason: str,
    now: datetime,
    resends: int | None = None,
) -> dict[str, Any]:
    """Return the values that give a claimed task its next state."""
    failed = decision.status is Status.FAILED
    return {
        "status": decision.status,
        "reason": reason,
        "next_attempt_at": decision.next_attempt_at,
        "rounds": row["rounds"] + 1 if failed else row["rounds"],
        "resends": row["resends"] if resends is None else resends,
        "finished_at": now if decision.status in FINISHED else None,
        "now": now,
    }


def _decide(
    runtime: Runtime, row: sa.RowMapping, outcome: Outcome, now: datetime
) -> Decision:
    policy = runtime.policy
    return decide(
        outcome,
        tries=Tries(quick=row["quick_tries"] + 1, rounds=row["rounds"]),
        policy=policy.queues[row["queue"]],
        pauses=Pauses(retry_failed=policy.retry_failed, look_up=policy.look_up),
        now=now,
        chance=random.random,
    )


def _write_patiently(
    courier: Courier, claim: Claim, outcome: Outcome, decision: Decision, now: datetime
) -> list[Rung]:
    give_up_at = time.monotonic() + STORAGE_PATIENCE_S
    while True:
        try:
            with courier.runtime.database.write() as tx:
                _write(tx, claim, outcome, decision, now)
                return dispatch.release_within(tx, courier.runtime)
        except StorageUnavailableError as error:
            if time.monotonic() > give_up_at:
                raise
            log.warning(
                "Outcome not saved yet; trying again",
                extra=fields("outcome_not_saved", id=claim.row["id"], cause=error),
            )
            time.sleep(STORAGE_PAUSE_S)


def _write(
    tx: sa.Connection, claim: Claim, outcome: Outcome, decision: Decision, now: datetime
) -> None:
    task_id = claim.row["id"]
    ended = {
        "ended_at": now,
        "outcome": outcome.result,
        "code": outcome.code,
        "reason": outcome.reason,
    }
    delivering.end_attempt(tx, task_id=task_id, number=claim.number, ended=ended)
    to = settlement(claim.row, decision, reason=outcome.reason, now=now)
    ours = delivering.settle(tx, task_id=task_id, token=claim.token, to=to)
    if ours and outcome.result is Result.ACCEPTED:
        delivering.mark_sent(
            tx,
            task_id=task_id,
            provider=claim.provider,
            provider_message_id=outcome.provider_message_id,
            sent_at=now,
        )


#: What heals itself is no error; what needs a person is.
_LEVELS = {Status.SENT: logging.INFO, Status.DEAD: logging.ERROR}


def _log(claim: Claim, outcome: Outcome, decision: Decision) -> None:
    sent = decision.status is Status.SENT
    trouble = {} if sent else {"code": outcome.code, "reason": outcome.reason}
    log.log(
        _LEVELS.get(decision.status, logging.WARNING),
        "Notification sent" if sent else "Attempt failed",
        extra=fields(
            "notification_sent" if sent else "attempt_failed",
            id=claim.row["id"],
            kind=claim.row["kind"],
            channel=claim.row["channel"],
            provider=claim.provider,
            attempt=claim.number,
            status=decision.status,
            ms=round(claim.took_s * 1000),
            **trouble,
        ),
    )
