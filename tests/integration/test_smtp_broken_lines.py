"""When the line breaks, slows down or talks nonsense: what is known of the letter."""

from __future__ import annotations

import time

import pytest

from app.domain.outcomes import Fault, Result
from tests.mail_house import (
    STEPS,
    Deed,
    MailHouse,
    cutting,
    delivering_to,
    flooding,
    hanging,
    leaving,
    letter,
    saying,
    trickling,
)

#: Seconds given to a delivery that hangs, and what it may take over that.
WITHIN_S = 0.3
SLACK_S = 0.5

FINAL_DOT = b"."


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("breaking", [cutting, leaving])
def test_a_line_that_breaks_before_the_final_dot_has_sent_nothing(
    step: bytes, breaking: Deed
) -> None:
    house = MailHouse()
    house.behave_oddly(step, breaking)

    with delivering_to(house) as (provider, _):
        broken = provider.send(letter())
        house.odd.clear()
        second = provider.send(letter())

    assert (broken.result, broken.fault) == (Result.TRANSIENT, Fault.DOWN)
    assert (second.result, second.fault) == (Result.ACCEPTED, Fault.NONE)


@pytest.mark.parametrize("breaking", [cutting, leaving])
def test_a_line_that_breaks_after_the_final_dot_leaves_it_unknown(
    breaking: Deed,
) -> None:
    house = MailHouse({FINAL_DOT: breaking})

    with delivering_to(house) as (provider, _):
        broken = provider.send(letter())
        house.odd.clear()
        second = provider.send(letter())

    assert (broken.result, broken.fault) == (Result.AMBIGUOUS, Fault.DOWN)
    assert (second.result, second.fault) == (Result.ACCEPTED, Fault.NONE)


@pytest.mark.parametrize("step", [*STEPS, FINAL_DOT])
@pytest.mark.parametrize("delaying", [hanging, trickling])
def test_a_slow_server_holds_us_no_longer_than_the_deadline(
    step: bytes, delaying: Deed
) -> None:
    house = MailHouse()
    house.behave_oddly(step, delaying)

    with delivering_to(house) as (provider, _):
        began = time.monotonic()
        outcome = provider.send(letter(), within_s=WITHIN_S)
        took = time.monotonic() - began
        house.odd.clear()
        second = provider.send(letter())

    assert took < WITHIN_S + SLACK_S
    assert second.result is Result.ACCEPTED
    assert outcome.fault is Fault.TIMEOUT
    assert outcome.result is (
        Result.AMBIGUOUS if step == FINAL_DOT else Result.TRANSIENT
    )
    assert "in time" in outcome.reason


@pytest.mark.parametrize("step", [*STEPS, FINAL_DOT])
def test_a_reply_without_end_is_cut_off_long_before_the_deadline(step: bytes) -> None:
    house = MailHouse()
    house.behave_oddly(step, flooding)

    with delivering_to(house) as (provider, _):
        began = time.monotonic()
        outcome = provider.send(letter())
        took = time.monotonic() - began

    assert took < 5.0
    assert outcome.result is (
        Result.AMBIGUOUS if step == FINAL_DOT else Result.TRANSIENT
    )


@pytest.mark.parametrize("step", [*STEPS, FINAL_DOT])
def test_a_server_that_closes_with_421_is_tried_again_on_a_new_connection(
    step: bytes,
) -> None:
    house = MailHouse()
    house.behave_oddly(step, saying(b"421 4.3.2 going down\r\n"))

    with delivering_to(house) as (provider, server):
        refused = provider.send(letter())
        house.odd.clear()
        second = provider.send(letter())

    assert (refused.result, refused.fault) == (Result.TRANSIENT, Fault.DOWN)
    assert refused.code.startswith("421")
    assert second.result is Result.ACCEPTED
    assert server.connections == 2


@pytest.mark.parametrize(
    "reply", [b"<html>\r\n", b"\r\n", b"999 what\r\n", b"x" * 9000]
)
@pytest.mark.parametrize("step", STEPS)
def test_a_reply_that_makes_no_sense_before_the_final_dot_has_sent_nothing(
    step: bytes, reply: bytes
) -> None:
    house = MailHouse()
    house.behave_oddly(step, saying(reply))

    with delivering_to(house) as (provider, _):
        outcome = provider.send(letter())

    assert (outcome.result, outcome.fault) == (Result.TRANSIENT, Fault.DOWN)


@pytest.mark.parametrize(
    "reply", [b"<html>\r\n", b"\r\n", b"999 what\r\n", b"354 more?\r\n", b"x" * 9000]
)
def test_a_reply_to_the_final_dot_that_makes_no_sense_leaves_it_unknown(
    reply: bytes,
) -> None:
    house = MailHouse({FINAL_DOT: saying(reply)})

    with delivering_to(house) as (provider, _):
        outcome = provider.send(letter())

    assert (outcome.result, outcome.fault) == (Result.AMBIGUOUS, Fault.DOWN)
