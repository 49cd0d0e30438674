"""What one release, one take, one record and each job cost: big table by small one.

Both are asked by turns in this process. What only chooses and marks is timed without
its commit and undone, so that each repetition meets the same rows; recording is timed
with its commit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from app.clock import utc_now
from app.domain.outcomes import Outcome, Result
from app.runtime import Runtime
from app.services import dispatch, following, recovery, reminders, taking, workers
from app.services.courier import Answer, MessageClaim
from app.services.gates import Gates
from app.services.recording import record_and_take
from app.services.taking import Taken
from app.storage import queues
from app.storage.tables import attempts, queue_states, tasks
from bench.crowd.house import House
from bench.crowd.past import DAY_MS
from bench.crowd.rows import PATIENT_PHONE, Mix, Waiting, fill_waiting
from bench.figures import Figure, quantile

#: Promised: the cost among a million rows, by that among a thousand.
MOST = 1.5
MEDIAN = 0.5
#: Every job of the scheduler that looks at tasks or bookings.
JOBS: Mapping[str, Callable[[Runtime], object]] = {
    "expire": recovery.expire,
    "relay": recovery.relay,
    "take_over": workers.take_over,
    "reminders": reminders.plan_due_reminders,
    "retry_failed": recovery.retry_failed,
    "own_tasks": following.tie_loose_ends,
}

#: Rows that are due where nearly all are due later.
FEW_DUE = 400
#: Sends that fill a limit: they end an hour from now, and so count all the time.
FULL = 2

#: Asks one house once; returns how many seconds it took.
Ask = Callable[[House], float]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What waits, and what is set at run time meanwhile."""

    name: str
    mix: Mix
    overrides: Mapping[str, Any] | None = None
    is_paused: bool = False
    #: Whether anything may leave at all.
    leaves: bool = True


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The table with a thousand rows and the one with a million."""

    small: House
    big: House
    small_waiting: int
    big_waiting: int


def _one_lane(_number: int) -> Waiting:
    return Waiting()


def _later(number: int) -> Waiting:
    # A few are due, so that there is something to take.
    return Waiting() if number < FEW_DUE else Waiting(due_in_ms=DAY_MS)


def _half(number: int) -> Waiting:
    lane = ("sms", "email", "whatsapp", "high/sms")[number % 4]
    return (
        Waiting(lane=lane) if number % 8 < 4 else Waiting(lane=lane, due_in_ms=DAY_MS)
    )


def _mostly_sms(number: int) -> Waiting:
    return Waiting(lane="email" if number % 2 else "sms")


def _one_customer(number: int) -> Waiting:
    return Waiting(phone=PATIENT_PHONE if number < 1000 else None)


SCENES = (
    Scene(name="one lane, all due", mix=_one_lane),
    Scene(
        name="one lane, its limit full",
        mix=_one_lane,
        overrides={"rate_limit": f"{FULL}/m"},
        leaves=False,
    ),
    Scene(name="nearly all later", mix=_later),
    Scene(name="half later, four lanes", mix=_half),
    Scene(name="a paused lane", mix=_mostly_sms, is_paused=True),
    Scene(name="1,000 for one customer", mix=_one_customer),
)


def measure(
    pair: Pair, *, times: int, job_times: int, say: Callable[[str], None]
) -> Iterator[Figure]:
    """Return the ratios of every scene, and those of the jobs."""
    for scene in SCENES:
        say(f"costs: {scene.name}")
        for house, count in (
            (pair.small, pair.small_waiting),
            (pair.big, pair.big_waiting),
        ):
            fill_waiting(house.runtime.database, count, scene.mix)
            _set(house, scene)
        yield from _ratios(f"{scene.name}: release", pair, _release, times=times)
        if scene.leaves:
            yield from _ratios(f"{scene.name}: take", pair, _take, times=times)
            recorders = _Recorders(pair)
            name = f"{scene.name}: record and take"
            yield from _ratios(name, pair, recorders.record, times=times)
            recorders.put_back()
        for name, job in JOBS.items():
            yield from _ratios(
                f"{scene.name}: job {name}", pair, partial(_job, job), times=job_times
            )


def _ratios(name: str, pair: Pair, ask: Ask, *, times: int) -> Iterator[Figure]:
    """Ask both by turns; return the ratios of the medians and of the p99."""
    ask(pair.small), ask(pair.big)
    small, big = [], []
    for _ in range(times):
        small.append(ask(pair.small) * 1000)
        big.append(ask(pair.big) * 1000)
    for share in (MEDIAN, 0.99):
        few, many = quantile(small, share), quantile(big, share)
        yield Figure(
            name=f"{name}, p{share * 100:.0f}",
            value=many / few,
            unit="",
            # The p99 is the machine's: both stumble over the same neighbours.
            limit=MOST if share == MEDIAN else None,
            note=f"{few:.2f} and {many:.2f} ms",
        )


def _set(house: House, scene: Scene) -> None:
    """Let what waits be held as the scene has it, and nothing else."""
    now = utc_now()
    with house.runtime.database.write() as tx:
        tx.execute(sa.delete(queue_states))
        tx.execute(sa.delete(attempts).where(attempts.c.number > 1))
        if scene.is_paused:
            queues.pause(tx, "sms", until=None, by="bench", reason="", now=now)
        if scene.overrides is not None:
            queues.save_overrides(tx, "sms", scene.overrides, now=now)
            _fill_limit(tx, until=now + timedelta(hours=1))


def _fill_limit(tx: sa.Connection, *, until: datetime) -> None:
    task_id = tx.execute(sa.select(sa.func.min(tasks.c.id))).scalar_one()
    sends = [
        {
            "task_id": task_id,
            "number": 2 + number,
            "gate": "sms",
            "provider": "twilio",
            "text": "",
            "started_at": until,
            "ended_at": until,
        }
        for number in range(FULL)
    ]
    tx.execute(sa.insert(attempts), sends)


def _release(house: House) -> float:
    return _undone(house, lambda tx: dispatch.release_within(tx, house.runtime))


def _take(house: House) -> float:
    def take(tx: sa.Connection) -> Taken:
        gates = Gates(tx, house.runtime, now=utc_now())
        return taking.take_within(tx, house.courier, gates)

    return _undone(house, take)


def _job(job: Callable[[Runtime], object], house: House) -> float:
    began = time.perf_counter()
    job(house.runtime)
    return time.perf_counter() - began


class _UndoneError(Exception):
    """Raised to have a transaction rolled back."""


def _undone(house: House, deed: Callable[[sa.Connection], object]) -> float:
    took = 0.0
    with suppress(_UndoneError), house.runtime.database.write() as tx:
        began = time.perf_counter()
        deed(tx)
        took = time.perf_counter() - began
        raise _UndoneError
    return took


class _Recorders:
    """A recorder for each of the two."""

    def __init__(self, pair: Pair) -> None:
        self._by_house = {id(h): _Recorder(h) for h in (pair.small, pair.big)}

    def record(self, house: House) -> float:
        return self._by_house[id(house)].record()

    def put_back(self) -> None:
        for recorder in self._by_house.values():
            recorder.put_back()


class _Recorder:
    """Records that the message in hand was sent, and takes the next one."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._work = self._claimed(taking.take(house.courier))

    def record(self) -> float:
        """Return how many seconds it took, the commit included."""
        answer = Answer(
            work=self._work,
            outcome=Outcome(result=Result.ACCEPTED, provider_message_id="SM1"),
            at=utc_now(),
            took_s=0.0,
        )
        began = time.perf_counter()
        taken = record_and_take(self._house.courier, answer)
        took = time.perf_counter() - began
        self._work = self._claimed(taken)
        return took

    def put_back(self) -> None:
        """Let the message in hand wait again."""
        with self._house.runtime.database.write() as tx:
            tx.execute(
                sa.update(tasks)
                .where(tasks.c.id == self._work.row["id"])
                .values(status="pending", claim=None, worker_boot_id=None)
            )

    def _claimed(self, taken: Taken) -> MessageClaim:
        if not isinstance(taken.work, MessageClaim):
            raise TypeError(f"there is no message left to be taken: {taken}")
        return taken.work
