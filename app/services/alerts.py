"""Tells the staff that something needs them: a row like any other task.

Planned in the transaction of what has happened; a worker tells it over the addresses
of STAFF_NOTIFY_URLS. The same thing is told once in a while, however often it happens.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from app.logs import fields
from app.runtime import Runtime
from app.services import own_tasks
from app.work import Retry, task
from app.work.desk import the_desk
from app.work.kinds import Options, Wish

log = logging.getLogger(__name__)

#: Said where nobody has named an address.
NOBODY = "nobody is told: STAFF_NOTIFY_URLS is not set"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Alert:
    """What the staff should know.

    `key` names the thing (`circuit/sms/twilio`): with the same key they are told once
    within `at_most_every`. Both texts are read by people; personal data belongs in
    `text` only, and only where the staff cannot act without it.
    """

    key: str
    subject: str
    text: str
    at_most_every: timedelta = timedelta(hours=1)


@task(name="staff_alert", queue="staff")
def staff_alert(subject: str, text: str) -> str:
    """Tell the staff over every address there is; return how many were told."""
    return the_desk().tell_staff(subject, text)


def alert(tx: sa.Connection, runtime: Runtime, told: Alert, *, now: datetime) -> str:
    """Plan an alert; return its task's id, or that of the same one told lately."""
    log.warning(
        "Staff is told",
        extra=fields("staff_told", alert=told.key, subject=told.subject),
    )
    slot = (now - _EPOCH) // told.at_most_every
    wish = Wish(
        kind=staff_alert,
        args={"subject": told.subject, "text": told.text},
        options=Options(dedupe_key=f"alert/{told.key}/{slot}"),
    )
    return own_tasks.insert_task(tx, runtime, wish, now=now)


def deliver(runtime: Runtime, *, subject: str, text: str) -> str:
    """Tell the staff now; return what came of it; raise Retry if nobody was told."""
    from app.channels import staff  # noqa: PLC0415 - few boxes have a use for it

    addresses = runtime.settings.staff_notify_urls
    if addresses is None:
        return NOBODY
    name = runtime.settings.business_name
    told = staff.tell(
        addresses.get_secret_value(), subject=f"{name}: {subject}", text=text
    )
    if not told.count:
        raise Retry(
            f"Nobody was told: {', '.join(told.missed) or 'no address'} failed."
        )
    if told.missed:
        extra = fields("staff_missed", services=", ".join(told.missed))
        log.warning("Some of the staff were not told", extra=extra)
    return f"{told.count} told"
