"""A provider that knows a message by its key: what is unknown is repeated at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from app.channels.credentials import REPEATS_SAFELY
from app.channels.table import open_providers
from app.domain.circuits import FIRST_PAUSE
from app.domain.gate import MAY_HAVE_LEFT
from app.domain.outcomes import Fault, Outcome, Result
from app.domain.recipients import Channel
from app.services import workers
from app.services.purging import purge
from app.services.recovery import expire
from app.storage.tables import circuits, tasks
from tests.changing import cancel, cancel_booking
from tests.engine import UNLIMITED, Engine, another_worker, open_engine
from tests.fakes import FakeProvider
from tests.house import CHARLIE, make_booking, make_settings, rows

PAUSE_S = FIRST_PAUSE.total_seconds()
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


def test_what_a_cancelled_booking_calls_off_says_that_it_may_have_left(
    engine: Engine,
) -> None:
    worker = careful(engine)
    worker.provider.script += [AMBIGUOUS] * 3
    booking = make_booking(worker.runtime, customer=CHARLIE, confirmed=True)
    worker.work()

    cancel_booking(worker, booking)

    (told,) = rows(worker.runtime, tasks, kind="booking_confirmed")
    assert told["status"] == "cancelled"
    assert told["reason"] == f"The booking was cancelled.{MAY_HAVE_LEFT}"


def cancel_by_hand(worker: Engine, message: str) -> None:
    cancel(worker, message)


def purge_its_queue(worker: Engine, _: str) -> None:
    purge(worker.runtime, "sms", by="Alice")


def let_it_expire(worker: Engine, _: str) -> None:
    worker.clock.advance(days=400)
    expire(worker.runtime)


@pytest.mark.parametrize("end", [cancel_by_hand, purge_its_queue, let_it_expire])
def test_however_it_is_ended_it_says_that_it_may_have_left(
    engine: Engine, end: Callable[[Engine, str], None]
) -> None:
    worker = careful(engine)
    worker.provider.script += [AMBIGUOUS] * 3
    message, other = worker.message(), worker.message(recipient="+14155550111")
    worker.work()
    assert (worker.status(message), worker.status(other)) == ("retrying", "sent")

    end(worker, message)

    assert str(worker.row(message)["reason"]).endswith(MAY_HAVE_LEFT)


HUNG = Outcome(result=Result.AMBIGUOUS, reason="no answer", fault=Fault.TIMEOUT)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A house whose e-mails go over Resend, or else over a mail server."""

    engine: Engine
    resend: FakeProvider
    smtp: FakeProvider

    def write(self, number: int) -> str:
        """Plan an e-mail, each to somebody else."""
        return self.engine.message(
            channel=Channel.EMAIL, recipient=f"guest{number}@example.org"
        )


@pytest.fixture(name="mail")
def resend_and_a_mail_server(tmp_path: Path) -> Iterator[Mail]:
    settings = {
        "RESEND_API_KEY": "re_1",
        "EMAIL_HOST": "mail.example.com",
        "DEFAULT_FROM_EMAIL": "Salon Rosa <hello@example.com>",
        "EMAIL_PROVIDERS": "resend,smtp",
    }
    with open_engine(tmp_path, policy=UNLIMITED, **settings) as engine:
        resend = FakeProvider(name="resend", channel=Channel.EMAIL, repeats_safely=True)
        smtp = FakeProvider(name="smtp", channel=Channel.EMAIL)
        served = {**engine.courier.providers, Channel.EMAIL: (resend, smtp)}
        courier = replace(engine.courier, providers=served)
        yield Mail(engine=engine.with_courier(courier), resend=resend, smtp=smtp)


def test_what_a_key_makes_harmless_is_repeated_to_the_same_one_alone(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(random, "random", lambda: 0.5)  # pauses as long as they are set
    mail.resend.script += [HUNG] * 3
    first, second = mail.write(1), mail.write(2)
    mail.engine.work()  # the first hangs twice: Resend is left alone
    assert [one.key for one in mail.smtp.handed] == [second]

    mail.engine.clock.advance(seconds=PAUSE_S + 1)
    third = mail.write(3)
    mail.engine.work()  # hangs, too: it is left alone for longer
    mail.engine.clock.advance(seconds=PAUSE_S + 15)
    mail.engine.work()  # the time of the first one's repetition has come
    assert mail.engine.status(first) == "pending"
    assert "may have reached resend" in mail.engine.row(first)["reason"]

    mail.engine.clock.advance(minutes=5)
    mail.engine.work()

    assert {mail.engine.status(one) for one in (first, third)} == {"sent"}
    assert [one.key for one in mail.smtp.handed] == [second]


def test_an_unknown_outcome_that_nobody_can_be_asked_about_ends_no_pause(
    mail: Mail,
) -> None:
    mail.resend.script += [HUNG] * 2
    first = mail.write(1)

    mail.engine.work()

    assert mail.engine.status(first) == "retrying"
    (circuit,) = rows(mail.engine.runtime, circuits)
    until = mail.engine.clock.now + FIRST_PAUSE
    assert (circuit["provider"], circuit["open_until"]) == ("resend", until)
