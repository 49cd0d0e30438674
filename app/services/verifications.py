"""One-time codes: sent once, tried a few times, and forgotten as soon as they can be.

Only a keyed hash of the code is kept; in its message it stands until the code is of no
use any more. Called by the API; `forget_codes` is the scheduler's job.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from app import installation
from app.channels.table import Mode
from app.clock import utc_now
from app.domain.gate import unwanted
from app.domain.ids import new_id
from app.domain.kinds import Kind
from app.domain.recipients import Channel, country_of
from app.domain.tasks import Status
from app.domain.verifications import (
    DIGITS,
    HOLDS_FOR,
    PREFIX_LENGTH,
    STOPPED_FOR,
    TRIES,
    Sent,
    too_many,
)
from app.errors import InvalidError, NotFoundError, Problem, TooManyCodesError
from app.runtime import Runtime
from app.services import consent
from app.services.alerts import Alert, alert
from app.services.doubt import with_doubt
from app.services.facts import SITE_DATA
from app.services.planning import CHANNEL_OFF, Plan, insert
from app.storage import refusing
from app.storage import verifications as store

#: Codes forgotten in one transaction.
AT_ONCE = 100
_SUPERSEDED = "A newer code was asked for."


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A code that a site wants sent; the address is in its normal form.

    `visitor` names who asks the site for it, for example by their IP address.
    """

    channel: Channel
    to: str
    visitor: str | None = None
    locale: str | None = None


@dataclass(frozen=True, kw_only=True)
class Begun:
    """A code that is on its way."""

    id: str
    expires_at: datetime


def begin(
    tx: sa.Connection, runtime: Runtime, wanted: Wanted, *, now: datetime
) -> Begun:
    """Send a code; an earlier one to the same address is void from now on.

    Raises InvalidError for an address that gets none, TooManyCodesError where enough
    were sent.
    """
    _check_address(runtime, wanted)
    _check_can_leave(tx, runtime, wanted, now=now)
    recipient = _mark(runtime, "recipient", wanted.to)
    visitor = _mark(runtime, "visitor", wanted.visitor) if wanted.visitor else None
    prefix = "" if wanted.channel is Channel.EMAIL else wanted.to[:PREFIX_LENGTH]
    sent = _within_limits(
        tx, runtime, wanted.channel, recipient, visitor, prefix, now=now
    )
    if sent.today + 1 >= runtime.policy.codes.a_day:
        _tell_last_of_the_day(tx, runtime, now=now)
    _void_earlier(tx, recipient, wanted.channel, now=now)
    verification_id = new_id()
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    expires_at = now + HOLDS_FOR
    task_id = insert(
        tx, runtime, _plan(runtime, wanted, code, expires_at=expires_at), now=now
    )
    row = {
        "id": verification_id,
        "channel": wanted.channel,
        "recipient": recipient,
        "visitor": visitor,
        "prefix": prefix,
        "code": _digest(runtime, verification_id, code),
        "task_id": task_id or "",
        "created_at": now,
        "expires_at": expires_at,
        "tries_left": TRIES,
        "verified_at": None,
    }
    store.insert(tx, row)
    return Begun(id=verification_id, expires_at=expires_at)


def check(
    tx: sa.Connection,
    runtime: Runtime,
    verification_id: str,
    code: str,
    *,
    now: datetime,
) -> bool:
    """Tell whether this is the code; each can be right once, and wrong a few times."""
    row = store.find(tx, verification_id)
    if row is None:
        raise NotFoundError("verification", verification_id)
    if not row["code"] or row["expires_at"] <= now or not row["tries_left"]:
        return False
    expected = _digest(runtime, verification_id, code)
    if not hmac.compare_digest(expected.encode(), row["code"].encode()):
        left = row["tries_left"] - 1
        store.change(tx, verification_id, tries_left=left)
        return False
    store.change(tx, verification_id, verified_at=now)
    _forget(tx, row)
    return True


def stop_codes(
    tx: sa.Connection, runtime: Runtime, channel: Channel, *, now: datetime
) -> None:
    """Send no more codes over a channel for a while, and tell the staff why."""
    store.stop(tx, channel=channel, until=now + STOPPED_FOR)
    told = Alert(
        key=f"codes/{channel}",
        subject=f"No one-time codes by {channel} for an hour",
        text=(
            "Many codes were asked for to numbers of one block, and hardly any was "
            "typed in: somebody may earn money by them. Look at the form on the "
            "website from which they come, and at `[verifications]` in bellhop.toml."
        ),
    )
    alert(tx, runtime, told, now=now)


def forget_codes(runtime: Runtime) -> int:
    """Take codes that are of no use any more out of the database; return how many."""
    now = utc_now()
    with runtime.database.read() as tx:
        rows = store.expired(tx, now=now, limit=AT_ONCE)
    if rows:
        with runtime.database.write() as tx:
            for row in rows:
                _forget(tx, row)
    return len(rows)


def _check_address(runtime: Runtime, wanted: Wanted) -> None:
    if runtime.modes[wanted.channel] is Mode.OFF:
        raise InvalidError([Problem("channel", CHANNEL_OFF)])
    if wanted.channel is Channel.EMAIL:
        return
    region = runtime.settings.phone_region
    allowed = runtime.policy.codes.countries or ({region} if region else None)
    if allowed is not None and country_of(wanted.to) not in allowed:
        listed = ", ".join(sorted(allowed))
        message = f"is a number of a country that gets no codes; these do: {listed}"
        raise InvalidError([Problem("to", message)])


def _check_can_leave(
    tx: sa.Connection, runtime: Runtime, wanted: Wanted, *, now: datetime
) -> None:
    """Refuse a code of which it is known that it would never leave.

    Whoever waits for it has no other way to hear of that.
    """
    kind, address = Kind.ONE_TIME_CODE, wanted.to
    opt_out = consent.is_suppressed(
        tx, runtime, channel=wanted.channel, address=address
    )
    if refused := unwanted(runtime.policy.kinds[kind], {}, opt_out):
        raise InvalidError([Problem("to", refused.reason)])
    if wanted.channel is not Channel.WHATSAPP:
        return
    # Only who sends needs what words messages; the scheduler stays small.
    from app.services import whatsapp  # noqa: PLC0415 - see above

    locale = wanted.locale or runtime.settings.locale
    has_template = whatsapp.template_of(runtime, kind=kind, locale=locale) is not None
    if has_template or whatsapp.may_be_words(tx, runtime, address=address, now=now):
        return
    raise InvalidError([Problem("channel", whatsapp.no_template(kind))])


def _within_limits(
    tx: sa.Connection,
    runtime: Runtime,
    channel: Channel,
    recipient: str,
    visitor: str | None,
    prefix: str,
    *,
    now: datetime,
) -> Sent:
    """Return what was sent lately; raise TooManyCodesError where that is enough."""
    sent = store.sent(
        tx,
        recipient=recipient,
        visitor=visitor,
        prefix=prefix,
        channel=channel,
        now=now,
    )
    refused = too_many(runtime.policy.codes, sent, channel=channel)
    if refused is not None:
        raise TooManyCodesError(
            refused.reason,
            retry_after_s=round(refused.again_after / timedelta(seconds=1)),
            is_attack=refused.is_attack,
        )
    return sent


def _tell_last_of_the_day(
    tx: sa.Connection, runtime: Runtime, *, now: datetime
) -> None:
    """Let the staff know that whoever asks next gets no code."""
    told = Alert(
        key="codes/a_day",
        subject="The last one-time code of the day has left",
        text=(
            f"{runtime.policy.codes.a_day} codes were sent within 24 hours, and for "
            "now no more are. Is that your customers, or somebody who earns by them? "
            "Look at the form on the website from which they come, or raise `a_day` in "
            "`[verifications]` of bellhop.toml."
        ),
        at_most_every=timedelta(days=1),
    )
    alert(tx, runtime, told, now=now)


def _void_earlier(
    tx: sa.Connection, recipient: str, channel: Channel, *, now: datetime
) -> None:
    for row in store.open_before(tx, recipient=recipient, channel=channel):
        refusing.refuse(
            tx,
            task_id=row["task_id"],
            status=Status.SUPERSEDED,
            reason=with_doubt(_SUPERSEDED),
            now=now,
        )
        _forget(tx, row)


def _plan(runtime: Runtime, wanted: Wanted, code: str, *, expires_at: datetime) -> Plan:
    told = {"code": code, "minutes": str(HOLDS_FOR // timedelta(minutes=1))}
    address = urlsplit(runtime.settings.public_url or "")
    # Browsers fill the code in by themselves where the last line says for whom it is.
    if address.scheme == "https" and wanted.channel is Channel.SMS:
        told["site"] = address.hostname or ""
    return Plan(
        kind=Kind.ONE_TIME_CODE,
        channel=wanted.channel,
        recipient=wanted.to,
        locale=wanted.locale,
        args={SITE_DATA: told},
        useful_until=expires_at,
    )


def _forget(tx: sa.Connection, row: sa.RowMapping) -> None:
    store.change(tx, row["id"], code="")
    store.forget_words(tx, task_id=row["task_id"], args={SITE_DATA: {}})


def _digest(runtime: Runtime, verification_id: str, code: str) -> str:
    return _mark(runtime, f"code/{verification_id}", code)


def _mark(runtime: Runtime, purpose: str, value: str) -> str:
    key = installation.secret_key(runtime.settings).value.encode()
    told = f"one-time-code/{purpose}\0{value}".encode()
    return hmac.new(key, told, hashlib.sha256).hexdigest()
