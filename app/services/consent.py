"""Opting out and in: the suppression that the gate reads, the ledger that proves it.

Called by replies, the customer's page, unsubscribe links, the API, and by what is
learned from providers; each in the transaction of what has happened.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.domain.consent import Action, How, OptOut, Said, Scope, reason_of, wider
from app.domain.formats import formats_for
from app.domain.ids import new_id
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services.pseudonyms import writings
from app.storage import consent as store


def opt_out(
    tx: sa.Connection,
    runtime: Runtime,
    said: Said,
    *,
    now: datetime,
    scope: Scope = Scope.ALL,
) -> OptOut:
    """Send an address nothing more, or only the essential; return what holds now.

    What was withdrawn before is never narrowed by this.
    """
    _note(tx, said, action=Action.WITHDRAWN, scope=scope, now=now)
    before = _at_least(tx, runtime, said, scope)
    if before is not None:
        return before
    date = formats_for(locale="en_GB", timezone=runtime.settings.timezone).date(now)
    reason = reason_of(said, date=date)
    row = {
        "channel": said.channel,
        "address": said.address,
        "scope": scope,
        "since": now,
        "reason": reason,
        "source": said.how,
    }
    store.suppress(tx, row)
    return OptOut(scope=scope, reason=reason, since=now)


def opt_in(tx: sa.Connection, runtime: Runtime, said: Said, *, now: datetime) -> bool:
    """Let an address be sent everything again; return whether it was opted out."""
    _note(tx, said, action=Action.GRANTED, scope=Scope.ALL, now=now)
    addresses = writings(runtime.settings, said.address)
    return store.unsuppress(tx, channel=said.channel, addresses=addresses) > 0


def is_suppressed(
    tx: sa.Connection, runtime: Runtime, *, channel: Channel, address: str
) -> OptOut | None:
    """Return what an address must not be sent and why; None: it may be sent all."""
    as_written, erased = writings(runtime.settings, address)
    return store.find_suppression(
        tx, channel=channel, address=as_written, erased=erased
    )


def note_provider_refusal(
    tx: sa.Connection,
    runtime: Runtime,
    *,
    channel: Channel,
    address: str,
    provider: str,
    reason: str,
    now: datetime,
    scope: Scope = Scope.ALL,
    evidence: str | None = None,
) -> OptOut:
    """Learn from a provider that an address opted out, or can never be reached.

    `reason`: what the provider said, in plain words. Safe to repeat: what is known
    already is not noted again.
    """
    said = Said(
        channel=channel,
        address=address,
        how=How.PROVIDER_CODE,
        words=reason,
        evidence=evidence,
        detail=f"{provider} says: {reason}",
    )
    known = _at_least(tx, runtime, said, scope)
    return known or opt_out(tx, runtime, said, scope=scope, now=now)


def _at_least(
    tx: sa.Connection, runtime: Runtime, said: Said, scope: Scope
) -> OptOut | None:
    """Return what holds for the address, where it holds back as much as `scope`."""
    known = is_suppressed(tx, runtime, channel=said.channel, address=said.address)
    if known is None or wider(known.scope, scope) is not known.scope:
        return None
    return known


def _note(
    tx: sa.Connection, said: Said, *, action: Action, scope: Scope, now: datetime
) -> None:
    row = {
        "id": new_id(),
        "channel": said.channel,
        "address": said.address,
        "action": action,
        "scope": scope,
        "at": now,
        "how": said.how,
        "words": said.words,
        "evidence": said.evidence,
    }
    store.note(tx, row)
