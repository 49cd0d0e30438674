"""Providers that should tell of messages and do not: the staff is told of it.

The scheduler's job. A webhook's secret that was changed, or an address that nobody
reaches any more, shows in nothing but silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from app.channels.credentials import Mode
from app.clock import utc_now
from app.config import Settings
from app.runtime import Runtime
from app.services import dispatch
from app.services.alerts import Alert, alert
from app.storage import jobs
from app.storage import receipts as store

#: After so long no receipt is expected any more.
CLOSED_AFTER = timedelta(hours=72)
#: Clocks may be set, and a message's end is written a moment after its time.
_OVERLAP = timedelta(hours=24)
#: Where it never ran, everything is looked at once.
_FIRST_RUN = datetime(2000, 1, 1, tzinfo=UTC)
NO_RECEIPT = "No receipt came within 72 hours; the provider took it."
#: So many messages without a word about any of them, in this span, are no chance.
FEWEST = 5
LISTENED_FOR = timedelta(hours=6)
#: A receipt takes a moment.
PATIENCE = timedelta(minutes=10)
TOLD_AT_MOST_EVERY = timedelta(hours=24)


def look_out(runtime: Runtime) -> int:
    """Close what nobody told of, and tell the staff of silent providers; count both."""
    now = utc_now()
    expected = list(expecting(runtime.settings))
    if not expected:
        return 0
    with runtime.database.read() as tx:
        silent = {name: n for name in expected if (n := _unheard(tx, name, now=now))}

    def deed(tx: sa.Connection) -> int:
        for provider, count in silent.items():
            _tell(tx, runtime, provider, count, now=now)
        closed = store.close_unheard(
            tx,
            providers=expected,
            sent_after=_last_run(tx) - CLOSED_AFTER - _OVERLAP,
            sent_before=now - CLOSED_AFTER,
            reason=NO_RECEIPT,
        )
        return closed + len(silent)

    return dispatch.perform(runtime, deed)


def expecting(settings: Settings) -> Iterator[str]:
    """Yield the providers that are set up to tell us of messages."""
    if settings.public_url is None:
        return
    if settings.twilio_auth_token:
        yield Mode.TWILIO
    if settings.vonage_signature_secret:
        yield Mode.VONAGE
    if settings.whatsapp_app_secret:
        yield Mode.META
    if settings.resend_webhook_secret:
        yield Mode.RESEND


def _last_run(tx: sa.Connection) -> datetime:
    """Return when the job last ended well: there it goes on, however long ago."""
    row = jobs.all_rows(tx).get("silence")
    return (row["succeeded_at"] if row else None) or _FIRST_RUN


def _unheard(tx: sa.Connection, provider: str, *, now: datetime) -> int:
    count = store.silence(
        tx,
        provider=provider,
        sent_after=now - LISTENED_FOR,
        sent_before=now - PATIENCE,
    )
    return count if count >= FEWEST else 0


def _tell(
    tx: sa.Connection, runtime: Runtime, provider: str, count: int, *, now: datetime
) -> None:
    told = Alert(
        key=f"silence/{provider}",
        subject=f"No receipts from {provider}",
        text=(
            f"{provider} took {count} messages in the last six hours and has told us "
            "of none of them. They may have arrived, but nobody knows. Look whether "
            f"{runtime.settings.base_url} can be reached from outside, and whether the "
            "webhook's address and secret are those in docs/channels.md."
        ),
        at_most_every=TOLD_AT_MOST_EVERY,
    )
    alert(tx, runtime, told, now=now)
