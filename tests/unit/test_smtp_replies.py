"""What each reply of a mail server means at each step."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from app.channels.smtp_replies import Step, refusal
from app.domain.outcomes import Fault, Result

RCPT, DATA, MAIL = Step.RECIPIENT, Step.CONTENT, Step.SENDER

CASES = [
    (RCPT, "550 5.1.1 no such user", Result.PERMANENT_RECIPIENT),
    (RCPT, "550 5.1.2 bad domain", Result.PERMANENT_RECIPIENT),
    (RCPT, "553 5.1.3 bad syntax", Result.PERMANENT_RECIPIENT),
    (RCPT, "551 5.1.6 moved", Result.PERMANENT_RECIPIENT),
    (RCPT, "556 5.1.10 null MX", Result.PERMANENT_RECIPIENT),
    (RCPT, "550 5.2.1 disabled", Result.PERMANENT_RECIPIENT),
    (RCPT, "552 5.2.2 mailbox full", Result.TRANSIENT),
    (RCPT, "452 4.2.2 mailbox full", Result.TRANSIENT),
    (RCPT, "552 mailbox full", Result.TRANSIENT),
    (RCPT, "450 4.2.1 greylisted", Result.TRANSIENT),
    (RCPT, "450 4.7.1 greylisted", Result.TRANSIENT),
    (RCPT, "451 4.3.0 local error", Result.TRANSIENT),
    (RCPT, "450 4.4.1 no route", Result.TRANSIENT),
    (RCPT, "455 parameters", Result.TRANSIENT),
    (RCPT, "421 closing", Result.TRANSIENT),
    (RCPT, "550 mailbox unavailable", Result.PERMANENT_RECIPIENT),
    (RCPT, "551 not local", Result.PERMANENT_RECIPIENT),
    (RCPT, "553 mailbox name", Result.PERMANENT_RECIPIENT),
    (RCPT, "501 syntax", Result.PERMANENT_RECIPIENT),
    (RCPT, "554 5.7.1 relay access denied", Result.CONFIG),
    (RCPT, "550 relay not permitted", Result.CONFIG),
    (RCPT, "530 5.7.0 authentication required", Result.CONFIG),
    (RCPT, "503 bad sequence", Result.CONFIG),
    (DATA, "552 5.3.4 too big", Result.PERMANENT_CONTENT),
    (DATA, "552 5.2.3 too big", Result.PERMANENT_CONTENT),
    (DATA, "552 too much", Result.PERMANENT_CONTENT),
    (DATA, "554 refused", Result.PERMANENT_CONTENT),
    (DATA, "554 5.6.0 bad form", Result.PERMANENT_CONTENT),
    (DATA, "550 5.7.26 DMARC", Result.CONFIG),
    (DATA, "550 5.1.1 no such user", Result.PERMANENT_RECIPIENT),
    (DATA, "452 4.3.1 no space", Result.TRANSIENT),
    (MAIL, "552 5.3.4 too big", Result.PERMANENT_CONTENT),
    (MAIL, "550 5.1.0 sender rejected", Result.CONFIG),
    (MAIL, "550 5.1.8 sender's domain", Result.CONFIG),
    (MAIL, "553 sender rejected", Result.CONFIG),
    (MAIL, "451 try later", Result.TRANSIENT),
    (Step.LOGIN, "535 5.7.8 wrong", Result.CONFIG),
    (Step.LOGIN, "535 wrong", Result.CONFIG),
    (Step.LOGIN, "454 4.7.0 not now", Result.TRANSIENT),
    (Step.LOGIN, "534 5.7.9 too weak", Result.CONFIG),
    (Step.GREETING, "554 no SMTP here", Result.CONFIG),
    (Step.GREETING, "421 too busy", Result.TRANSIENT),
    (Step.GREETING, "454 TLS not available", Result.TRANSIENT),
]


@pytest.mark.parametrize(("step", "reply", "result"), CASES)
def test_each_reply_has_its_meaning(step: Step, reply: str, result: Result) -> None:
    code, _, text = reply.partition(" ")

    outcome = refusal(step, int(code), text.encode())

    assert outcome.result is result
    assert outcome.code.startswith(code)
    assert outcome.reason


NONE, DOWN = Fault.NONE, Fault.DOWN
REFUSED, LIMITED = Fault.REFUSED, Fault.LIMITED
GREETING, LOGIN = Step.GREETING, Step.LOGIN

FAULTS = [
    # Before the recipient is named it is about the server, or about us.
    (GREETING, "421 too busy", DOWN),
    (GREETING, "421 4.7.0 too many connections from your host", LIMITED),
    (GREETING, "450 4.7.1 try later", LIMITED),
    (GREETING, "451 4.3.0 local error", DOWN),
    (GREETING, "454 4.7.0 TLS not available", DOWN),
    (GREETING, "554 no SMTP here", REFUSED),
    (GREETING, "554 5.7.1 your host is blocked", REFUSED),
    (GREETING, "502 what is EHLO", REFUSED),
    (LOGIN, "535 5.7.8 wrong", REFUSED),
    (LOGIN, "535 wrong", REFUSED),
    (LOGIN, "534 5.7.9 too weak", REFUSED),
    (LOGIN, "538 encrypt first", REFUSED),
    (LOGIN, "454 4.7.0 Temporary authentication failure", DOWN),
    (LOGIN, "421 4.7.0 Too many login attempts", LIMITED),
    (MAIL, "530 5.7.0 authentication required", REFUSED),
    (MAIL, "550 5.1.0 sender rejected", REFUSED),
    (MAIL, "553 sender rejected", REFUSED),
    (MAIL, "550 5.7.1 may not send as this sender", REFUSED),
    (MAIL, "451 try later", DOWN),
    (MAIL, "452 4.3.1 no space", DOWN),
    (MAIL, "451 4.7.1 slow down", LIMITED),
    (MAIL, "552 5.3.4 too big", NONE),
    # One recipient.
    (RCPT, "550 5.1.1 no such user", NONE),
    (RCPT, "550 mailbox unavailable", NONE),
    (RCPT, "556 5.1.10 null MX", NONE),
    (RCPT, "452 4.2.2 mailbox full", NONE),
    (RCPT, "450 4.2.0 greylisted", NONE),
    (RCPT, "450 4.7.1 greylisted", NONE),
    (RCPT, "450 4.2.1 the user is receiving mail at a rate too high", NONE),
    (RCPT, "450 4.4.1 no route", NONE),
    (RCPT, "451 local error", NONE),
    (RCPT, "550 5.7.1 blocked by the recipient", NONE),
    (RCPT, "501 5.5.4 syntax", NONE),
    # The server, whatever the step.
    (RCPT, "421 closing", DOWN),
    (RCPT, "421 4.7.28 unusual amount of mail", LIMITED),
    (RCPT, "451 4.3.0 local error", DOWN),
    (RCPT, "451 4.7.0 too many messages, slow down", LIMITED),
    (RCPT, "554 5.7.1 <bob@example.org>: Relay access denied", REFUSED),
    (RCPT, "550 relay not permitted", REFUSED),
    (RCPT, "530 5.7.57 client not authenticated", REFUSED),
    (RCPT, "550 5.1.8 sender's domain", REFUSED),
    (RCPT, "550 5.1.90 daily recipient limit", LIMITED),
    (DATA, "452 4.3.1 no space", DOWN),
    (DATA, "452 no space", DOWN),
    (DATA, "454 Throttling failure: Maximum sending rate exceeded.", LIMITED),
    (DATA, "432 4.3.2 sender thread limit: slow down", LIMITED),
    (DATA, "550 5.4.5 Daily user sending limit exceeded", LIMITED),
    (DATA, "550 5.7.26 DMARC", REFUSED),
    (DATA, "550 5.7.60 may not send as this sender", REFUSED),
    # One letter.
    (DATA, "554 5.7.1 looks like spam", NONE),
    (DATA, "554 refused", NONE),
    (DATA, "552 5.3.4 too big", NONE),
    (DATA, "554 5.6.0 bad form", NONE),
    (DATA, "451 4.7.1 try again later", NONE),
]


@pytest.mark.parametrize(("step", "reply", "fault"), FAULTS)
def test_each_reply_tells_whether_the_server_is_at_fault_or_one_letter(
    step: Step, reply: str, fault: Fault
) -> None:
    code, _, text = reply.partition(" ")

    assert refusal(step, int(code), text.encode()).fault is fault


@pytest.mark.parametrize(
    "text",
    [
        b"<relay@example.org>: unknown user",
        b"no user relay@relay.example here",
        b"the host relay.example.org is unknown",
        b"5.1.1 <x@slow.rate>: throttle@example.org",
        b"5.1.1 relay: no such user",
    ],
)
@pytest.mark.parametrize("code", [450, 550])
def test_no_address_can_make_the_server_seem_at_fault(code: int, text: bytes) -> None:
    assert refusal(Step.RECIPIENT, code, text).fault is Fault.NONE


def test_a_limit_of_letters_a_day_is_waited_out() -> None:
    outcome = refusal(Step.CONTENT, 550, b"5.4.5 Daily user sending limit exceeded")

    assert outcome.result is Result.TRANSIENT
    assert outcome.retry_after == timedelta(hours=1)


@pytest.mark.parametrize("text", [b"a.b" * 100_000, b"<" * 300_000, b"@" * 300_000])
def test_a_reply_of_any_length_is_read_in_no_time(text: bytes) -> None:
    began = time.perf_counter()

    refusal(Step.RECIPIENT, 450, text)

    assert time.perf_counter() - began < 1.0


def test_an_enhanced_code_that_contradicts_the_reply_is_not_believed() -> None:
    outcome = refusal(Step.RECIPIENT, 450, b"5.1.1 no such user")

    assert outcome.result is Result.TRANSIENT
    assert outcome.code == "450"


def test_the_code_names_both_codes() -> None:
    assert refusal(Step.RECIPIENT, 550, b"5.1.1 gone").code == "550 5.1.1"


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        (b"4.2.0 Greylisted, try again in 300 seconds", timedelta(minutes=5)),
        (b"greylisted, please wait 5 minutes", timedelta(minutes=5)),
        (b"come back in 99999 minutes", timedelta(hours=1)),
        (b"4.7.1 greylisted", None),
    ],
)
def test_a_pause_in_the_words_is_honoured(text: bytes, pause: timedelta | None) -> None:
    assert refusal(Step.RECIPIENT, 450, text).retry_after == pause


@pytest.mark.parametrize("step", list(Step))
def test_no_reply_repeats_the_servers_words(step: Step) -> None:
    text = b"<alice@example.org>: the words of the message"

    outcomes = [refusal(step, code, text) for code in range(400, 600)]

    told = " ".join(outcome.reason + outcome.code for outcome in outcomes)
    assert "alice" not in told
    assert "words" not in told


@pytest.mark.parametrize("step", list(Step))
def test_every_refusal_below_500_is_for_now_only(step: Step) -> None:
    results = {refusal(step, code, b"").result for code in range(400, 500)}

    assert results == {Result.TRANSIENT}
