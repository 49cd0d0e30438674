"""Every Twilio code that is known, and what it means for us."""

from __future__ import annotations

import re

import pytest

from app.channels.twilio_codes import TWILIO_CODES
from app.domain.outcomes import Fault, Result

EXPECTED = {
    Result.CONFIG: """
        20003 20404 21212 21408 21601 21603 21604 21606 21608 21609 21659 21660 21703
        21704 21705 21910 30002 30032 30033 30034 30035 63001 63007 63015 63020 63051
    """,
    Result.TRANSIENT: """
        14107 20429 20500 20503 21611 30001 30003 30008 30017 30022 30023 30027 63010
        63012 63017 63018 63038
    """,
    Result.AMBIGUOUS: "30410",
    Result.PERMANENT_RECIPIENT: "21211 21265 21612 21614 21635 30005 30006 63003 63024",
    Result.SUPPRESSED: "21610 30004 63014 63033",
    Result.PERMANENT_CONTENT: """
        21602 21617 21619 21620 21654 21656 30007 63005 63016 63021 63027 63028 63040
        63041 63042
    """,
}
CASES = [
    (int(code), result) for result, codes in EXPECTED.items() for code in codes.split()
]


@pytest.mark.parametrize(("code", "result"), CASES)
def test_each_code_has_its_meaning(code: int, result: Result) -> None:
    assert TWILIO_CODES[code].result is result


def test_no_code_is_left_out() -> None:
    assert set(TWILIO_CODES) == {code for code, _ in CASES}


FAULTS = {
    # Credentials, account and sender: every message meets them.
    Fault.REFUSED: """
        20003 20404 21212 21601 21603 21609 21660 21704 21705 21910 30002 63001 63007
        63020 63051
    """,
    Fault.DOWN: "20500 20503 63010 63012",
    # The account's and the sender's limits.
    Fault.LIMITED: "20429 21611 30001 63017 63018 63038",
    Fault.NONE: """
        21211 21265 21610 21612 21614 21635 30003 30004 30005 30006 63003 63014 63015
        63024 63033
        21602 21617 21619 21620 21654 21656 30007 63005 63016 63021 63027 63028 63040
        63041 63042
    """
    # For some destinations only: a country, a short code abroad, unverified numbers.
    "21408 21604 21606 21608 21659 21703 "
    # The carriers' own rules and limits; 14107 is of one pair of numbers.
    "14107 30008 30017 30022 30023 30027 30032 30033 30034 30035 30410",
}


@pytest.mark.parametrize("code", sorted(TWILIO_CODES))
def test_each_code_tells_whether_twilio_is_at_fault_or_one_message(code: int) -> None:
    named = [fault for fault, codes in FAULTS.items() if str(code) in codes.split()]

    assert named == [TWILIO_CODES[code].fault]


@pytest.mark.parametrize("code", sorted(TWILIO_CODES))
def test_each_reason_is_a_sentence_for_a_person(code: int) -> None:
    reason = TWILIO_CODES[code].reason

    assert len(reason) > 15
    assert not re.search(r"\d{5}|\{|\}|\.$", reason)


def test_daily_limits_are_asked_again_hourly_not_at_once() -> None:
    waits = {code for code, verdict in TWILIO_CODES.items() if verdict.retry_after}

    assert waits == {30023, 30027, 63038}
