"""Kills workers with SIGKILL at random moments, and sees at once what they had in hand.

The main thread of the run. A kill fell inside the window if an attempt was committed
and its outcome was not: then nobody knows whether the provider was reached.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from random import Random

import sqlalchemy as sa

from app.chaos.part import Part
from app.chaos.stage import Stage
from app.chaos.waiting import wait_until
from app.clock import utc_now
from app.domain.tasks import Status
from app.errors import StartError
from app.services.workers import DIED
from app.storage.tables import attempts, notifications, tasks, workers
from app.supervisor.child import how_it_ended

#: Seconds in which one of several workers must have started.
READY_WITHIN_S = 60.0
#: A kill waits no longer than this until it is due and somebody is at work: in an
#: outage nobody is.
DUE_WITHIN_S = 2.0
#: And then at most so long: some messages are done meanwhile, or none.
PAUSE_AT_MOST_S = 0.6
#: Workers that end by themselves oftener than this do not work at all.
MOST_ENDED_ALONE = 50

_READY = sa.select(workers.c.pid, workers.c.boot_id)
_SENDING = sa.select(tasks.c.id).where(tasks.c.status == Status.SENDING).limit(1)


class Killer:
    """Kills one worker after the other, and starts each anew at once."""

    def __init__(self, stage: Stage, *, chance: Random) -> None:
        self.kills = 0
        #: For each message's id, how many kills fell inside the window of its attempts.
        self.cuts: Counter[str] = Counter()
        #: The same by channel.
        self.cuts_by_channel: Counter[str] = Counter()
        #: How workers ended that nobody had killed.
        self.ended_alone: Counter[str] = Counter()
        self._stage = stage
        self._chance = chance
        self._seen: set[tuple[str, int]] = set()

    def kill_one(self, *, is_due: Callable[[], bool]) -> None:
        """Wait for a random moment, kill a random worker, and start it anew.

        `is_due` keeps kills in step with the work, so that they fall into all of it.
        """
        with suppress(StartError):
            wait_until(
                lambda: is_due() and self._at_work(),
                within_s=DUE_WITHIN_S,
                what="somebody is at work",
            )
        time.sleep(self._chance.uniform(0, PAUSE_AT_MOST_S))
        wait_until(self._ready, within_s=READY_WITHIN_S, what="a worker starts")
        worker, boot_id = self._chance.choice(self._ready())
        killed_at = utc_now()
        worker.kill()
        self._note_cuts(boot_id, killed_at)
        self.kills += 1
        worker.start()

    def mend(self) -> None:
        """Start every worker that has ended by itself."""
        for worker in self._stage.workers:
            if not worker.is_running:
                self.ended_alone[how_it_ended(worker.exit_code or 0)] += 1
                if self.ended_alone.total() > MOST_ENDED_ALONE:
                    raise StartError(f"Workers end by themselves:\n{worker.said}")
                worker.start()

    def _ready(self) -> list[tuple[Part, str]]:
        self.mend()
        with self._stage.database.read() as tx:
            boot_ids = {row.pid: row.boot_id for row in tx.execute(_READY)}
        return [
            (worker, boot_ids[worker.pid])
            for worker in self._stage.workers
            if worker.pid in boot_ids
        ]

    def _at_work(self) -> bool:
        with self._stage.database.read() as tx:
            return tx.execute(_SENDING).first() is not None

    def _note_cuts(self, boot_id: str, killed_at: datetime) -> None:
        """Write down which attempt the killed worker had in hand, if it had one.

        Should somebody have taken its rows over in these milliseconds, the attempt
        tells of it all the same.
        """
        is_held = sa.and_(
            tasks.c.worker_boot_id == boot_id,
            tasks.c.status == Status.SENDING,
            attempts.c.ended_at.is_(None),
        )
        is_taken_over = sa.and_(
            attempts.c.reason == DIED, attempts.c.ended_at >= killed_at
        )
        cut = (
            sa.select(attempts.c.task_id, attempts.c.number, notifications.c.channel)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(notifications, notifications.c.task_id == tasks.c.id)
            .where(sa.or_(is_held, is_taken_over))
        )
        with self._stage.database.read() as tx:
            found = tx.execute(cut).all()
        for task_id, number, channel in found:
            if (task_id, number) not in self._seen:
                self._seen.add((task_id, number))
                self.cuts[task_id] += 1
                self.cuts_by_channel[channel] += 1
