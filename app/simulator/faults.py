"""What goes wrong on order: which requests a fault is for, and how often.

Ordered through `control.py`, taken by `reception.py` (HTTP) and `smtp_session.py`.
Lifting the faults also frees every connection that one of them keeps waiting.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.simulator.submissions import Operation, Submission


class Kind(StrEnum):
    """The ways in which a provider fails."""

    STATUS = "status"  # answers with an error
    HANG_BEFORE_ACCEPT = "hang_before_accept"  # never answers, took nothing
    ACCEPT_THEN_HANG = "accept_then_hang"  # took it, never answers
    ACCEPT_THEN_CUT = "accept_then_cut"  # took it, resets the connection
    CUT_BEFORE_ACCEPT = "cut_before_accept"  # resets the connection, took nothing
    TRICKLE = "trickle"  # took it, answers one byte a second
    GARBAGE = "garbage"  # answers 2xx with something that is no answer
    DELAY = "delay"  # waits, then does its work
    LATE_ANSWER = "late_answer"  # took it at once, then waits, then answers


class Stage(StrEnum):
    """Where in the SMTP dialogue a fault strikes; over HTTP all is the last one."""

    CONNECT = "connect"
    EHLO = "ehlo"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    FINAL_DOT = "final_dot"


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests a fault is for; what is None does not matter."""

    provider: str | None = None
    channel: str | None = None
    recipient: str | None = None
    text_contains: str | None = None
    operation: Operation = Operation.SEND

    def fits(self, submission: Submission) -> bool:
        """Say whether this submission is meant."""
        wanted = (self.provider, self.channel, self.recipient)
        found = (submission.provider, submission.channel, submission.recipient)
        return (
            self.operation is submission.operation
            and all(w in {None, f} for w, f in zip(wanted, found, strict=True))
            and (self.text_contains or "") in f"{submission.subject}\n{submission.text}"
        )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What goes wrong; `accepted` says whether the message is taken all the same."""

    kind: Kind
    accepted: bool
    stage: Stage = Stage.FINAL_DOT
    status: int | None = None
    code: int | None = None
    text: str | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1.0


@dataclass(kw_only=True)
class Rule:
    """An order: this fault, for these requests, so many times (None: always)."""

    match: Match
    fault: Fault
    times: int | None = None
    taken: int = 0

    def takes(self, submission: Submission, *, stage: Stage) -> bool:
        """Say whether this request gets the fault."""
        is_left = self.times is None or self.taken < self.times
        return is_left and stage is self.fault.stage and self.match.fits(submission)


class Hold:
    """What one waiting connection hangs on, until the faults are lifted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_released = False
        self._wake: Callable[[], None] | None = None

    def call_on_release(self, wake: Callable[[], None]) -> None:
        """Have `wake` called at the release, from another thread; now if it was."""
        with self._lock:
            self._wake = wake
            is_late = self._is_released
        if is_late:
            wake()

    def release(self) -> None:
        """Let the connection go on or close."""
        with self._lock:
            self._is_released = True
            wake = self._wake
        if wake is not None:
            wake()


@dataclass(frozen=True, kw_only=True)
class TakenFault:
    """A fault that one request got, with what its waiting hangs on."""

    fault: Fault
    hold: Hold


class FaultBook:
    """The faults in force, in the order in which they were ordered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._holds: weakref.WeakSet[Hold] = weakref.WeakSet()

    def add(self, rules: Iterable[Rule]) -> None:
        """Put rules behind those in force."""
        with self._lock:
            self._rules.extend(rules)

    def rules(self) -> list[Rule]:
        """Return the rules in force, also those that are used up."""
        with self._lock:
            return list(self._rules)

    def take(
        self, submission: Submission, *, stage: Stage = Stage.FINAL_DOT
    ) -> TakenFault | None:
        """Return the first fault for this request and count it, or None."""
        with self._lock:
            for rule in self._rules:
                if rule.takes(submission, stage=stage):
                    rule.taken += 1
                    hold = Hold()
                    self._holds.add(hold)
                    return TakenFault(fault=rule.fault, hold=hold)
        return None

    def waiting(self) -> int:
        """Count the requests that a fault has in its grip right now."""
        with self._lock:
            return len(self._holds)

    def clear(self) -> None:
        """Lift every fault and release whoever waits because of one."""
        with self._lock:
            self._rules = []
            holds = list(self._holds)
            self._holds = weakref.WeakSet()
        for hold in holds:
            hold.release()
