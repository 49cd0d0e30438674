"""What follows from a look-up of an unknown outcome at its provider.

Called by recording. Where the provider offers no look-up the kind's policy decides:
send once more, or hold for a person.
"""

from __future__ import annotations

import random

import sqlalchemy as sa

from app.domain.kinds import Kind, OnUnknown
from app.domain.outcomes import (
    TOO_LATE_TO_RESEND,
    Fault,
    Lookup,
    Outcome,
    Result,
)
from app.domain.retry import Decision, Pauses, Tries, decide_not_there
from app.domain.tasks import Status
from app.runtime import Runtime
from app.services import costs
from app.services.circuits import note, note_answered, note_unasked
from app.services.courier import Courier, Found
from app.services.gates import Gates
from app.services.settlement import settlement
from app.storage import delivering

TOO_LATE_NOT_SENT = (
    "The provider does not have it: it was not sent, and it is too late to send it now."
)
#: Said of what is never sent a second time by itself.
NEVER_AGAIN = "Nobody knows whether it was sent; a new code can be asked for."
_NO_ANSWER = Outcome(
    result=Result.TRANSIENT, reason="It does not answer.", fault=Fault.TIMEOUT
)


def write_look_up(
    tx: sa.Connection, courier: Courier, gates: Gates, found: Found
) -> Decision:
    """Settle what follows from a look-up, if the task is still ours."""
    row, lookup = found.work.row, found.answer.lookup
    decision, reason, resends = _decide(courier, gates, found)
    to = settlement(row, decision, reason=reason, now=found.at, resends=resends)
    ours = delivering.settle(tx, task_id=row["id"], token=found.work.token, to=to)
    if ours and lookup is Lookup.FOUND:
        delivering.mark_sent(
            tx,
            task_id=row["id"],
            provider=found.work.provider_name,
            provider_message_id=found.answer.provider_message_id,
            sent_at=found.work.started_at,
        )
        costs.note_later(tx, courier.runtime, row["id"], now=found.at)
    return decision


def note_look_up(gates: Gates, found: Found) -> None:
    """Hold against the provider that it was not to be asked, or let one message try."""
    gate, terms = found.work.row["channel"], found.work.terms
    if found.answer.lookup is Lookup.UNANSWERED:
        note(gates, gate, terms.called, _NO_ANSWER, is_probe=terms.is_probe)
    elif found.answer.lookup is Lookup.UNSUPPORTED:
        note_unasked(gates, gate, terms)
    else:
        note_answered(gates, gate, terms.called)


def _decide(courier: Courier, gates: Gates, found: Found) -> tuple[Decision, str, int]:
    """Return what follows, why, and how often it has been sent blindly again."""
    row, lookup, now = found.work.row, found.answer.lookup, found.at
    resends: int = row["resends"]
    if lookup is Lookup.FOUND:
        return Decision(status=Status.SENT), "", resends
    if now >= row["useful_until"]:
        not_there = lookup is Lookup.NOT_FOUND
        reason = TOO_LATE_NOT_SENT if not_there else TOO_LATE_TO_RESEND
        return Decision(status=Status.DEAD), reason, resends
    if lookup is Lookup.UNANSWERED:
        again = now + courier.runtime.policy.look_up
        reason = "Nobody knows whether it was sent; the provider is asked again."
        return Decision(status=Status.UNKNOWN, next_attempt_at=again), reason, resends
    kind = courier.runtime.policy.kinds[Kind(row["kind"])]
    if kind.is_secret:
        return Decision(status=Status.DEAD), NEVER_AGAIN, resends
    if lookup is Lookup.NOT_FOUND:
        reason = "The provider does not have it: it is sent again."
        return _not_there(courier.runtime, gates, found), reason, resends
    provider = found.work.provider
    if provider is not None and provider.repeats_safely:
        reason = "It is sent again; the provider tells a repetition."
        return _repeated(courier.runtime, gates, found), reason, resends
    return _blindly(courier, found)


def _blindly(courier: Courier, found: Found) -> tuple[Decision, str, int]:
    """Decide where the provider cannot be asked, nor told of a repetition."""
    row = found.work.row
    resends: int = row["resends"]
    retry = Decision(status=Status.RETRYING, next_attempt_at=found.at)
    on_unknown = courier.runtime.policy.kinds[Kind(row["kind"])].on_unknown
    if on_unknown is OnUnknown.RESEND_ONCE and resends == 0:
        reason = "Nobody knows whether it was sent, so it is sent once more."
        return retry, reason, resends + 1
    reason = "Nobody knows whether it was sent. Ask the customer before you retry it."
    return Decision(status=Status.DEAD), reason, resends


def _repeated(runtime: Runtime, gates: Gates, found: Found) -> Decision:
    """At once the first time; then as after any failure, or it would go on for ever."""
    if found.work.row["quick_tries"] <= 1:
        return Decision(status=Status.RETRYING, next_attempt_at=found.at)
    return _not_there(runtime, gates, found)


def _not_there(runtime: Runtime, gates: Gates, found: Found) -> Decision:
    row = found.work.row
    if _has_counted_for_nothing(gates, found):
        return Decision(status=Status.RETRYING, next_attempt_at=found.at)
    return decide_not_there(
        tries=Tries(quick=row["quick_tries"], rounds=row["rounds"]),
        policy=gates.policy(row["queue"]),
        pauses=Pauses(
            retry_failed=runtime.policy.retry_failed, look_up=runtime.policy.look_up
        ),
        now=found.at,
        chance=random.random,
    )


def _has_counted_for_nothing(gates: Gates, found: Found) -> bool:
    """Whether the last attempt only tried a provider that was, and is, ill.

    The message has its try back (`recording.py`) and waits for the gate alone.
    """
    work = found.work
    has_all_tries: bool = work.row["quick_tries"] == 0
    circuit = gates.circuit(work.row["channel"], work.terms.called)
    if circuit is None or circuit.opened_at is None:
        return has_all_tries
    return has_all_tries or circuit.opened_at < work.started_at
