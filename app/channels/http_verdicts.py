"""What an HTTP exchange means whatever the provider: silence, and plain statuses.

Used by the providers that speak HTTP where neither a code nor a body says more. A
company is named as people know it (`Twilio`).
"""

from __future__ import annotations

import base64
import re

from app.channels.base import Verdict
from app.channels.http_answers import Answer, Failure, Fate
from app.domain.outcomes import Fault, Outcome, Result


def unanswered(failure: Failure, *, company: str) -> Outcome:
    """Judge a request that brought no answer: by whether it may have been read."""
    if failure.fate is Fate.NOT_SENT:
        reason = f"{company} could not be reached: {failure.reason}"
        return Outcome(result=Result.TRANSIENT, reason=reason, fault=failure.fault)
    reason = f"it is not known whether {company} took the message: {failure.reason}"
    return Outcome(result=Result.AMBIGUOUS, reason=reason, fault=failure.fault)


def nameless(answer: Answer, *, company: str) -> Outcome:
    """Judge a yes that does not name the message."""
    return Outcome(
        result=Result.AMBIGUOUS,
        reason=f"{company} answered, but did not name the message",
        code=str(answer.status),
        fault=Fault.DOWN,
    )


def failed(answer: Answer, *, company: str) -> Verdict | None:
    """Judge what a code cannot mend: the request may have been worked on."""
    if answer.status >= 500:
        reason = f"{company} failed while it took the message"
        return Verdict(Result.AMBIGUOUS, reason, Fault.DOWN)
    return None


def refused(answer: Answer, *, company: str, variable: str) -> Verdict:
    """Judge a no without a code that we know; `variable` says where the company is."""
    status = answer.status
    if status in {408, 425, 429}:
        fault = Fault.LIMITED if status == 429 else Fault.DOWN
        return Verdict(Result.TRANSIENT, f"{company} asks us to try again later", fault)
    if status in {401, 403}:
        reason = f"{company} refused our credentials"
        return Verdict(Result.CONFIG, reason, Fault.REFUSED)
    if status == 402:
        return Verdict(Result.CONFIG, f"no credit is left at {company}", Fault.REFUSED)
    if status < 400 or status in {404, 405, 407}:
        reason = f"what answers at {variable} does not seem to be {company}"
        return Verdict(Result.CONFIG, reason, Fault.REFUSED)
    return Verdict(Result.PERMANENT_CONTENT, f"{company} refused the message")


def judged(verdict: Verdict, answer: Answer, *, code: str = "") -> Outcome:
    """Return the outcome of an answer that was not a yes."""
    return Outcome(
        result=verdict.result,
        reason=verdict.reason,
        code=code or str(answer.status),
        retry_after=answer.retry_after or verdict.retry_after,
        fault=verdict.fault,
    )


_HALF = re.compile("[\ud800-\udfff]")


def is_whole(text: str) -> bool:
    """Whether no character of the text is cut in half."""
    return text.isascii() or _HALF.search(text) is None


HALF_A_CHARACTER = Outcome(
    result=Result.PERMANENT_CONTENT,
    reason="the message's text holds half a character",
)


def basic(user: str, password: str) -> str:
    """Return the header's value of a basic login."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
