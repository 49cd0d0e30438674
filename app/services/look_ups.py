"""Claims an unknown outcome for a look-up at its provider; decides about own tasks.

Called by `taking.py` in its transaction. What a look-up brings, `lookup.py` settles.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from app.channels.base import Message, Template
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.services.circuits import begin_call, terms_of_call
from app.services.courier import Courier, LookUp
from app.services.gates import Gates
from app.services.running import HELD, AfterCrash, finish
from app.services.running import after_crash as decide_after_crash
from app.services.whatsapp import template_of
from app.storage import looking_up
from app.storage.types import Row

#: Nobody else looks the same message up in this time; a look-up takes seconds.
LOOK_UP_TAKES_AT_MOST = timedelta(seconds=60)
#: What follows for one of the owner's own tasks that was cut short; else: `HELD`.
RUN_AGAIN = "It is run again."


def claim_look_up(
    tx: sa.Connection,
    courier: Courier,
    gates: Gates,
    row: Row,
    *,
    now: datetime,
) -> LookUp | None:
    """Claim a message's look-up; None: somebody else was faster."""
    token = uuid4().hex
    is_ours = looking_up.claim_look_up(
        tx,
        task_id=row["id"],
        boot_id=courier.boot_id,
        token=token,
        now=now,
        until=now + LOOK_UP_TAKES_AT_MOST,
    )
    if not is_ours:
        return None
    attempt = looking_up.last_attempt(tx, task_id=row["id"])
    channel = Channel(row["channel"])
    is_known = gates.knows(channel, attempt.provider)
    terms = terms_of_call(
        gates, channel, provider=attempt.provider if is_known else None
    )
    begin_call(gates, channel, terms)
    return LookUp(
        row=row,
        # The words as they were sent: the booking may have changed since.
        message=Message(
            key=row["id"],
            channel=channel,
            recipient=row["recipient"],
            text=attempt.text,
            template=_template(courier, row),
        ),
        # Nobody else has ever heard of it: that proves nothing.
        provider=courier.provider(channel, attempt.provider),
        provider_name=attempt.provider,
        started_at=attempt.started_at,
        token=token,
        terms=terms,
    )


def _template(courier: Courier, row: Row) -> Template | None:
    """Return the template that may have been sent in place of the words, if any."""
    if row["channel"] != Channel.WHATSAPP:
        return None
    found = template_of(courier.runtime, kind=row["kind"], locale=row["locale"])
    return None if found is None else Template(name=found.name, language=found.language)


def after_crash(
    tx: sa.Connection, courier: Courier, row: Row, *, now: datetime
) -> None:
    """Run one of the owner's own tasks again after its worker died, or hold it."""
    kind = courier.runtime.registry.get(row["kind"])
    crashes = row["resends"] + 1
    again = decide_after_crash(kind, crashes=crashes) is AfterCrash.RUN_AGAIN
    looking_up.settle_crashed(
        tx,
        task_id=row["id"],
        status=Status.RETRYING if again else Status.DEAD,
        reason=f"{row['reason']} {RUN_AGAIN if again else HELD}".strip(),
        crashes=crashes,
        now=now,
    )
    if not again:
        finish(tx, courier.runtime, row["id"], now=now, in_turn=True)
