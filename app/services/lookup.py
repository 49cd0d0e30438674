"""Finds out what became of a message whose outcome nobody knows, at its provider.

Called by delivery for a task that is `unknown` and due. Where the provider offers no
look-up the kind's policy decides: send once more, or hold for a person.
"""

from __future__ import annotations

import logging
import random
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from app.channels.base import LookupAnswer, Message
from app.clock import utc_now
from app.domain.kinds import Kind, OnUnknown
from app.domain.outcomes import Lookup
from app.domain.recipients import Channel
from app.domain.retry import Decision, Pauses, Tries, decide_not_there
from app.domain.tasks import Status
from app.logs import fields
from app.runtime import Runtime
from app.services import dispatch
from app.services.courier import Courier
from app.services.recording import settlement
from app.storage import delivering, looking_up, recovering
from app.storage.looking_up import PastAttempt

log = logging.getLogger(__name__)

TOO_LATE_TO_RESEND = (
    "Nobody knows whether it was sent, and it is too late to send it again."
)
TOO_LATE_NOT_SENT = (
    "The provider does not have it: it was not sent, and it is too late to send it now."
)
#: Nobody else looks the same message up in this time; a look-up takes seconds.
LOOK_UP_TAKES_AT_MOST = timedelta(seconds=60)


def look_up(courier: Courier, row: sa.RowMapping) -> None:
    """Ask the provider about the task's last attempt and settle what follows."""
    token = uuid4().hex
    now = utc_now()
    until = now + LOOK_UP_TAKES_AT_MOST
    with courier.runtime.database.write() as tx:
        taken = looking_up.claim_look_up(
            tx,
            task_id=row["id"],
            boot_id=courier.boot_id,
            token=token,
            now=now,
            until=until,
        )
        if not taken:
            return
        attempt = looking_up.last_attempt(tx, task_id=row["id"])
    answer = _ask(courier, row, attempt)
    _settle(courier, row, attempt, answer, token=token)


def _ask(courier: Courier, row: sa.RowMapping, attempt: PastAttempt) -> LookupAnswer:
    channel = Channel(row["channel"])
    provider = courier.providers[channel]
    if provider is None or provider.name != attempt.provider:
        # Whom the owner has chosen since has never heard of it: that proves nothing.
        return LookupAnswer(lookup=Lookup.UNSUPPORTED)
    # The words as they were sent: the booking may have changed since.
    message = Message(
        key=row["id"],
        channel=channel,
        recipient=row["recipient"],
        text=attempt.text,
    )
    answer = provider.look_up(message, since=attempt.started_at)
    if answer.lookup is Lookup.FOUND and _is_anothers(courier, row, answer):
        return LookupAnswer(lookup=Lookup.NOT_FOUND)
    return answer


def _is_anothers(courier: Courier, row: sa.RowMapping, answer: LookupAnswer) -> bool:
    """Tell whether what was found is an earlier message with the same words.

    The provider names the newest, and a recipient's messages leave one by one: so ours
    is not there.
    """
    with courier.runtime.database.read() as tx:
        return recovering.is_known(
            tx,
            recipient=row["recipient"],
            provider_message_id=answer.provider_message_id,
        )


def _settle(
    courier: Courier,
    row: sa.RowMapping,
    attempt: PastAttempt,
    answer: LookupAnswer,
    *,
    token: str,
) -> None:
    now = utc_now()
    decision, reason, resends = _decide(courier, row, answer, now)
    to = settlement(row, decision, reason=reason, now=now, resends=resends)
    with courier.runtime.database.write() as tx:
        ours = delivering.settle(tx, task_id=row["id"], token=token, to=to)
        if ours and answer.lookup is Lookup.FOUND:
            delivering.mark_sent(
                tx,
                task_id=row["id"],
                provider=attempt.provider,
                provider_message_id=answer.provider_message_id,
                sent_at=attempt.started_at,
            )
        rungs = dispatch.release_within(tx, courier.runtime)
    dispatch.ring(courier.runtime, rungs)
    log.info(
        "Unknown outcome looked up",
        extra=fields(
            "outcome_looked_up",
            id=row["id"],
            found=answer.lookup,
            status=decision.status,
        ),
    )


def _decide(
    courier: Courier, row: sa.RowMapping, answer: LookupAnswer, now: datetime
) -> tuple[Decision, str, int]:
    """Return what follows, why, and how often it has been sent blindly again."""
    resends: int = row["resends"]
    if answer.lookup is Lookup.FOUND:
        return Decision(status=Status.SENT), "", resends
    if now >= row["useful_until"]:
        not_there = answer.lookup is Lookup.NOT_FOUND
        reason = TOO_LATE_NOT_SENT if not_there else TOO_LATE_TO_RESEND
        return Decision(status=Status.DEAD), reason, resends
    if answer.lookup is Lookup.UNANSWERED:
        again = now + courier.runtime.policy.look_up
        reason = "Nobody knows whether it was sent; the provider is asked again."
        return Decision(status=Status.UNKNOWN, next_attempt_at=again), reason, resends
    if answer.lookup is Lookup.NOT_FOUND:
        reason = "The provider does not have it: it is sent again."
        return _not_there(courier.runtime, row, now), reason, resends
    retry = Decision(status=Status.RETRYING, next_attempt_at=now)
    on_unknown = courier.runtime.policy.kinds[Kind(row["kind"])].on_unknown
    if on_unknown is OnUnknown.RESEND_ONCE and resends == 0:
        reason = "Nobody knows whether it was sent, so it is sent once more."
        return retry, reason, resends + 1
    reason = "Nobody knows whether it was sent. Ask the customer before you retry it."
    return Decision(status=Status.DEAD), reason, resends


def _not_there(runtime: Runtime, row: sa.RowMapping, now: datetime) -> Decision:
    return decide_not_there(
        tries=Tries(quick=row["quick_tries"], rounds=row["rounds"]),
        policy=runtime.policy.queues[row["queue"]],
        pauses=Pauses(
            retry_failed=runtime.policy.retry_failed, look_up=runtime.policy.look_up
        ),
        now=now,
        chance=random.random,
    )
