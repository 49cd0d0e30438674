"""What heals by itself: lost doorbells, failed messages, messages that come too late.

Called by the scheduler's jobs; each makes rows right and may run any number of times.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from app.channels.credentials import REPEATS_SAFELY
from app.clock import utc_now
from app.domain.gate import TOO_LATE, waited_too_long
from app.domain.outcomes import TOO_LATE_TO_RESEND
from app.runtime import Runtime
from app.services import bookings, dispatch
from app.services.gates import Gates
from app.storage import recovering, releasing

#: Unpaid bookings that expire in one transaction.
HOLDS_AT_ONCE = 100
#: Messages that do.
EXPIRED_AT_ONCE = 200
#: So long after it was useful an unknown outcome is looked up no more.
UNKNOWN_AT_MOST = timedelta(hours=1)


def relay(runtime: Runtime) -> int:
    """Let tasks wait again whose doorbell was not heard in time; return how many.

    Only idle workers are rung for, and they answer within milliseconds: the bell was
    lost, with the queue server's data or with the worker that had heard it.
    """
    now = utc_now()
    with runtime.database.write() as tx:
        unheard = releasing.put_back_unheard(
            tx, before=now - runtime.policy.ring_again, now=now
        )
        rungs = dispatch.release_within(tx, runtime) if unheard else {}
    dispatch.ring(runtime, rungs)
    return unheard


def retry_failed(runtime: Runtime) -> int:
    """Give each failed message that is due one more attempt; return how many.

    What falls due within half an interval is taken along, and leaves when it is due:
    the job would otherwise come seconds too early and leave it for a whole round more.
    """
    now = utc_now()
    timing = runtime.policy.schedule["retry_failed"]
    due_before = now + timing / 2 if isinstance(timing, timedelta) else now
    return dispatch.perform(
        runtime,
        lambda tx: recovering.retry_failed(tx, now=now, due_before=due_before),
    )


def expire(runtime: Runtime) -> int:
    """Expire unpaid bookings and messages that come too late; return how many."""
    now = utc_now()
    expired = 0
    while True:
        holds = dispatch.perform(
            runtime,
            lambda tx: bookings.expire_holds(tx, now=now, limit=HOLDS_AT_ONCE),
        )
        expired += holds
        if holds < HOLDS_AT_ONCE:
            break
    with runtime.database.write() as tx:
        recovering.give_up_unknown(
            tx, useless_since=now - UNKNOWN_AT_MOST, reason=TOO_LATE_TO_RESEND, now=now
        )
        gates = Gates(tx, runtime, now=now)
        ttls = {name: gates.policy(name).ttl for name in runtime.policy.queues}
    for name, ttl in ttls.items():
        if ttl:
            reason, waited = waited_too_long(ttl), (name, ttl)
            expired += _expire_useless(runtime, reason=reason, now=now, waited=waited)
    return expired + _expire_useless(runtime, reason=TOO_LATE.reason, now=now)


def _expire_useless(
    runtime: Runtime,
    *,
    reason: str,
    now: datetime,
    waited: tuple[str, timedelta] | None = None,
) -> int:
    """Expire in several transactions: what a whole weekend's pause has made useless
    may be a crowd.
    """
    expired = 0
    while True:
        with runtime.database.write() as tx:
            some = recovering.expire_useless(
                tx,
                reason=reason,
                unasked=REPEATS_SAFELY,
                now=now,
                at_most=EXPIRED_AT_ONCE,
                waited=waited,
            )
        expired += some
        if some < EXPIRED_AT_ONCE:
            return expired
