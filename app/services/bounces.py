"""Bounces of e-mails, from a mailbox or from a mail server's pipe, become receipts.

The scheduler plans the reading where a mailbox is set; a worker reads it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from app.channels.bounces import read_bounce
from app.clock import utc_now
from app.errors import Fatal, Retry
from app.runtime import Runtime
from app.services import dispatch, own_tasks
from app.services.receipts import take_receipt
from app.work import task
from app.work.desk import the_desk
from app.work.kinds import Options, Wish

#: How often the mailbox is read.
EVERY = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@task(name="read_bounces", queue="maintenance", retry_delays=())
def read_bounces() -> str:
    """Read the mailbox to which bounces come back; return how many were read."""
    return the_desk().read_bounces()


def plan_reading(runtime: Runtime) -> int:
    """Plan a reading of the mailbox, where one is set; return how many."""
    if runtime.settings.bounce_imap_url is None:
        return 0
    now = utc_now()
    wish = Wish(
        kind=read_bounces,
        args={},
        options=Options(
            dedupe_key=f"bounces/{(now - _EPOCH) // EVERY}", useful_until=now + EVERY
        ),
    )

    def deed(tx: sa.Connection) -> int:
        return own_tasks.insert_task(tx, runtime, wish, now=now) == wish.id

    return dispatch.perform(runtime, deed)


def read_mailbox(runtime: Runtime) -> str:
    """Read the mailbox now; raise Retry where it cannot be, Fatal where none is set."""
    from app.channels.mailbox import (  # noqa: PLC0415 - few boxes have one
        Mailbox,
        MailboxError,
        read_reports,
    )

    address = runtime.settings.bounce_imap_url
    if address is None:
        raise Fatal("BOUNCE_IMAP_URL is not set.")
    mailbox = Mailbox.parse(address.get_secret_value())  # checked at start
    try:
        count = read_reports(mailbox, lambda content: take_bounce(runtime, content))
    except MailboxError as error:
        raise Retry(f"{error}.", after=EVERY) from None
    return f"{count} read"


def take_bounce(runtime: Runtime, content: bytes) -> int:
    """Take a message that came back; return how many of ours it tells of."""
    receipts = read_bounce(content)

    def deed(tx: sa.Connection) -> None:
        for receipt in receipts:
            # Nothing is kept of the bounce itself: it quotes whole e-mails.
            take_receipt(tx, runtime, receipt, body="", now=utc_now())

    if receipts:
        dispatch.perform(runtime, deed)
    return len(receipts)
