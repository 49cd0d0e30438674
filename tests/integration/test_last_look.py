"""The last look: what must not leave yet waits, and nothing is used up by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.gate import Delay, Refusal
from app.domain.tasks import Status
from app.services import last_look
from app.services.last_look import Look
from tests.engine import Engine


def test_a_message_that_is_put_off_leaves_at_its_time_without_a_try_less(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    quiet_until = engine.clock.now + timedelta(hours=8)
    message = engine.queued("Hello")

    def waits(look: Look) -> Delay | None:
        is_quiet = look.now < quiet_until
        return Delay(until=quiet_until, reason="Not yet.") if is_quiet else None

    monkeypatch.setattr(last_look, "QUESTIONS", (waits,))
    engine.answer_doorbells()

    row = engine.row(message)
    assert (row["status"], row["reason"]) == ("pending", "Not yet.")
    assert row["next_attempt_at"] == quiet_until
    assert (row["attempts"], row["quick_tries"], row["rounds"]) == (0, 0, 0)
    assert engine.texts == []

    engine.clock.advance(hours=8)
    engine.release()
    engine.answer_doorbells()

    assert engine.texts == ["Hello"]
    assert engine.row(message)["reason"] == ""


def test_the_first_answer_counts(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = engine.queued("Hello")

    def refuses(_look: Look) -> Refusal:
        return Refusal(status=Status.SUPPRESSED, reason="Not wanted.")

    def waits(_look: Look) -> Delay:
        raise AssertionError("it is settled already")

    monkeypatch.setattr(last_look, "QUESTIONS", (refuses, waits))
    engine.answer_doorbells()

    row = engine.row(message)
    assert (row["status"], row["reason"]) == ("suppressed", "Not wanted.")
