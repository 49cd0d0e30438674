"""How a message leaves (and any task is done), in five steps; called by the actor.

1. `taking`: the most urgent row whose gate is open is read, with its booking and facts;
2. the truth gate says whether it may still leave, and it is worded;
3. it is claimed and the attempt is written down, all in one commit;
4. here: the provider is called, or the owner's function, with no transaction open;
5. `recording`: the outcome is saved, and in the same commit the next one is taken.
"""

from __future__ import annotations

from app.channels.base import LookupAnswer
from app.clock import monotonic, utc_now
from app.domain.outcomes import Lookup
from app.services.courier import (
    Answer,
    Courier,
    Done,
    Ended,
    Found,
    Hands,
    LookUp,
    MessageClaim,
    TaskClaim,
    Work,
)
from app.services.running import run
from app.storage import recovering

#: A call that takes so many seconds holds up whatever leaves by another gate: behind a
#: slow provider with much to do it would wait for as long as that has.
LONG_CALL_S = 2.0


def do(courier: Courier, work: Work) -> Ended:
    """Do a piece of work that is ours; return what came of it."""
    began = monotonic()
    ended = _done(courier, work)
    _share_time(courier.hands, work, began=began, ended=monotonic())
    return ended


def _share_time(hands: Hands, work: Work, *, began: float, ended: float) -> None:
    """After a call that took long, give whatever leaves by another gate as long."""
    if isinstance(work, TaskClaim):
        return
    took_s, gate = ended - began, work.row["channel"]
    if took_s < LONG_CALL_S:
        hands.slow_gates.discard(gate)
    else:
        # All that were slow rest: two of them would else be each other's others.
        hands.slow_gates.add(gate)
        hands.others_until_s = ended + took_s


def _done(courier: Courier, work: Work) -> Ended:
    if isinstance(work, MessageClaim):
        return _send(work)
    return _run(work) if isinstance(work, TaskClaim) else _ask(courier, work)


def _run(claim: TaskClaim) -> Done:
    began = monotonic()
    ran = run(claim.prepared, attempt=claim.number)
    took_s = monotonic() - began
    return Done(work=claim, ran=ran, at=utc_now(), took_s=took_s)


def _send(claim: MessageClaim) -> Answer:
    began = monotonic()
    outcome = claim.provider.send(claim.message, within_s=claim.within_s)
    took_s = monotonic() - began
    return Answer(work=claim, outcome=outcome, at=utc_now(), took_s=took_s)


def _ask(courier: Courier, work: LookUp) -> Found:
    answer = LookupAnswer(lookup=Lookup.UNSUPPORTED)
    if work.provider is not None:
        answer = work.provider.look_up(
            work.message, since=work.started_at, within_s=work.terms.within_s
        )
    if answer.lookup is Lookup.FOUND and _is_anothers(courier, work, answer):
        answer = LookupAnswer(lookup=Lookup.NOT_FOUND)
    return Found(work=work, answer=answer, at=utc_now())


def _is_anothers(courier: Courier, work: LookUp, answer: LookupAnswer) -> bool:
    """Tell whether what was found is an earlier message with the same words.

    The provider names the newest, and a recipient's messages leave one by one: so ours
    is not there.
    """
    with courier.runtime.database.read() as tx:
        return recovering.is_known(
            tx,
            recipient=work.row["recipient"],
            provider_message_id=answer.provider_message_id,
        )
