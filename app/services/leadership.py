"""Which of several schedulers leads: whoever holds the lease, as long as it lasts.

Asked by `scheduler.py` every second and before each run of a job. A leader that cannot
renew its lease (no database, a process that was stopped) ceases to lead by its own
clocks, before anybody else may begin.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from app.clock import utc_now
from app.errors import BellhopError
from app.logs import fields
from app.runtime import Runtime
from app.storage import leases
from app.storage.leases import Lease

log = logging.getLogger(__name__)

LEASE = "scheduler"
#: Each that waits has a lease of its own, which only tells that it is there.
STANDBY = "scheduler standby "
LASTS = timedelta(seconds=15)
RENEW_EVERY_S = 5.0
#: By its own clocks a leader ceases so much earlier than its lease: what has just
#: begun by then gets done, and clocks may go a little differently.
MARGIN = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True)
class Place:
    """One scheduler that runs or ran somewhere, as people may see it."""

    host: str
    pid: int
    since: datetime
    #: Whether it has been heard of in the last seconds.
    is_alive: bool


@dataclass(frozen=True, kw_only=True)
class Leaders:
    """Who leads (or led last), and who waits to."""

    leader: Place | None
    standbys: tuple[Place, ...]


class Leadership:
    """One scheduler's wish to lead."""

    def __init__(self, runtime: Runtime) -> None:
        self._database = runtime.database
        self._holder = uuid4().hex
        self._place = f"{socket.gethostname()}:{os.getpid()}"
        # By two clocks: one goes on while the other is set, or while a machine sleeps.
        self._steady_until = 0.0
        self._wall_until: datetime | None = None
        self._next_write = 0.0

    @property
    def leads(self) -> bool:
        """Whether this scheduler leads at this very moment."""
        if self._wall_until is None:
            return False
        return time.monotonic() < self._steady_until and utc_now() < self._wall_until

    def seek(self) -> bool:
        """Keep the lead, or take it where it is free; return whether it is ours.

        Raises StorageUnavailableError where the database cannot be asked; what was
        ours then still is until `leads` says no.
        """
        if time.monotonic() < self._next_write and (self.leads or self._is_led()):
            return self.leads
        # Read before the database is asked: however long the answer takes, the lease
        # ends no earlier than we think.
        steady, wall = time.monotonic(), utc_now()
        is_ours = self._write()
        self._next_write = steady + RENEW_EVERY_S
        self._steady_until = steady + (LASTS - MARGIN).total_seconds()
        self._wall_until = wall + LASTS - MARGIN if is_ours else None
        return self.leads

    def succeed(self) -> None:
        """Take the place of one that is known to be dead, without waiting for it."""
        with self._database.write() as tx:
            leases.forget(tx, name=LEASE)

    def give_back(self) -> None:
        """Leave in order, so that another takes over at once."""
        self._wall_until = None
        try:
            with self._database.write() as tx:
                leases.give_back(tx, holder=self._holder)
        except BellhopError as error:
            extra = fields("lease_not_given_back", cause=str(error))
            log.warning("Lease not given back", extra=extra)

    def _is_led(self) -> bool:
        with self._database.read() as tx:
            now = leases.now(tx)
            return any(
                lease.name == LEASE and lease.expires_at > now
                for lease in leases.all_leases(tx)
            )

    def _write(self) -> bool:
        with self._database.write() as tx:
            now = leases.now(tx)
            leases.forget_expired(tx, prefix=STANDBY, now=now)
            is_ours = leases.take(tx, self._lease(LEASE, now))
            own = STANDBY + self._holder
            if is_ours:
                leases.forget(tx, name=own)
            else:
                leases.take(tx, self._lease(own, now))
        return is_ours

    def _lease(self, name: str, now: datetime) -> Lease:
        return Lease(
            name=name,
            holder=self._holder,
            place=self._place,
            taken_at=now,
            expires_at=now + LASTS,
        )


def leaders(tx: sa.Connection) -> Leaders:
    """Tell who leads and who waits."""
    now = leases.now(tx)
    found = leases.all_leases(tx)
    standbys = [_place(x, now) for x in found if x.name.startswith(STANDBY)]
    return Leaders(
        leader=next((_place(x, now) for x in found if x.name == LEASE), None),
        standbys=tuple(place for place in standbys if place.is_alive),
    )


def _place(lease: Lease, now: datetime) -> Place:
    host, _, pid = lease.place.rpartition(":")
    return Place(
        host=host,
        pid=int(pid),
        since=lease.taken_at,
        is_alive=lease.expires_at > now,
    )
