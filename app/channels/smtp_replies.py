"""What a mail server's reply means: by its enhanced code, else by its code and step.

Read by `smtp.py`. Pure: replies go in, outcomes come out. Never repeats the server's
words, since they hold the recipient's address.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

from app.channels.base import DOUBTFUL_RETRY_AFTER, Verdict
from app.domain.outcomes import Fault, Outcome, Result


class Step(StrEnum):
    """Where in the conversation a reply was given."""

    GREETING = "greeting"  # the banner, EHLO, STARTTLS, and whether we may talk at all
    LOGIN = "login"
    SENDER = "sender"  # MAIL FROM
    RECIPIENT = "recipient"  # RCPT TO
    CONTENT = "content"  # DATA, and the reply to its final dot


_RECIPIENT = Result.PERMANENT_RECIPIENT
_CONTENT = Result.PERMANENT_CONTENT
_LIMITED, _REFUSED = Fault.LIMITED, Fault.REFUSED
_LOGIN = Verdict(
    Result.CONFIG, "the mail server refused the user or the password", _REFUSED
)
_POLICY = Verdict(
    Result.CONFIG,
    "the mail server refuses mail from us (its policy, or SPF, DKIM and DMARC)",
)
_PROTOCOL = Verdict(Result.CONFIG, "the mail server did not understand a command")
_FULL = Verdict(Result.TRANSIENT, "the mailbox is full")
_TOO_BIG = Verdict(_CONTENT, "the e-mail is too big for the mail server")
_LATER = Verdict(Result.TRANSIENT, "the mail server asks us to try again later")
_SLOWER = Verdict(
    Result.TRANSIENT, "the mail server asks us to send more slowly", _LIMITED
)
_DAY_IS_FULL = Verdict(
    Result.TRANSIENT,
    "the mail server's limit of e-mails a day is reached",
    _LIMITED,
    timedelta(hours=1),
)
_SENDER = Verdict(Result.CONFIG, "the mail server refused our sender address", _REFUSED)
#: Said of the sender, not of one letter: SPF, DKIM, DMARC, and who may send as whom.
_NOT_AS_US = replace(_POLICY, fault=_REFUSED)
_RELAYING = Verdict(
    Result.CONFIG, "the mail server does not pass on mail for us (relaying)", _REFUSED
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
    "5.1.7": _SENDER,
    "5.1.8": _SENDER,
    "5.1.10": Verdict(_RECIPIENT, "the address's domain takes no mail"),
    "5.1.90": _DAY_IS_FULL,  # Microsoft 365
    "5.2": Verdict(_RECIPIENT, "the mailbox takes no mail"),
    "5.2.1": Verdict(_RECIPIENT, "the mailbox is switched off"),
    "5.2.2": _FULL,
    "5.2.3": _TOO_BIG,
    "5.3.4": _TOO_BIG,
    "5.4": Verdict(_RECIPIENT, "there is no way to the address's mail server"),
    "5.4.5": _DAY_IS_FULL,  # Gmail
    "5.5": _PROTOCOL,
    "5.6": Verdict(_CONTENT, "the mail server refused the e-mail's form"),
    "5.7": _POLICY,
    "5.7.8": _LOGIN,
    **{f"5.7.{detail}": _NOT_AS_US for detail in (*range(20, 28), 57, 60)},
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
    530: Verdict(Result.CONFIG, "the mail server wants a login", _REFUSED),
    534: _LOGIN,
    535: _LOGIN,
    538: _LOGIN,
}
#: What any other refusal means at each step.
STEPS: dict[Step, Verdict] = {
    Step.GREETING: Verdict(
        Result.CONFIG, "the mail server does not talk to us", _REFUSED
    ),
    Step.LOGIN: _LOGIN,
    Step.SENDER: _SENDER,
    Step.RECIPIENT: _NO_MAILBOX,
    Step.CONTENT: Verdict(_CONTENT, "the mail server refused the e-mail"),
}
#: The same code, with another meaning at one step.
STEP_CODES: dict[tuple[Step, int], Verdict] = {
    (Step.SENDER, 552): _TOO_BIG,
    (Step.RECIPIENT, 552): _FULL,
    (Step.CONTENT, 552): _TOO_BIG,
}

#: Bytes of a reply that are read for their words.
READ_BYTES = 1000
#: Before the recipient is named no reply can be about one letter.
_BEFORE_RECIPIENT = {Step.GREETING, Step.LOGIN, Step.SENDER}
#: Words and names that may come from outside (addresses, hosts) and prove nothing.
_NAMES = re.compile(rb"<[^>]*>|[^\s<>]*(?:@|\w\.[a-z])[^\s<>]*", re.IGNORECASE)
_TOO_FAST = re.compile(
    rb"throttl|\brate\b|slow(er)? down|"
    rb"too many (\w+ )?(messages|mails|e-?mails|connections|logins?)\b",
    re.IGNORECASE,
)
_ENHANCED_CODE = re.compile(rb"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_PAUSE = re.compile(rb"\b(\d{1,5}) ?(secs?|seconds?|mins?|minutes?)\b", re.IGNORECASE)


def refusal(step: Step, code: int, text: bytes) -> Outcome:
    """Judge a reply of 400 to 599."""
    enhanced = _enhanced(code, text)
    words = _NAMES.sub(b"", text[:READ_BYTES])
    verdict = _verdict(step, code, enhanced, words)
    pause = _pause(text) if verdict.result is Result.TRANSIENT else None
    return Outcome(
        result=verdict.result,
        reason=verdict.reason,
        code=f"{code} {enhanced}".strip(),
        retry_after=pause or verdict.retry_after,
        fault=_fault(verdict, step, code, enhanced),
    )


def _fault(verdict: Verdict, step: Step, code: int, enhanced: str) -> Fault:
    """Tell what a reply says of the server: before the recipient, nearly all does."""
    if verdict.fault is not Fault.NONE:
        return verdict.fault
    is_early = step in _BEFORE_RECIPIENT
    if code >= 500:
        is_ours = is_early and verdict.result is Result.CONFIG
        return _REFUSED if is_ours else Fault.NONE
    if not (is_early or code == 421):
        # At the recipient 4.7 is a greylist; 4.3 is the server's own health.
        is_ill = enhanced.startswith("4.3.") or (code == 452 and not enhanced)
        return Fault.DOWN if is_ill else Fault.NONE
    # 454 is said of logging in and of TLS.
    is_limit = enhanced.startswith("4.7.") and code != 454
    return _LIMITED if is_limit else Fault.DOWN


def _verdict(step: Step, code: int, enhanced: str, words: bytes) -> Verdict:
    # A mailbox may be written to too fast, too: that is said as 4.2.
    if code < 500 and not enhanced.startswith("4.2.") and _TOO_FAST.search(words):
        return _SLOWER
    if step is Step.RECIPIENT and code >= 500 and _is_about_relaying(enhanced, words):
        return _RELAYING
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
    return _LATER if code < 500 else STEPS[step]


def _is_about_relaying(enhanced: str, words: bytes) -> bool:
    return enhanced in {"", "5.7.0", "5.7.1"} and b"relay" in words.lower()


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
    return min(int(found[1]) * unit, DOUBTFUL_RETRY_AFTER)


_SECOND = timedelta(seconds=1)
