"""Opting out: what is held back of whom, and how the reason is said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.consent import (
    How,
    OptOut,
    Said,
    Scope,
    reason_of,
    scope_of_refusal,
    wider,
)
from app.domain.kinds import KINDS, Kind
from app.domain.recipients import Channel
from tests.house import ALICE

SINCE = datetime(2027, 3, 12, tzinfo=UTC)
STOPPED = OptOut(scope=Scope.ALL, reason="They opted out.", since=SINCE)
UNSUBSCRIBED = OptOut(scope=Scope.NONESSENTIAL, reason="Unsubscribed.", since=SINCE)

#: What a customer need not know: an opt-out of these alone leaves the rest.
NEED_NOT_BE_KNOWN = {Kind.BOOKING_REMINDER, Kind.FOLLOW_UP, Kind.MESSAGE}


@pytest.mark.parametrize("kind", Kind)
def test_who_has_said_stop_is_sent_nothing_of_any_kind(kind: Kind) -> None:
    assert STOPPED.holds_back(KINDS[kind], {})


@pytest.mark.parametrize("kind", Kind)
def test_who_has_unsubscribed_is_still_sent_what_must_be_known(kind: Kind) -> None:
    held_back = UNSUBSCRIBED.holds_back(KINDS[kind], {})

    assert held_back == (kind in NEED_NOT_BE_KNOWN)


@pytest.mark.parametrize("how", How)
def test_every_way_to_opt_out_has_a_reason_in_words(how: How) -> None:
    said = Said(channel=Channel.SMS, address=ALICE.phone or "", how=how)

    assert reason_of(said, date="12 March 2027").endswith(" on 12 March 2027.")


def test_a_reason_tells_what_the_provider_said() -> None:
    said = Said(
        channel=Channel.SMS,
        address=ALICE.phone or "",
        how=How.PROVIDER_CODE,
        detail="twilio says: The recipient opted out.",
    )

    assert reason_of(said, date="12 March 2027") == (
        "Learned from the provider on 12 March 2027: "
        "twilio says: The recipient opted out."
    )


@pytest.mark.parametrize(
    ("provider", "code", "expected"),
    [
        ("twilio", "21610", "all"),
        ("meta", "131050", "nonessential"),
        ("twilio", "131050", "all"),
        ("vonage", "4", "all"),
    ],
)
def test_who_stopped_advertising_alone_is_still_sent_what_must_be_known(
    provider: str, code: str, expected: str
) -> None:
    assert scope_of_refusal(provider, code) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("all", "all", "all"),
        ("all", "nonessential", "all"),
        ("nonessential", "all", "all"),
        ("nonessential", "nonessential", "nonessential"),
    ],
)
def test_of_two_scopes_the_wider_one_holds(
    first: str, second: str, expected: str
) -> None:
    assert wider(Scope(first), Scope(second)) == expected
