"""Many at once: each message is claimed once, whoever hears of it and how often."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.channels.base import CALL_S, Message
from app.domain.outcomes import Outcome, Result
from app.services import dispatch
from app.storage import tables
from tests.engine import UNLIMITED, Engine, another_worker, open_engine
from tests.fakes import FakeProvider
from tests.house import count, rows

WORKERS = 6
MESSAGES = 60
#: All of it takes a second or two.
WITHIN_S = 30


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Engine]:
    """A house in which nothing waits for a rate limit."""
    with open_engine(tmp_path, policy=UNLIMITED) as engine:
        yield engine


def test_each_message_is_sent_once_although_every_worker_hears_of_it_twice(
    house: Engine,
) -> None:
    messages = [
        house.message(recipient=f"+1415556{number:04}") for number in range(MESSAGES)
    ]

    def hear(worker: Engine) -> Callable[[], None]:
        def each_of_them_twice() -> None:
            for message in [*messages, *messages]:
                worker.run(message)

        return each_of_them_twice

    with crew(house, WORKERS) as workers:
        at_once([hear(worker) for worker in workers])

    handed = Counter(message.key for message in house.provider.handed)
    assert handed == dict.fromkeys(messages, 1)
    assert count(house.runtime, tables.tasks, status="sent") == MESSAGES
    assert count(house.runtime, tables.attempts) == MESSAGES


def test_many_workers_share_the_work(house: Engine) -> None:
    for number in range(MESSAGES):
        house.message(recipient=f"+1415556{number:04}")
    together = threading.Barrier(3, timeout=WITHIN_S)

    def wait_for_the_others() -> Outcome:
        together.wait()
        return Outcome(result=Result.ACCEPTED, provider_message_id="together")

    with crew(house, 3) as workers:
        # Each one's first call lasts until the others have one in hand, too.
        house.provider.script += [wait_for_the_others] * 3
        at_once([hear_one_bell(worker) for worker in workers])
        attempts = rows(house.runtime, tables.attempts)

    assert len(attempts) == len(house.provider.handed) == MESSAGES
    assert not together.broken


def test_releases_at_once_ring_for_each_idle_worker_and_for_no_message_twice(
    house: Engine,
) -> None:
    for number in range(MESSAGES):
        house.message(recipient=f"+1415556{number:04}")

    with crew(house, 3):
        at_once([lambda: dispatch.release(house.runtime)] * WORKERS)

    rung = Counter(task_id for task_id, _ in house.doorbell.rings)
    idle = 1 + 3
    assert set(rung.values()) == {1}
    assert len(rung) == count(house.runtime, tables.tasks, status="queued") >= idle
    # On a server all look at the same moment, and each finds the workers idle.
    assert len(rung) <= idle * (1 if house.runtime.database.is_sqlite else WORKERS)


def test_one_recipients_messages_keep_their_order_with_many_workers(
    house: Engine,
) -> None:
    texts = [f"number {number}" for number in range(20)]
    for text in texts:
        house.message(text)

    with crew(house, 3) as workers:
        at_once([until_all_is(house, worker, {"sent"}) for worker in workers])

    assert house.texts == texts


def test_three_recipients_keep_their_order_through_retries_with_many_workers(
    house: Engine,
) -> None:
    # Every third fails twice; what is to be tried again holds back what comes after it.
    phones = [f"+1415556{number:04}" for number in range(3)]
    for number in range(24):
        house.message(f"{number}", recipient=phones[number % 3], priority=number % 5)
    provider = Moody(house)

    with crew(house, 3, provider) as workers:
        at_once([until_all_is(house, worker, {"sent"}) for worker in workers])

    for phone in phones:
        taken = [int(m.text) for m in provider.taken if m.recipient == phone]
        assert taken == sorted(taken)
        assert len(taken) == 8
    assert provider.out_of_turn == []


def test_with_many_workers_a_rate_limit_still_holds(engine: Engine) -> None:
    for number in range(MESSAGES):
        engine.message(recipient=f"+1415556{number:04}")

    with crew(engine, WORKERS) as workers:
        at_once([hear_one_bell(worker) for worker in workers])

    # Of ten a minute one is kept for what is urgent.
    assert len(engine.texts) == 9
    assert count(engine.runtime, tables.tasks, status="sent") == 9
    assert count(engine.runtime, tables.attempts) == 9


class Moody(FakeProvider):
    """Fails every third message twice, in whichever thread; checks whose turn it is."""

    def __init__(self, house: Engine) -> None:
        super().__init__()
        self._house = house
        #: The messages that were taken, in order; those that came before their turn.
        self.taken: list[Message] = []
        self.out_of_turn: list[Message] = []

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        super().send(message, within_s=within_s)
        row = self._house.row(message.key)
        earlier = [
            other
            for other in rows(
                self._house.runtime, tables.tasks, order_key=row["order_key"]
            )
            if other["seq"] < row["seq"] and other["status"] != "sent"
        ]
        if earlier:
            self.out_of_turn.append(message)
        if int(message.text) % 3 == 0 and row["attempts"] <= 2:
            return Outcome(result=Result.TRANSIENT, reason="busy")
        self.taken.append(message)
        return Outcome(result=Result.ACCEPTED, provider_message_id=message.key)


@contextmanager
def crew(
    house: Engine, size: int, provider: FakeProvider | None = None
) -> Iterator[list[Engine]]:
    """Register so many further workers that call the same provider."""
    workers = [another_worker(house, provider or house.provider) for _ in range(size)]
    yield workers
    for worker in workers:
        worker.die()


def hear_one_bell(worker: Engine) -> Callable[[], None]:
    return lambda: worker.run("whatever was rung for")


def until_all_is(house: Engine, worker: Engine, ends: set[str]) -> Callable[[], None]:
    """Work, and let time pass, until every message has come to one of these ends."""

    def work() -> None:
        deadline = time.monotonic() + WITHIN_S
        while {row["status"] for row in rows(house.runtime, tables.tasks)} - ends:
            assert time.monotonic() < deadline, "it does not come to an end"
            dispatch.release(house.runtime)
            # And a bell for nothing each, so that all look at the same time.
            for task_id in [*house.doorbell.take(), "nothing"]:
                worker.run(task_id)
            house.clock.advance(seconds=30)
            house.relay()

    return work


def at_once(deeds: list[Callable[[], object]]) -> None:
    """Do all of these at the same time, each in a thread; pass on what goes wrong."""
    start = threading.Barrier(len(deeds))
    errors: list[BaseException] = []

    def work(deed: Callable[[], object]) -> None:
        start.wait()
        try:
            deed()
        except BaseException as error:  # noqa: BLE001 - shown below
            errors.append(error)

    threads = [threading.Thread(target=work, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
