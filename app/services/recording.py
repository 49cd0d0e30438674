"""Records how a piece of work ended, and takes the next one in the same commit.

Called right after the provider has answered: from here until the commit a crash makes
the outcome unknown, so nothing else is done in between.
"""

from __future__ import annotations

import logging
import random

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.circuits import Circuit, after
from app.domain.outcomes import Outcome, Result
from app.domain.retry import Decision, Pauses, Tries, decide
from app.domain.tasks import MOVES, Status
from app.errors import BellhopError
from app.logs import fields
from app.services.courier import Answer, Courier, Ended
from app.services.gates import Gates
from app.services.lookup import log_look_up, said_of_provider, write_look_up
from app.services.settlement import settlement
from app.services.taking import Taken, take_within
from app.storage import delivering

log = logging.getLogger(__name__)


def record_and_take(courier: Courier, ended: Ended) -> Taken:
    """Save how the work in hand ended, and take the next piece in the same commit.

    Where that fails, the end stays in hand for `save`.
    """
    courier.hands.unsaved.append(ended)
    with courier.runtime.database.write() as tx:
        gates = Gates(tx, courier.runtime, now=utc_now())
        decision = _write(tx, courier, gates, ended)
        taken = take_within(tx, courier, gates)
    courier.hands.unsaved.remove(ended)
    _log(ended, decision)
    taken.log()
    return taken


def save(courier: Courier) -> None:
    """Write down every end in hand with its task's next state.

    What cannot be written now (a full disk, a time limit) stays in hand for the next
    call. Raises StorageUnavailableError.
    """
    unsaved = courier.hands.unsaved
    while unsaved:
        try:
            with courier.runtime.database.write() as tx:
                gates = Gates(tx, courier.runtime, now=utc_now())
                decision = _write(tx, courier, gates, unsaved[0])
        except BellhopError:
            raise
        except Exception:
            # A bug: it would be met before every task. The outcome becomes unknown.
            del unsaved[0]
            raise
        _log(unsaved.pop(0), decision)


def _write(tx: sa.Connection, courier: Courier, gates: Gates, ended: Ended) -> Decision:
    if isinstance(ended, Answer):
        decision = _decide(courier, gates, ended)
        _write_answer(tx, ended, decision)
        _note(gates, ended.work.row["channel"], ended.outcome)
    else:
        decision = write_look_up(tx, courier, gates, ended)
        said = said_of_provider(ended)
        if said is not None:
            _note(gates, ended.work.row["channel"], said)
    return decision


def _decide(courier: Courier, gates: Gates, answer: Answer) -> Decision:
    policy, row = courier.runtime.policy, answer.work.row
    return decide(
        answer.outcome,
        tries=Tries(quick=row["quick_tries"] + 1, rounds=row["rounds"]),
        policy=gates.policy(row["queue"]),
        pauses=Pauses(retry_failed=policy.retry_failed, look_up=policy.look_up),
        now=answer.at,
        chance=random.random,
    )


def _write_answer(tx: sa.Connection, answer: Answer, decision: Decision) -> None:
    claim, outcome = answer.work, answer.outcome
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
            provider=claim.provider.name,
            provider_message_id=outcome.provider_message_id,
            sent_at=answer.at,
        )


def _settle(tx: sa.Connection, answer: Answer, decision: Decision) -> bool:
    """Give the task its next state; False where it went on without us.

    Where another one thought us dead and has called the outcome unknown, we know it.
    """
    claim = answer.work
    to = settlement(claim.row, decision, reason=answer.outcome.reason, now=answer.at)
    if delivering.settle(tx, task_id=claim.row["id"], token=claim.token, to=to):
        return True
    if decision.status not in MOVES[Status.UNKNOWN]:
        return False
    return delivering.settle_unknown(
        tx, task_id=claim.row["id"], number=claim.number, to=to
    )


def _note(gates: Gates, gate: str, outcome: Outcome) -> None:
    """Hold an answer against its provider, or let it off."""
    known = gates.circuit(gate)
    now = utc_now()
    circuit = after(known, outcome, now=now)
    gates.set_circuit(gate, circuit)
    _tell(gate, gates.provider(gate), known, circuit)


def _tell(
    gate: str, provider: str, known: Circuit | None, circuit: Circuit | None
) -> None:
    was_tripped = known is not None and known.is_tripped
    if circuit is not None and circuit.is_tripped:
        log.warning(
            "Provider is spared; messages wait",
            extra=fields(
                "circuit_opened",
                channel=gate,
                provider=provider,
                until=circuit.open_until,
                reason=circuit.reason,
            ),
        )
    elif was_tripped and circuit is None:
        log.info(
            "Provider is well again",
            extra=fields("circuit_closed", channel=gate, provider=provider),
        )


#: What heals itself is no error; what needs a person is.
_LEVELS = {Status.SENT: logging.INFO, Status.DEAD: logging.ERROR}


def _log(ended: Ended, decision: Decision) -> None:
    if isinstance(ended, Answer):
        _log_answer(ended, decision)
    else:
        log_look_up(ended, decision)


def _log_answer(answer: Answer, decision: Decision) -> None:
    claim, outcome = answer.work, answer.outcome
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
            provider=claim.provider.name,
            attempt=claim.number,
            status=decision.status,
            ms=round(answer.took_s * 1000),
            **trouble,
        ),
    )
