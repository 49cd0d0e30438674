"""Records how a piece of work ended, and takes the next one in the same commit.

Called right after the provider has answered: from here until the commit a crash makes
the outcome unknown, so nothing else is done in between.
"""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.consent import scope_of_refusal
from app.domain.fallback import is_ill
from app.domain.outcomes import Fault, Result
from app.domain.recipients import Channel
from app.domain.retry import Decision, Pauses, Tries, decide
from app.domain.tasks import MOVES, Status
from app.errors import BellhopError
from app.policy import Policy
from app.services import consent, costs
from app.services.circuits import note, note_quality
from app.services.costs import Sent
from app.services.courier import Answer, Courier, Done, Ended, Found
from app.services.gates import Gates
from app.services.lookup import note_look_up, write_look_up
from app.services.running import finish
from app.services.settlement import settlement
from app.services.taking import Taken, take_within
from app.services.telling import tell
from app.storage import delivering, locking
from app.storage.costs import Billed

#: What an ill provider answers to whatever it is sent.
_MAY_BE_IN_VAIN = {Result.TRANSIENT, Result.CONFIG, Result.AMBIGUOUS}


def record_and_take(courier: Courier, ended: Ended) -> Taken:
    """Save how the work in hand ended, and take the next piece in the same commit.

    Where that fails, the end stays in hand for `save`.
    """
    courier.hands.unsaved.append(ended)
    with courier.runtime.database.write() as tx:
        gates = Gates(tx, courier.runtime, now=utc_now())
        decision = _write(tx, courier, gates, ended)
        gates.has_look_ups |= decision.status is Status.UNKNOWN
        taken = take_within(tx, courier, gates)
    courier.hands.unsaved.remove(ended)
    tell(ended, decision)
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
        tell(unsaved.pop(0), decision)


def _write(tx: sa.Connection, courier: Courier, gates: Gates, ended: Ended) -> Decision:
    if isinstance(ended, Found):
        decision = write_look_up(tx, courier, gates, ended)
        note_look_up(gates, ended)
        return decision
    if isinstance(ended, Answer):
        return _write_answer(tx, courier, gates, ended)
    decision = _decide(courier, ended)
    _settle(tx, ended, decision)
    _end_attempt(tx, ended)
    task_id = ended.work.row["id"]
    finish(tx, courier.runtime, task_id, ended.ran, now=ended.at)
    return decision


def _write_answer(
    tx: sa.Connection, courier: Courier, gates: Gates, answer: Answer
) -> Decision:
    """Write down the message's end and what it tells of who was called.

    Rows come first: whoever has the turn at the gates waits for no row, or two who
    have one each would wait for the other.
    """
    decision = _decide(courier, answer)
    if answer.outcome.fault is Fault.NONE:
        _settle_answer(tx, courier, answer, decision)
        note_answer(gates, answer)
    else:
        locking.wait_for(tx, task_id=answer.work.row["id"])
        # Only once it is held against who was called it is known to be in vain.
        if _note_in_vain(gates, answer):
            decision = _for_nothing(gates, decision, answer)
        _settle_answer(tx, courier, answer, decision)
    note_quality(gates, answer.work.row["channel"], answer.work.called)
    return decision


def _settle_answer(
    tx: sa.Connection, courier: Courier, answer: Answer, decision: Decision
) -> None:
    is_ours = _settle(tx, answer, decision)
    billed = None
    if is_ours and answer.outcome.result is Result.ACCEPTED:
        _mark_sent(tx, answer)
        billed = _bill(courier, answer)
    _end_attempt(tx, answer, billed)
    if billed is not None:
        costs.add_up(tx, courier.runtime, billed, now=answer.at)
    if answer.outcome.result is Result.SUPPRESSED:
        _learn(tx, courier, answer)


def note_answer(gates: Gates, answer: Answer) -> None:
    """Hold an answer against who was called, or let it off."""
    work = answer.work
    note(
        gates,
        work.row["channel"],
        work.called,
        answer.outcome,
        is_probe=work.is_probe,
    )


def _note_in_vain(gates: Gates, answer: Answer) -> bool:
    """Note an answer; tell whether who was called is ill, and it told that once more.

    It was the one message that tried, or was under way as the others began to wait; or
    somebody else is well and takes it at once.
    """
    outcome, work = answer.outcome, answer.work
    gate = work.row["channel"]
    gates.take_turn()
    was_ill = work.is_probe or is_ill(gates.circuit(gate, work.called))
    note_answer(gates, answer)
    if outcome.result not in _MAY_BE_IN_VAIN:
        return False
    if not is_ill(gates.circuit(gate, work.called)):
        return False
    if was_ill:
        return True
    # Nobody else takes at once what may have been taken.
    is_free = outcome.result is not Result.AMBIGUOUS
    return is_free and gates.has_another(gate, work.called)


def _for_nothing(gates: Gates, decision: Decision, answer: Answer) -> Decision:
    """Return what follows instead where the try counts for nothing.

    Where nobody knows whether it was taken, that is found out first all the same. Who
    asked for a pause is given it, unless somebody else is well.
    """
    if decision.status is Status.UNKNOWN:
        return replace(decision, gives_try_back=True)
    work, pause = answer.work, answer.outcome.retry_after or timedelta(0)
    if gates.has_another(work.row["channel"], work.called):
        pause = timedelta(0)
    return Decision(
        status=Status.RETRYING, next_attempt_at=answer.at + pause, gives_try_back=True
    )


def _decide(courier: Courier, ended: Answer | Done) -> Decision:
    policy, row = courier.runtime.policy, ended.work.row
    return decide(
        ended.outcome,
        tries=Tries(quick=row["quick_tries"] + 1, rounds=row["rounds"]),
        policy=ended.work.policy,
        pauses=Pauses(
            retry_failed=policy.retry_failed, look_up=_patience(ended, policy)
        ),
        now=ended.at,
        chance=random.random,
    )


def _patience(ended: Answer | Done, policy: Policy) -> timedelta:
    """Return the pause before an unknown outcome is cleared up."""
    is_harmless = isinstance(ended, Answer) and ended.work.provider.repeats_safely
    return timedelta(0) if is_harmless else policy.look_up


def _end_attempt(
    tx: sa.Connection, ended: Answer | Done, billed: Billed | None = None
) -> None:
    claim, outcome = ended.work, ended.outcome
    values = {
        "ended_at": ended.at,
        "outcome": outcome.result,
        "code": outcome.code,
        "reason": outcome.reason,
    }
    delivering.end_attempt(
        tx, task_id=claim.row["id"], number=claim.number, ended=values, billed=billed
    )


def _mark_sent(tx: sa.Connection, answer: Answer) -> None:
    delivering.mark_sent(
        tx,
        task_id=answer.work.row["id"],
        provider=answer.work.provider.name,
        provider_message_id=answer.outcome.provider_message_id,
        sent_at=answer.at,
    )


def _learn(tx: sa.Connection, courier: Courier, answer: Answer) -> None:
    """Note that the provider says the recipient opted out: it is not asked again."""
    row = answer.work.row
    consent.note_provider_refusal(
        tx,
        courier.runtime,
        channel=Channel(row["channel"]),
        address=row["recipient"],
        provider=answer.work.provider.name,
        reason=answer.outcome.reason,
        scope=scope_of_refusal(answer.work.provider.name, answer.outcome.code),
        evidence=row["id"],
        now=answer.at,
    )


def _bill(courier: Courier, answer: Answer) -> Billed | None:
    claim = answer.work
    sent = Sent(
        attempt=claim.number,
        provider=claim.provider.name,
        text=claim.message.text,
        price=answer.outcome.price,
    )
    return costs.bill(courier.runtime, claim.row, sent)


def _settle(tx: sa.Connection, ended: Answer | Done, decision: Decision) -> bool:
    """Give the task its next state; False where it went on without us.

    Where another one thought us dead and has called the outcome unknown, we know it.
    """
    claim = ended.work
    to = settlement(claim.row, decision, reason=ended.outcome.reason, now=ended.at)
    if delivering.settle(tx, task_id=claim.row["id"], token=claim.token, to=to):
        return True
    if decision.status not in MOVES[Status.UNKNOWN]:
        return False
    return delivering.settle_unknown(
        tx, task_id=claim.row["id"], number=claim.number, to=to
    )
