"""What a mail server's reply means: by its enhanced code, else by its code and step.

Read by `smtp.py`. Pure: replies go in, outcomes come out. Never repeats the server's
words, since they hold the recipient's address.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum

from app.channels.base import MAX_RETRY_AFTER, Verdict
from app.domain.outcomes import Outcome, Result


class Step(StrEnum):
    """Where in the conversation a reply was given."""

    GREETING = "greeting"  # the banner, EHLO, STARTTLS, and whether we may talk at all
    LOGIN = "login"
    SENDER = "sender"  # MAIL FROM
    RECIPIENT = "recipient"  # RCPT TO
    CONTENT = "content"  # DATA, and the reply to its final dot


_RECIPIENT = Result.PERMANENT_RECIPIENT
_CONTENT = Result.PERMANENT_CONTENT
_LOGIN = Verdict(Result.CONFIG, "the mail server refused the user or the password")
_POLICY = Verdict(
    Result.CONFIG,
    "the mail server refuses mail from us (its policy, or SPF, DKIM and DMARC)",
)
_PROTOCOL = Verdict(Result.CONFIG, "the mail server did not understand a command")
_FULL = Verdict(Result.TRANSIENT, "the mailbox is full")
_TOO_BIG = Verdict(_CONTENT, "the e-mail is too big for the mail server")
_LATER = Verdict(Result.TRANSIENT, "the mail server asks us to try again later")
_RELAYING = Verdict(
    Result.CONFIG, "the mail server does not pass on mail for us (relaying)"
)
_NO_MAILBOX = Verdict(_RECIPIENT, "there is no such mailbox")

#: Enhanced codes (RFC 3463) that mean more than their class; `5.1` is for every `5.1.x`
#: that says no more.
ENHANCED: dict[str, Verdict] = {
    "5.1": Verdict(_RECIPIENT, "the e-mail address does not work"),
    "5.1.1": _NO_MAILBOX,
    "5.1.2": Verdict(_RECIPIENT, "there is no mail server for the address's domain"),
    "5.1.3": Verdict(_RECIPIENT, "the e-mail address is not valid"),
    "5.1.6": Verdict(_RECIPIENT, "the mailbox has moved"),
    "5.1.7": Verdict(Result.CONFIG, "the mail server refused our sender address"),
    "5.1.8": Verdict(Result.CONFIG, "the mail server refused our sender address"),
    "5.1.10": Verdict(_RECIPIENT, "the address's domain takes no mail"),
    "5.2": Verdict(_RECIPIENT, "the mailbox takes no mail"),
    "5.2.1": Verdict(_RECIPIENT, "the mailbox is switched off"),
    "5.2.2": _FULL,
    "5.2.3": _TOO_BIG,
    "5.3.4": _TOO_BIG,
    "5.4": Verdict(_RECIPIENT, "there is no way to the address's mail server"),
    "5.5": _PROTOCOL,
    "5.6": Verdict(_CONTENT, "the mail server refused the e-mail's form"),
    "5.7": _POLICY,
    "5.7.8": _LOGIN,
    "4.2.2": _FULL,
    "4.2": Verdict(Result.TRANSIENT, "the mailbox asks us to try again later"),
    "4.7": _LATER,
}
#: Codes that mean the same at every step.
CODES: dict[int, Verdict] = {
    421: Verdict(Result.TRANSIENT, "the mail server is closing the connection"),
    450: Verdict(Result.TRANSIENT, "the mailbox is not available just now"),
    452: Verdict(Result.TRANSIENT, "the mail server has no room just now"),
    454: Verdict(Result.TRANSIENT, "the mail server cannot log us in just now"),
    500: _PROTOCOL,
    502: _PROTOCOL,
    503: _PROTOCOL,
    504: _PROTOCOL,
    530: Verdict(Result.CONFIG, "the mail server wants a login"),
    534: _LOGIN,
    535: _LOGIN,
    538: _LOGIN,
}
#: What any other refusal means at each step.
STEPS: dict[Step, Verdict] = {
    Step.GREETING: Verdict(Result.CONFIG, "the mail server does not talk to us"),
    Step.LOGIN: _LOGIN,
    Step.SENDER: Verdict(Result.CONFIG, "the mail server refused our sender address"),
    Step.RECIPIENT: _NO_MAILBOX,
    Step.CONTENT: Verdict(_CONTENT, "the mail server refused the e-mail"),
}
#: The same code, with another meaning at one step.
STEP_CODES: dict[tuple[Step, int], Verdict] = {
    (Step.SENDER, 552): _TOO_BIG,
    (Step.RECIPIENT, 552): _FULL,
    (Step.CONTENT, 552): _TOO_BIG,
}

_ENHANCED_CODE = re.compile(rb"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_PAUSE = re.compile(rb"\b(\d{1,5}) ?(secs?|seconds?|mins?|minutes?)\b", re.IGNORECASE)


def refusal(step: Step, code: int, text: bytes) -> Outcome:
    """Judge a reply of 400 to 599."""
    enhanced = _enhanced(code, text)
    verdict = _verdict(step, code, enhanced, text)
    pause = _pause(text) if verdict.result is Result.TRANSIENT else None
    return Outcome(
        result=verdict.result,
        reason=verdict.reason,
        code=f"{code} {enhanced}".strip(),
        retry_after=pause,
    )


def _verdict(step: Step, code: int, enhanced: str, text: bytes) -> Verdict:
    known = (
        ENHANCED.get(enhanced)
        or STEP_CODES.get((step, code))
        or CODES.get(code)
        or ENHANCED.get(enhanced.rpartition(".")[0])
    )
    about_recipient = known is not None and known.result is _RECIPIENT
    if about_recipient and step not in {Step.RECIPIENT, Step.CONTENT}:
        return STEPS[step]  # the address that does not work is our own
    if known is not None:
        return known
    if code < 500:
        return _LATER
    if step is Step.RECIPIENT and b"relay" in text.lower():
        return _RELAYING
    return STEPS[step]


def _enhanced(code: int, text: bytes) -> str:
    """Find the enhanced code; one that contradicts the reply's code is not believed."""
    found = _ENHANCED_CODE.match(text)
    if found is None or int(found[1]) != code // 100:
        return ""
    return ".".join(str(int(part)) for part in found.groups())


def _pause(text: bytes) -> timedelta | None:
    """Find a pause in the words, as greylists give it ("try again in 300 seconds")."""
    found = _PAUSE.search(text)
    if found is None:
        return None
    unit = timedelta(minutes=1) if found[2].lower().startswith(b"m") else _SECOND
    return min(int(found[1]) * unit, MAX_RETRY_AFTER)


_SECOND = timedelta(seconds=1)
