"""When a provider counts as down, for how long it is spared, and how it comes back.

Decided from what its last answers said of it (`Outcome.fault`); `services/circuits.py`
keeps the state. While a circuit is open messages wait and use up no attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.domain.outcomes import Fault, Outcome

#: In a row, before the circuit opens. One refused login is enough.
MOST_FAILURES = 5
#: In a row too, or with whatever went well in between where each follows the one before
#: within this time: a provider of which every second call hangs holds up all others.
MOST_TIMEOUTS = 2
TIMEOUT_IS_REMEMBERED = timedelta(minutes=1)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=10)
#: A channel is shut no longer because its provider asks for a pause: then a message may
#: try that was not turned away yet. One that was waits for as long as was asked.
LONGEST_ASKED = timedelta(hours=1)
#: No circuit is open for longer, whatever the provider asked for: one that seems to be
#: was opened before the clock was set back.
LONGEST_SPARED = timedelta(hours=1, minutes=1)
#: Nobody else tries a spared provider while a probe may still be under way.
PROBE_TAKES_AT_MOST = timedelta(seconds=15)
#: Seconds for a call to a provider that is well, and to one that may be down.
PATIENCE_S = 10.0
PROBE_PATIENCE_S = 3.0
#: After each so many time-outs one probe may take as long as any call: a provider that
#: is well but slow would otherwise never be heard out, and be spared for ever.
TIMEOUTS_A_LONG_PROBE = 3


@dataclass(frozen=True, kw_only=True)
class Circuit:
    """What is held against a provider that has failed of late."""

    failures: int = 0
    timeouts: int = 0
    timed_out_at: datetime | None = None
    #: None: not open. Past: one message may try.
    open_until: datetime | None = None
    opened_at: datetime | None = None
    pause: timedelta = timedelta(0)
    reason: str = ""

    def is_open(self, now: datetime) -> bool:
        """Whether nothing may be sent now."""
        if self.open_until is None:
            return False
        return now < self.open_until <= now + LONGEST_SPARED

    def may_hang(self, now: datetime) -> bool:
        """Whether the next time-out would be one too many."""
        if self.timeouts == 0 or self.timed_out_at is None:
            return False
        is_recent = abs(now - self.timed_out_at) < TIMEOUT_IS_REMEMBERED
        return is_recent or self.failures > 0

    @property
    def is_tripped(self) -> bool:
        """Whether it has opened and no probe has closed it yet."""
        return self.open_until is not None


def after(
    circuit: Circuit | None, outcome: Outcome, *, now: datetime, is_probe: bool = False
) -> Circuit | None:
    """Return the circuit after an answer; None: nothing is held against the provider.

    Once it has opened only a probe's answer counts: any other is that of a call which
    was under way as it opened, or of a probe on another channel.
    """
    known = circuit or Circuit()
    if known.is_tripped and not is_probe and outcome.fault is not Fault.LIMITED:
        return _not_now(known, now) if outcome.fault is Fault.TIMEOUT else known
    if outcome.fault is Fault.NONE:
        return _well(known, now)
    if outcome.fault is Fault.LIMITED:
        return _spared(known, outcome, now, is_probe=is_probe)
    return _failed(known, outcome, now)


def _not_now(known: Circuit, now: datetime) -> Circuit:
    """It has just hung on another channel: a probe here would hold up all once more."""
    until = now + PROBE_TAKES_AT_MOST
    if known.open_until is not None and known.is_open(now):
        until = max(until, known.open_until)
    return replace(known, open_until=until)


def _well(known: Circuit, now: datetime) -> Circuit | None:
    """A probe that goes well forgives all; any other call forgets what is long ago."""
    went_well = replace(known, failures=0)
    return None if known.is_tripped or not went_well.may_hang(now) else went_well


def _failed(known: Circuit, outcome: Outcome, now: datetime) -> Circuit:
    failures = known.failures + 1
    # A provider that hangs now and then, and fails in between, hangs all the same.
    is_known = known.is_tripped or known.may_hang(now)
    timeouts, timed_out_at = known.timeouts if is_known else 0, known.timed_out_at
    if outcome.fault is Fault.TIMEOUT:
        timeouts, timed_out_at = timeouts + 1, now
    is_down = (
        known.pause > timedelta(0)
        or outcome.fault is Fault.REFUSED
        or failures >= MOST_FAILURES
        or timeouts >= MOST_TIMEOUTS
    )
    if not is_down and not known.is_tripped:
        return Circuit(
            failures=failures,
            timeouts=timeouts,
            timed_out_at=timed_out_at,
            reason=outcome.reason,
        )
    pause = min(known.pause * 2 or FIRST_PAUSE, LONGEST_PAUSE)
    return Circuit(
        failures=failures,
        timeouts=timeouts,
        timed_out_at=timed_out_at,
        open_until=now + pause,
        opened_at=known.opened_at or now,
        pause=pause,
        reason=outcome.reason,
    )


def _spared(
    known: Circuit, outcome: Outcome, now: datetime, *, is_probe: bool
) -> Circuit:
    """It asks for a pause: that says nothing of its health."""
    asked = min(outcome.retry_after or FIRST_PAUSE, LONGEST_ASKED)
    until = now + max(asked, timedelta(seconds=1))
    # While it is tried, it is shut only for as long as that may take.
    if known.is_open(now) and known.open_until is not None and not is_probe:
        until = max(until, known.open_until)
    return replace(
        known,
        open_until=until,
        opened_at=known.opened_at or now,
        reason=outcome.reason,
    )


def probing(circuit: Circuit, *, now: datetime) -> Circuit:
    """Return the circuit while one call tries: shut to all others."""
    return replace(circuit, open_until=now + PROBE_TAKES_AT_MOST)


def answered(circuit: Circuit, *, now: datetime) -> Circuit:
    """Return the circuit after a look-up that was answered.

    It can be asked: that does not say that it takes messages, but one may try.
    """
    return replace(circuit, open_until=now) if circuit.is_tripped else circuit


def patience_s(circuit: Circuit | None, *, now: datetime) -> float:
    """Return for how many seconds a call to this provider may take."""
    if circuit is None:
        return PATIENCE_S
    if circuit.is_tripped:
        is_long = circuit.timeouts and circuit.timeouts % TIMEOUTS_A_LONG_PROBE == 0
        return PATIENCE_S if is_long else PROBE_PATIENCE_S
    return PROBE_PATIENCE_S if circuit.may_hang(now) else PATIENCE_S
