"""Many at once: each message is claimed once, whoever hears of it and how often."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from app.services import dispatch
from app.storage import tables
from tests.engine import Engine, join
from tests.house import count, rows

WORKERS = 6
MESSAGES = 60


def test_each_message_is_sent_once_although_every_worker_hears_of_it_twice(
    engine: Engine,
) -> None:
    messages = [
        engine.message(recipient=f"+1415556{number:04}") for number in range(MESSAGES)
    ]
    workers = [
        join(
            engine.runtime,
            clock=engine.clock,
            doorbell=engine.doorbell,
            provider=engine.provider,
        )
        for _ in range(WORKERS)
    ]
    with engine.runtime.database.write() as tx:
        tx.exec_driver_sql("UPDATE tasks SET status = 'queued'")

    def hear(worker: Engine) -> Callable[[], None]:
        return lambda: [worker.run(message) for message in [*messages, *messages]]  # type: ignore[func-returns-value]

    at_once([hear(worker) for worker in workers])

    handed = Counter(message.key for message in engine.provider.handed)
    assert handed == dict.fromkeys(messages, 1)
    assert count(engine.runtime, tables.tasks, status="sent") == MESSAGES
    assert count(engine.runtime, tables.attempts) == MESSAGES
    for worker in workers:
        worker.die()


def test_releases_at_once_queue_no_message_twice_and_no_more_than_there_is_room(
    engine: Engine,
) -> None:
    for number in range(MESSAGES):
        engine.message(recipient=f"+1415556{number:04}")

    at_once([lambda: dispatch.release(engine.runtime)] * WORKERS)

    rung = Counter(task_id for task_id, _ in engine.doorbell.rings)
    assert set(rung.values()) == {1}
    assert len(rung) == count(engine.runtime, tables.tasks, status="queued") == 16


def test_one_recipients_messages_keep_their_order_with_many_workers(
    engine: Engine,
) -> None:
    texts = [f"number {number}" for number in range(20)]
    for text in texts:
        engine.message(text)
    workers = [
        join(
            engine.runtime,
            clock=engine.clock,
            doorbell=engine.doorbell,
            provider=engine.provider,
        )
        for _ in range(3)
    ]
    everything = [row["id"] for row in rows(engine.runtime, tables.tasks)]

    def work(worker: Engine) -> Callable[[], None]:
        def until_all_is_sent() -> None:
            while count(engine.runtime, tables.tasks, status="sent") < len(texts):
                dispatch.release(engine.runtime)
                for message in everything:
                    worker.run(message)

        return until_all_is_sent

    at_once([work(worker) for worker in workers])

    assert engine.texts == texts
    for worker in workers:
        worker.die()


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
