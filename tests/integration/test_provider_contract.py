"""What holds for every provider, over its real protocol against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from app.domain.outcomes import Fault, Lookup, Result
from app.simulator.garbage import GARBAGE
from tests.provider_house import (
    EVERY,
    HTTP,
    LOGINS,
    REMOTE,
    TEXT,
    Maker,
    gateway,
    message_for,
    place,
    preview,
    resend,
    send,
    smtp,
)
from tests.simulator import Simulator

#: The same trouble as each protocol says it.
BUSY: dict[str, dict[str, Any]] = {
    "http": {"status": 429, "headers": {"Retry-After": "7"}},
    "smtp": {"code": 450, "text": "4.7.0 Too many messages, wait 7 seconds"},
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(fsync=False, flags=LOGINS) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.mark.parametrize("make", EVERY)
def test_a_message_is_accepted_and_named(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    outcome = send(provider)
    provider.close()

    assert outcome.result is Result.ACCEPTED
    assert outcome.fault is Fault.NONE
    assert outcome.provider_message_id


@pytest.mark.parametrize("make", REMOTE)
def test_what_arrives_is_what_was_sent(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    send(provider)
    provider.close()

    [entry] = simulator.ledger()
    assert entry["channel"] == provider.channel
    assert entry["recipient"] == message_for(provider).recipient
    assert entry["text"].rstrip() == TEXT


@pytest.mark.parametrize("make", EVERY)
def test_who_repeats_safely_has_one_message_after_two(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    send(provider)
    send(provider)
    provider.close()

    kept = len(simulator.ledger()) + len(list(tmp_path.iterdir()))
    assert kept == (1 if provider.repeats_safely else 2)


@pytest.mark.parametrize("make", [smtp, resend, preview])
def test_a_repetition_bears_the_same_name(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    first, second = send(provider), send(provider)
    provider.close()

    assert first.provider_message_id == second.provider_message_id


@pytest.mark.parametrize("make", REMOTE)
def test_a_server_that_is_busy_is_asked_again_when_it_says(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault("status", **BUSY["smtp" if make is smtp else "http"])

    outcome = send(provider)
    provider.close()

    assert outcome.result is Result.TRANSIENT
    assert outcome.fault is Fault.LIMITED
    assert outcome.retry_after == timedelta(seconds=7)
    assert simulator.ledger() == []


@pytest.mark.parametrize("make", REMOTE)
def test_a_line_that_is_cut_after_the_message_was_taken_leaves_it_unknown(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault("accept_then_cut", times=1)
    since = datetime.now(UTC)

    outcome = send(provider)
    answer = provider.look_up(message_for(provider), since=since)
    second = send(provider)
    provider.close()

    [entry, *again] = simulator.ledger()
    assert bool(again) is not provider.repeats_safely
    assert (outcome.result, outcome.fault) == (Result.AMBIGUOUS, Fault.DOWN)
    assert (second.result, second.fault) == (Result.ACCEPTED, Fault.NONE)
    if answer.lookup is not Lookup.UNSUPPORTED:
        assert answer.lookup is Lookup.FOUND
        assert answer.provider_message_id == entry["provider_message_id"]


#: A gateway's yes in the words agreed on needs no name.
_SAYS_YES = (gateway, "missing_id")


@pytest.mark.parametrize(
    ("make", "body"),
    [
        *(pair for pair in product(HTTP, sorted(GARBAGE)) if pair != _SAYS_YES),
        (smtp, "html"),
    ],
)
def test_an_answer_that_is_garbage_leaves_it_unknown(
    make: Maker, body: str, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault("garbage", body=body)

    outcome = send(provider)
    provider.close()

    assert (outcome.result, outcome.fault) == (Result.AMBIGUOUS, Fault.DOWN)


@pytest.mark.parametrize("make", REMOTE)
def test_a_server_that_is_not_there_is_tried_again_later(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    nowhere = place(
        simulator, tmp_path, http="http://127.0.0.1:1", smtp=("127.0.0.1", 1)
    )

    outcome = send(make(nowhere))

    assert (outcome.result, outcome.fault) == (Result.TRANSIENT, Fault.DOWN)
    assert "refused" in outcome.reason


@pytest.mark.parametrize("make", REMOTE)
def test_wrong_credentials_are_a_matter_for_a_person(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path, password="another"))

    outcome = send(provider)
    answer = provider.look_up(message_for(provider), since=datetime.now(UTC))
    provider.close()

    assert (outcome.result, outcome.fault) == (Result.CONFIG, Fault.REFUSED)
    assert answer.lookup in {Lookup.UNANSWERED, Lookup.UNSUPPORTED}
    assert simulator.ledger() == []


@pytest.mark.parametrize("make", EVERY)
def test_closing_is_safe_at_any_time(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    provider.close()
    send(provider)
    provider.close()
    provider.close()
    outcome = send(provider)
    provider.close()

    assert outcome.result is Result.ACCEPTED


@pytest.mark.parametrize("make", REMOTE)
def test_closing_is_safe_when_the_server_is_gone(make: Maker, tmp_path: Path) -> None:
    with Simulator(fsync=False) as mortal:
        provider = make(place(mortal, tmp_path))
        provider.send(message_for(provider))
        mortal.kill()

        provider.close()
        outcome = send(provider)

    assert outcome.result is Result.TRANSIENT


@pytest.mark.parametrize("make", HTTP)
def test_who_wants_to_be_paid_first_is_left_alone_and_no_message_dies(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault("status", status=402)

    outcome = send(provider)
    provider.close()

    assert (outcome.result, outcome.fault) == (Result.CONFIG, Fault.REFUSED)
    assert "credit" in outcome.reason
