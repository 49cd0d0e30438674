"""Chooses what leaves next: the most urgent due rows whose gate is open.

Called by dispatch (which rings for them) and by a worker that takes the next row
itself, each in its own transaction. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa

from app.domain.lanes import Lane
from app.domain.openings import Room
from app.domain.queues import URGENT
from app.services.gates import Gates
from app.storage import releasing
from app.storage.releasing import Due

#: Every priority there is (it is a small whole number).
_ANY_PRIORITY = 1_000_000


def choose(
    tx: sa.Connection,
    gates: Gates,
    *,
    worker: str,
    now: datetime,
    most: int,
    resting: Collection[str] = (),
) -> list[Due]:
    """Return the rows, at most so many, that may leave to workers of this name.

    `resting`: gates by which only what is urgent is looked for.
    """
    gates.take_turn()
    due = {
        lane: count
        for lane, count in releasing.due_lanes(tx, now=now).items()
        if gates.policy(lane.queue).worker == worker
    }
    if not due:
        return []
    rooms = gates.rooms(due)
    found: list[Due] = []
    for lane, shared in rooms.items():
        room = min(most, *(one.urgent for one in shared))
        if room <= 0:
            continue
        is_for_all = lane.gate not in resting and all(one.usual > 0 for one in shared)
        found += releasing.first_of_lane(
            tx,
            lane,
            due=due[lane],
            least_urgent=_ANY_PRIORITY if is_for_all else URGENT,
            now=now,
            room=room,
        )
    return _admitted(sorted(found, key=lambda row: row.place), rooms, most=most)


def choose_look_up(
    tx: sa.Connection, gates: Gates, *, worker: str, now: datetime
) -> str | None:
    """Return the id of an unknown outcome to be looked up now, or None."""
    if not gates.has_look_ups:
        return None
    return releasing.due_look_up(
        tx,
        queues=gates.queues_of(worker),
        strangers_to=gates.known if gates.takes_strangers(worker) else None,
        shut=gates.spared_lanes(),
        now=now,
    )


def _admitted(
    rows: Sequence[Due], rooms: dict[Lane, tuple[Room, ...]], *, most: int
) -> list[Due]:
    admitted: list[Due] = []
    for row in rows:
        if len(admitted) == most:
            break
        if all(room.admit(row.priority) for room in rooms[row.lane]):
            for room in rooms[row.lane]:
                room.fill()
            admitted.append(row)
    return admitted
