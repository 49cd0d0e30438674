"""Records how an attempt ended, and what follows from it, in one transaction.

Called by delivery right after the provider has answered: from here until the commit a
crash makes the outcome unknown, so nothing else is done in between.
"""

from __future__ import annotations

import logging
import random
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from app.domain.outcomes import Result
from app.domain.retry import Decision, Pauses, Tries, decide
from app.domain.tasks import FINISHED, MOVES, Status
from app.errors import BellhopError
from app.logs import fields
from app.runtime import Runtime
from app.services import dispatch
from app.services.courier import Answer, Courier
from app.storage import delivering
from app.storage.releasing import Rung

log = logging.getLogger(__name__)


def record(courier: Courier, answer: Answer) -> None:
    """Take the answer in hand, and save it."""
    courier.unsaved.append(answer)
    save(courier)


def save(courier: Courier) -> None:
    """Write down every answer in hand with its task's next state; release what is due.

    What cannot be written now (a full disk, a time limit) stays in hand for the next
    call. Raises StorageUnavailableError.
    """
    while courier.unsaved:
        answer = courier.unsaved[0]
        try:
            decision = _decide(courier.runtime, answer)
            rungs = _commit(courier, answer, decision)
        except BellhopError:
            raise
        except Exception:
            # A bug: it would be met before every task. The outcome becomes unknown.
            del courier.unsaved[0]
            raise
        del courier.unsaved[0]
        dispatch.ring(courier.runtime, rungs)
        _log(answer, decision)


def settlement(
    row: sa.RowMapping,
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
        "rounds": row["rounds"] + decision.is_long_wait,
        "resends": row["resends"] if resends is None else resends,
        "finished_at": now if decision.status in FINISHED else None,
        "now": now,
    }


def _decide(runtime: Runtime, answer: Answer) -> Decision:
    policy, row = runtime.policy, answer.claim.row
    return decide(
        answer.outcome,
        tries=Tries(quick=row["quick_tries"] + 1, rounds=row["rounds"]),
        policy=policy.queues[row["queue"]],
        pauses=Pauses(retry_failed=policy.retry_failed, look_up=policy.look_up),
        now=answer.at,
        chance=random.random,
    )


def _commit(courier: Courier, answer: Answer, decision: Decision) -> list[Rung]:
    with courier.runtime.database.write() as tx:
        _write(tx, answer, decision)
        return dispatch.release_within(tx, courier.runtime)


def _write(tx: sa.Connection, answer: Answer, decision: Decision) -> None:
    claim, outcome = answer.claim, answer.outcome
    task_id = claim.row["id"]
    ended = {
        "ended_at": answer.at,
        "outcome": outcome.result,
        "code": outcome.code,
        "reason": outcome.reason,
    }
    delivering.end_attempt(tx, task_id=task_id, number=claim.number, ended=ended)
    if _settle(tx, answer, decision) and outcome.result is Result.ACCEPTED:
        delivering.mark_sent(
            tx,
            task_id=task_id,
            provider=claim.provider,
            provider_message_id=outcome.provider_message_id,
            sent_at=answer.at,
        )


def _settle(tx: sa.Connection, answer: Answer, decision: Decision) -> bool:
    """Give the task its next state; False where it went on without us.

    Where another one thought us dead and has called the outcome unknown, we know it.
    """
    claim = answer.claim
    to = settlement(claim.row, decision, reason=answer.outcome.reason, now=answer.at)
    if delivering.settle(tx, task_id=claim.row["id"], token=claim.token, to=to):
        return True
    if decision.status not in MOVES[Status.UNKNOWN]:
        return False
    return delivering.settle_unknown(
        tx, task_id=claim.row["id"], number=claim.number, to=to
    )


#: What heals itself is no error; what needs a person is.
_LEVELS = {Status.SENT: logging.INFO, Status.DEAD: logging.ERROR}


def _log(answer: Answer, decision: Decision) -> None:
    claim, outcome = answer.claim, answer.outcome
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
            ms=round(answer.took_s * 1000),
            **trouble,
        ),
    )
