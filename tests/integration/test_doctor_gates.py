"""What `doctor` says of queues that let nothing out."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.commands.checks import gates
from app.commands.checks.findings import Box, Finding, Level
from app.domain.circuits import Circuit
from app.storage import gates as circuits
from app.storage import queues as store
from tests.engine import Engine


def look(engine: Engine) -> list[Finding]:
    return list(
        gates.gates(Box(settings=engine.runtime.settings, runtime=engine.runtime))
    )


def pause(engine: Engine, *, until: datetime | None = None, reason: str = "") -> None:
    with engine.runtime.database.write() as tx:
        facts = {"until": until, "by": "Alice", "reason": reason}
        store.pause(tx, "sms", **facts, now=engine.clock.now)


def test_a_box_whose_queues_are_open_is_well(engine: Engine) -> None:
    engine.message()

    (found,) = look(engine)

    assert found.level is Level.OK


@pytest.mark.parametrize(
    ("waiting", "told"),
    [
        (0, "0 due tasks wait; nothing is lost."),
        (1, "1 due task waits; nothing is lost."),
        (2, "2 due tasks wait; nothing is lost."),
    ],
)
def test_a_paused_queue_is_told_with_the_way_out(
    engine: Engine, waiting: int, told: str
) -> None:
    pause(engine, reason="New contract.")
    for _ in range(waiting):
        engine.message()

    (found,) = look(engine)

    assert found.level is Level.WARNING
    assert found.finding == "The queue sms was paused by Alice: New contract."
    assert found.consequence == told
    assert "`python3 bellhop.py queue resume sms`" in found.advice


def test_a_provider_that_is_spared_is_told(engine: Engine) -> None:
    until = engine.clock.now.replace(year=2199)
    circuit = Circuit(failures=5, open_until=until, reason="It answered 503.")
    with engine.runtime.database.write() as tx:
        circuits.save_circuit(
            tx,
            gate="sms",
            provider=str(engine.runtime.modes["sms"]),
            circuit=circuit,
            now=engine.clock.now,
        )

    (found,) = look(engine)

    assert found.level is Level.WARNING
    assert found.finding.startswith("The provider behind sms is spared until 2199-")
    assert found.finding.endswith(": It answered 503.")


def test_a_full_queue_is_told(engine: Engine) -> None:
    with engine.runtime.database.write() as tx:
        store.save_overrides(tx, "sms", {"max_length": 2}, now=engine.clock.now)
    for _ in range(2):
        engine.message()

    (found,) = look(engine)

    assert found.finding == "The queue sms is full: 2 are waiting."
    assert "queue set sms max_length=" in found.advice


def test_a_limit_that_is_used_up_is_no_trouble(engine: Engine) -> None:
    for number in range(25):
        engine.message(recipient=f"+1415555{number:04}")
    engine.work()

    (found,) = look(engine)

    assert found.level is Level.OK
