"""One chaos run: order, kill, trouble, let settle, and reckon.

Called by `commands/chaos.py`. Three hands at once: a website orders, troubles befall
queue server, scheduler and API, and the main thread kills the workers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

import sqlalchemy as sa

from app.chaos.account import Account, judge, strays
from app.chaos.dice import dice
from app.chaos.killer import Killer
from app.chaos.orders import Order, faults, orders
from app.chaos.reckoning import reckon
from app.chaos.scratch import Scratch
from app.chaos.stage import Stage
from app.chaos.troubles import Troublemaker, appointments
from app.chaos.website import Website
from app.domain.tasks import FINISHED, Status
from app.storage.tables import tasks

Say = Callable[[str], None]

#: The website is ahead of the kills by what is ordered for so many of them.
KILLS_AHEAD = 4
#: Seconds in which all must have come to its end when nobody breaks anything any more.
SETTLED_WITHIN_S = 180.0
LOOK_AGAIN_S = 0.1
#: How often a person hears how far it has come.
WORDS = 10


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much is ordered, and how often a worker is killed."""

    messages: int
    kills: int


def run(
    scratch: Scratch, size: Size, *, seed: int, say: Say, broker_url: str | None = None
) -> Account:
    """Break a box in this scratch space, and return what came of every message."""
    began = time.monotonic()
    asked = orders(size.messages, seed=seed)
    say(f"A box of its own starts in {scratch} (seed {seed}).")
    with Stage(scratch, broker_url=broker_url) as stage:
        stage.provider.order(list(faults(asked, seed=seed)))
        run = _Run(stage, asked, size=size, seed=seed, say=say)
        run.break_everything()
        say("Nothing is broken any more: what is under way comes to its end.")
        run.wait_until_settled()
        taken = stage.provider.taken()
        judged = judge(asked, reckon(stage.database, taken), cuts=run.killer.cuts)
    return Account(
        seed=seed,
        judged=judged,
        kills=run.killer.kills,
        cuts=run.killer.cuts_by_channel,
        ended_alone=run.killer.ended_alone,
        troubles={str(trouble): n for trouble, n in run.troublemaker.count.items()},
        asked_again=run.website.repeated,
        strays=strays(judged, taken),
        seconds=time.monotonic() - began,
    )


class _Run:
    """The three hands of a run."""

    def __init__(
        self, stage: Stage, asked: Sequence[Order], *, size: Size, seed: int, say: Say
    ) -> None:
        self._stage = stage
        self._asked = asked
        self._size = size
        self._seed = seed
        self._say = say
        self._stop = Event()
        self.killer = Killer(stage, chance=dice(seed, "kills"))
        self.website = Website(stage.url, api_key=stage.api_key, stop=self._stop)
        self.troublemaker = Troublemaker(
            stage, chance=dice(seed, "troubles"), stop=self._stop
        )

    def break_everything(self) -> None:
        """Kill as often as is wanted, while the others do their part; wait for all."""
        with self._hands() as hands:
            while self.killer.kills < self._size.kills:
                self.killer.kill_one(is_due=self._keeps_step)
                self._tell()
                for hand in hands:
                    _raise_trouble(hand)
            for hand in hands:
                hand.result()

    def wait_until_settled(self) -> None:
        """Wait until nothing moves any more, but not for ever."""
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while self._is_anything_left() and time.monotonic() < deadline:
            self.killer.mend()
            time.sleep(LOOK_AGAIN_S)

    @contextmanager
    def _hands(self) -> Iterator[list[Future[None]]]:
        planned = appointments(
            self._size.kills, seed=self._seed, has_server=self._stage.has_server
        )
        with ThreadPoolExecutor() as threads:
            try:
                yield [
                    threads.submit(
                        self.website.ask_all, self._asked, allowed=self._allowed
                    ),
                    threads.submit(
                        self.troublemaker.make,
                        planned,
                        kills=lambda: self.killer.kills,
                    ),
                ]
            finally:
                self._stop.set()

    def _allowed(self) -> float:
        """Return how much may be ordered by now: there is work for every kill."""
        share = (self.killer.kills + KILLS_AHEAD) / self._size.kills
        return share * self._size.messages

    def _keeps_step(self) -> bool:
        """Tell whether the messages that have ended are a share like that of kills."""
        ended = sa.select(sa.func.count()).where(tasks.c.status.in_(FINISHED))
        with self._stage.database.read() as tx:
            share = tx.execute(ended).scalar_one() / self._size.messages
        return share >= (self.killer.kills - KILLS_AHEAD) / self._size.kills

    def _tell(self) -> None:
        kills, wanted = self.killer.kills, self._size.kills
        if kills * WORDS // wanted == (kills - 1) * WORDS // wanted:
            return
        cut = sum(self.killer.cuts.values())
        self._say(
            f"{kills} of {wanted} kills, {cut} of them inside the window; "
            f"{self.website.asked} of {self._size.messages} messages ordered, "
            f"{self._stage.provider.count()} arrived; "
            f"{self.troublemaker.count.total()} troubles besides."
        )

    def _is_anything_left(self) -> bool:
        is_held = sa.and_(
            tasks.c.status == Status.UNKNOWN, tasks.c.next_attempt_at.is_(None)
        )
        left = sa.select(tasks.c.id).where(tasks.c.status.not_in(FINISHED), ~is_held)
        with self._stage.database.read() as tx:
            return tx.execute(left.limit(1)).first() is not None


def _raise_trouble(hand: Future[Any]) -> None:
    """Raise what has ended a hand before its time."""
    if hand.done():
        hand.result()
