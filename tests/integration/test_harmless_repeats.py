"""A provider that knows a message by its key: what is unknown is repeated at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from app.channels.credentials import REPEATS_SAFELY
from app.channels.table import open_providers
from app.domain.gate import MAY_HAVE_LEFT
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.services import workers
from tests.engine import Engine, another_worker
from tests.fakes import FakeProvider
from tests.house import make_settings

AMBIGUOUS = Outcome(result=Result.AMBIGUOUS, reason="cut off")


def careful(engine: Engine) -> Engine:
    """A worker whose provider knows a message by its key."""
    engine.presence.lock.close()
    workers.leave(engine.runtime, engine.presence)
    return another_worker(engine, FakeProvider(name="preview", repeats_safely=True))


def test_an_unknown_outcome_is_repeated_at_once_under_the_same_key(
    engine: Engine,
) -> None:
    worker = careful(engine)
    worker.provider.script.append(AMBIGUOUS)
    message = worker.message()

    worker.work()

    assert worker.status(message) == "sent"
    assert [handed.key for handed in worker.provider.handed] == [message, message]
    assert worker.provider.asked[0][0].key == message


def test_what_stays_unknown_is_repeated_with_growing_pauses(engine: Engine) -> None:
    worker = careful(engine)
    worker.provider.script += [AMBIGUOUS] * 3
    message = worker.message()

    worker.work()
    assert worker.status(message) == "retrying"
    assert len(worker.provider.handed) < 4

    worker.clock.advance(minutes=10)
    worker.work()
    worker.clock.advance(minutes=10)
    worker.work()
    assert worker.status(message) == "sent"


def test_after_a_crash_nobody_waits_for_a_look_up(engine: Engine) -> None:
    worker = careful(engine)
    message = worker.message()
    worker.provider.script.append(RuntimeError("as if it were killed"))

    worker.work()

    assert worker.status(message) == "sent"
    assert [handed.key for handed in worker.provider.handed] == [message, message]


def test_a_provider_that_cannot_tell_is_asked_after_a_while(engine: Engine) -> None:
    engine.provider.script.append(AMBIGUOUS)
    message = engine.message()

    engine.work()

    assert engine.status(message) == "unknown"
    due = engine.row(message)["next_attempt_at"]
    assert due == engine.clock.now + timedelta(seconds=60)


def test_the_table_of_harmless_ones_is_true(tmp_path: Path) -> None:
    (preview,) = open_providers(make_settings(tmp_path))[Channel.SMS]

    assert preview is not None
    assert preview.name in REPEATS_SAFELY
    assert preview.repeats_safely


def test_what_is_called_off_before_its_repetition_says_that_it_may_have_left(
    engine: Engine,
) -> None:
    worker = careful(engine)
    worker.provider.script += [AMBIGUOUS] * 3
    message = worker.message()
    worker.work()

    worker.clock.advance(days=400)
    worker.work()

    assert worker.status(message) == "expired"
    assert str(worker.row(message)["reason"]).endswith(MAY_HAVE_LEFT)
