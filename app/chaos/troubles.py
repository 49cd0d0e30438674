"""What befalls the other parts while workers are killed, when chance has it.

A thread of the run. Each trouble is over, and the part runs again, before the next one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from threading import Event

from app.chaos.dice import dice
from app.chaos.part import Part
from app.chaos.stage import Stage

#: One trouble of each kind for so many kills of a worker.
KILLS_A_TROUBLE = 30
#: Seconds that the queue server stays away: a worker gives a silent one up after 3.
AWAY_AT_MOST_S = 2.0
STALLED_AT_MOST_S = 4.0
LOOK_AGAIN_S = 0.02


class Trouble(StrEnum):
    """What can happen, by the words in which it is counted."""

    QUEUE_KILLED = "queue server killed"
    QUEUE_EMPTIED = "queue server killed and emptied"
    QUEUE_STALLED = "queue server stalled"
    QUEUE_FLUSHED = "queue server flushed"
    SCHEDULER_KILLED = "scheduler killed"
    API_KILLED = "API killed"
    DATABASE_CUT = "connections to the database cut"


@dataclass(frozen=True, kw_only=True)
class Appointment:
    """A trouble, and how many kills there must have been before it comes."""

    after_kills: float
    trouble: Trouble


def appointments(kills: int, *, seed: int, has_server: bool) -> list[Appointment]:
    """Return what happens in a run with so many kills, spread over all of it.

    `has_server`: the database is on a server, so that connections to it may end.
    """
    chance = dice(seed, "appointments")
    possible = [one for one in Trouble if has_server or one is not Trouble.DATABASE_CUT]
    troubles = possible * max(1, round(kills / KILLS_A_TROUBLE))
    chance.shuffle(troubles)
    return [
        Appointment(
            after_kills=(place + chance.random()) * (kills - 1) / len(troubles),
            trouble=trouble,
        )
        for place, trouble in enumerate(troubles)
    ]


class Troublemaker:
    """Keeps the appointments; `count` tells what has happened so far."""

    def __init__(self, stage: Stage, *, chance: Random, stop: Event) -> None:
        self.count: Counter[Trouble] = Counter()
        self._stage = stage
        self._chance = chance
        self._stop = stop
        self._deeds: Mapping[Trouble, Callable[[], None]] = {
            Trouble.QUEUE_KILLED: self._kill_queue,
            Trouble.QUEUE_EMPTIED: self._empty_queue,
            Trouble.QUEUE_STALLED: self._stall_queue,
            Trouble.QUEUE_FLUSHED: stage.queue.flush,
            Trouble.SCHEDULER_KILLED: lambda: self._restart(stage.scheduler),
            Trouble.API_KILLED: self._restart_api,
            Trouble.DATABASE_CUT: stage.cut_database,
        }

    def make(self, planned: Sequence[Appointment], *, kills: Callable[[], int]) -> None:
        """Keep one appointment after the other, until all is over or `stop` is set."""
        for appointment in planned:
            while kills() < appointment.after_kills:
                if self._stop.wait(LOOK_AGAIN_S):
                    return
            self._deeds[appointment.trouble]()
            self.count[appointment.trouble] += 1

    def _kill_queue(self) -> None:
        self._stage.queue.kill()
        self._wait(AWAY_AT_MOST_S)
        self._stage.queue.start()

    def _empty_queue(self) -> None:
        self._stage.queue.kill()
        self._stage.queue.lose_journal()
        self._wait(AWAY_AT_MOST_S)
        self._stage.queue.start()

    def _stall_queue(self) -> None:
        self._stage.queue.stall()
        self._wait(STALLED_AT_MOST_S)
        self._stage.queue.resume()

    def _restart_api(self) -> None:
        self._restart(self._stage.api)
        self._stage.wait_until_answers()

    def _restart(self, part: Part) -> None:
        part.kill()
        part.start()

    def _wait(self, at_most_s: float) -> None:
        self._stop.wait(self._chance.uniform(0, at_most_s))
