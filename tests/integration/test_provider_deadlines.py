"""No provider holds us longer than a call may take, whatever the other side does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.outcomes import Fault, Lookup, Result
from app.simulator.faults import Stage
from tests.provider_house import (
    LOGINS,
    REMOTE,
    Maker,
    message_for,
    place,
    send,
    smtp,
    twilio_sms,
)
from tests.simulator import Simulator

#: Seconds given to a call that hangs, and what it may take over that.
WITHIN_S = 0.4
SLACK_S = 0.5
#: The simulator's faults that come to no end within our patience.
HANGING = ["hang_before_accept", "accept_then_hang", "trickle", "delay"]


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(fsync=False, flags=LOGINS) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.mark.parametrize("make", REMOTE)
@pytest.mark.parametrize("fault", HANGING)
def test_a_server_that_hangs_holds_us_no_longer_than_the_deadline(
    fault: str, make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault(fault, times=1, seconds=60)
    began = time.monotonic()

    outcome = send(provider, within_s=WITHIN_S)
    took = time.monotonic() - began
    second = send(provider)
    provider.close()

    assert took < WITHIN_S + SLACK_S
    assert (outcome.result, outcome.fault) == (Result.AMBIGUOUS, Fault.TIMEOUT)
    assert (second.result, second.fault) == (Result.ACCEPTED, Fault.NONE)


@pytest.mark.parametrize("stage", [one for one in Stage if one is not Stage.FINAL_DOT])
@pytest.mark.parametrize("fault", ["hang_before_accept", "delay"])
def test_a_mail_server_that_hangs_at_any_stage_holds_us_no_longer(
    fault: str, stage: Stage, simulator: Simulator, tmp_path: Path
) -> None:
    provider = smtp(place(simulator, tmp_path))
    simulator.add_fault(fault, times=1, stage=stage, seconds=60)
    began = time.monotonic()

    outcome = send(provider, within_s=WITHIN_S)
    took = time.monotonic() - began
    second = send(provider)
    provider.close()

    assert took < WITHIN_S + SLACK_S
    assert (outcome.result, outcome.fault) == (Result.TRANSIENT, Fault.TIMEOUT)
    assert (second.result, second.fault) == (Result.ACCEPTED, Fault.NONE)


@pytest.mark.parametrize("fault", HANGING)
def test_a_look_up_that_hangs_holds_us_no_longer_than_the_deadline(
    fault: str, simulator: Simulator, tmp_path: Path
) -> None:
    provider = twilio_sms(place(simulator, tmp_path))
    simulator.add_fault(fault, match={"operation": "look_up"}, seconds=60)
    began = time.monotonic()

    answer = provider.look_up(
        message_for(provider), since=datetime.now(UTC), within_s=WITHIN_S
    )
    took = time.monotonic() - began
    provider.close()

    assert took < WITHIN_S + SLACK_S
    assert answer.lookup is Lookup.UNANSWERED
