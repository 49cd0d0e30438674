"""What follows from an attempt's outcome: a decision as a value, and nothing done.

CONTRACT section 5: three quick retries with jitter, then `failed`, which the scheduler
tries again with growing pauses until the message is no longer useful.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.outcomes import Outcome, Result
from app.domain.queues import QueuePolicy
from app.domain.tasks import Status

#: The pause before a failed message is tried again doubles up to this.
LONGEST_PAUSE = timedelta(hours=1)
_DEAD_RESULTS = {
    Result.PERMANENT_RECIPIENT,
    Result.PERMANENT_CONTENT,
    Result.SUPPRESSED,
}


@dataclass(frozen=True, kw_only=True)
class Tries:
    """What a message has behind it: quick tries since a person (or nobody) asked
    for it, and rounds of `retry_failed` after those.
    """

    quick: int
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Pauses:
    """The pauses that do not depend on the queue."""

    retry_failed: timedelta
    look_up: timedelta


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The state that follows, and when the message is looked at again (None: never)."""

    status: Status
    next_attempt_at: datetime | None = None
    #: The quick retries are used up: each such wait makes the next one longer.
    is_long_wait: bool = False
    #: It told of the provider alone: the message has as many tries as before.
    gives_try_back: bool = False


def decide(
    outcome: Outcome,
    *,
    tries: Tries,
    policy: QueuePolicy,
    pauses: Pauses,
    now: datetime,
    chance: Callable[[], float],
) -> Decision:
    """Decide what follows from `outcome`.

    `tries` counts the attempt that has just ended; `chance` gives a number in [0, 1).
    """
    if outcome.result is Result.ACCEPTED:
        return Decision(status=Status.SENT)
    if outcome.result in _DEAD_RESULTS:
        return Decision(status=Status.DEAD)
    if outcome.result is Result.AMBIGUOUS:
        return Decision(status=Status.UNKNOWN, next_attempt_at=now + pauses.look_up)
    quick = _quick_pause(tries.quick, policy, chance)
    # Trying again at once cannot cure wrong credentials: only a person can.
    if quick is None or outcome.result is Result.CONFIG:
        pause = failed_pause(tries.rounds, pauses.retry_failed)
        return Decision(
            status=Status.FAILED,
            next_attempt_at=now + _at_least(pause, outcome),
            is_long_wait=True,
        )
    return Decision(
        status=Status.RETRYING, next_attempt_at=now + _at_least(quick, outcome)
    )


def decide_not_there(
    *,
    tries: Tries,
    policy: QueuePolicy,
    pauses: Pauses,
    now: datetime,
    chance: Callable[[], float],
) -> Decision:
    """Decide what follows when the provider does not have what may have been sent.

    The same as after any failure that may pass; the wait for the look-up counts as
    part of the pause.
    """
    outcome = Outcome(result=Result.TRANSIENT)
    decision = decide(
        outcome, tries=tries, policy=policy, pauses=pauses, now=now, chance=chance
    )
    if decision.status is Status.FAILED or decision.next_attempt_at is None:
        return decision
    return replace(
        decision, next_attempt_at=max(now, decision.next_attempt_at - pauses.look_up)
    )


def failed_pause(rounds: int, base: timedelta) -> timedelta:
    """Return the pause after so many rounds: the base, doubled with each, capped."""
    if base >= LONGEST_PAUSE:
        return base
    return min(base * (1 << min(rounds, 30)), LONGEST_PAUSE)


def _quick_pause(
    tries: int, policy: QueuePolicy, chance: Callable[[], float]
) -> timedelta | None:
    # What was never tried, and is asked about all the same, waits as after one try.
    behind = max(tries, 1)
    if behind > len(policy.retry_delays):
        return None
    share = 1 + policy.retry_jitter * (2 * chance() - 1)
    return min(policy.retry_delays[behind - 1] * share, policy.retry_cap)


def _at_least(pause: timedelta, outcome: Outcome) -> timedelta:
    return max(pause, outcome.retry_after or timedelta(0))
