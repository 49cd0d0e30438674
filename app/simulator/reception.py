"""The way of every HTTP request to a provider: fault, judgement, ledger, answer.

Called by `http_server.py` with what it read. A message is answered as taken only
after its ledger line is durable.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from app.simulator.faults import Fault, FaultBook, Hold, Kind
from app.simulator.garbage import GARBAGE
from app.simulator.ledger import Entry, Ledger
from app.simulator.submissions import Operation, Submission, Verdict
from app.simulator.telling.teller import Teller
from app.simulator.wire import (
    TRICKLE_PAUSE_S,
    Answer,
    HttpLine,
    Request,
    json_answer,
)


class HttpProvider(Protocol):
    """A provider that is reached over HTTP."""

    def read(self, request: Request) -> Submission:
        """Say what the request asks for, without judging it."""

    def judge(self, request: Request, submission: Submission) -> Verdict:
        """Answer as the real provider would."""

    def refusal(self, *, status: int | None, code: int | None) -> Answer:
        """Word an ordered error as the real provider words it."""


class Reception:
    """Takes requests for all HTTP providers."""

    def __init__(self, *, ledger: Ledger, faults: FaultBook, teller: Teller) -> None:
        self._ledger = ledger
        self._faults = faults
        self._teller = teller

    def serve(self, provider: HttpProvider, request: Request, line: HttpLine) -> None:
        """Answer one request over its line, or fail at it as ordered."""
        submission = provider.read(request)
        taken = self._faults.take(submission)
        if taken is None:
            line.write(self._accept(provider, request, submission))
            return
        visit = _Visit(
            provider=provider,
            request=request,
            submission=submission,
            line=line,
            fault=taken.fault,
            hold=taken.hold,
        )
        acts: dict[Kind, Callable[[_Visit], None]] = {
            Kind.STATUS: self._status,
            Kind.HANG_BEFORE_ACCEPT: self._hang,
            Kind.ACCEPT_THEN_HANG: self._hang,
            Kind.CUT_BEFORE_ACCEPT: self._cut,
            Kind.ACCEPT_THEN_CUT: self._cut,
            Kind.TRICKLE: self._trickle,
            Kind.GARBAGE: self._garbage,
            Kind.DELAY: self._delay,
            Kind.LATE_ANSWER: self._answer_late,
        }
        acts[taken.fault.kind](visit)

    def _status(self, visit: _Visit) -> None:
        self._settle(visit)
        fault = visit.fault
        if fault.body is None:
            answer = visit.provider.refusal(status=fault.status, code=fault.code)
        else:
            answer = _ordered(fault)
        headers = {**answer.headers, **fault.headers}
        visit.line.write(replace(answer, headers=headers))

    def _hang(self, visit: _Visit) -> None:
        self._settle(visit)
        visit.hold.call_on_release(visit.line.wake)
        visit.line.hang()

    def _cut(self, visit: _Visit) -> None:
        self._settle(visit)
        visit.line.cut()

    def _trickle(self, visit: _Visit) -> None:
        answer = self._settle(visit)
        lifted = threading.Event()
        visit.hold.call_on_release(lifted.set)
        visit.line.trickle(answer, pause=lambda: lifted.wait(TRICKLE_PAUSE_S))

    def _garbage(self, visit: _Visit) -> None:
        answer = self._settle(visit)
        visit.line.write(GARBAGE[visit.fault.body or "html"](answer))

    def _delay(self, visit: _Visit) -> None:
        _wait(visit)
        visit.line.write(self._settle(visit))

    def _answer_late(self, visit: _Visit) -> None:
        answer = self._settle(visit)
        _wait(visit)
        visit.line.write(answer)

    def _settle(self, visit: _Visit) -> Answer:
        """Take the message or refuse it, as the fault says; return the true answer."""
        kind = visit.fault.kind
        if visit.fault.accepted:
            return self._accept(
                visit.provider, visit.request, visit.submission, fault=kind
            )
        if visit.submission.operation is Operation.SEND:
            reason = f"fault {kind}"
            entry = Entry.refused(visit.submission, reason=reason, fault=kind)
            self._ledger.append([entry])
        return json_answer(200, {})

    def _accept(
        self,
        provider: HttpProvider,
        request: Request,
        submission: Submission,
        *,
        fault: str = "",
    ) -> Answer:
        verdict = provider.judge(request, submission)
        if submission.operation is Operation.LOOK_UP or verdict.is_repetition:
            return verdict.answer
        if verdict.reason:
            entry = Entry.refused(submission, reason=verdict.reason, fault=fault)
        else:
            as_id = verdict.provider_message_id
            entry = Entry.taken(submission, as_id=as_id, fault=fault)
        self._ledger.append([entry])
        if entry.accepted:
            self._teller.tell(submission, as_id=verdict.provider_message_id)
        return verdict.answer


@dataclass(frozen=True, kw_only=True)
class _Visit:
    """One request that meets a fault."""

    provider: HttpProvider
    request: Request
    submission: Submission
    line: HttpLine
    fault: Fault
    hold: Hold


def _wait(visit: _Visit) -> None:
    lifted = threading.Event()
    visit.hold.call_on_release(lifted.set)
    lifted.wait(visit.fault.seconds)


def _ordered(fault: Fault) -> Answer:
    if not isinstance(fault.body, str):
        return json_answer(fault.status or 503, fault.body)
    return Answer(
        status=fault.status or 503,
        body=fault.body.encode(),
        headers={"Content-Type": "text/html; charset=utf-8"},
    )
