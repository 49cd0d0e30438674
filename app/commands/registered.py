"""`inspect registered`: every kind of task there is, and what starts one.

Reads the files in `actors/` as every process does; asks neither database nor queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.commands.printing import table
from app.domain.kinds import Kind
from app.domain.schedule import write_timing
from app.runtime import Runtime
from app.services.actors_found import load_actors
from app.work.registry import AnyKind


@dataclass(frozen=True, kw_only=True)
class Registered:
    """A kind, as people see it."""

    kind: str
    #: Messages wait in the queue of their channel.
    queue: str
    events: Sequence[str] = ()
    #: `5m`, `0 2 * * *`; empty: on no schedule.
    timing: str = ""
    summary: str
    #: File and line; empty for a kind of message.
    place: str = ""


def read(runtime: Runtime) -> list[Registered]:
    """Return every kind, tasks of one's own first."""
    registry = load_actors()
    registry.check_queues(runtime.policy.queues)
    own = sorted(registry, key=lambda kind: kind.name)
    return [*map(_own, own), *map(_message, Kind)]


def for_people(found: Sequence[Registered]) -> str:
    """Write them as a table."""
    headings = ("KIND", "QUEUE", "STARTED BY", "WHAT", "WHERE")
    rows = [(r.kind, r.queue, _started_by(r), r.summary, r.place) for r in found]
    return table(headings, rows)


def for_machines(found: Sequence[Registered]) -> object:
    """Write them for JSON."""
    return {"data": found}


def _own(kind: AnyKind) -> Registered:
    return Registered(
        kind=kind.name,
        queue=kind.queue,
        events=kind.events,
        timing="" if kind.timing is None else write_timing(kind.timing),
        summary=kind.summary,
        place=kind.place,
    )


def _message(kind: Kind) -> Registered:
    return Registered(kind=kind, queue="its channel's", summary="A message.")


def _started_by(found: Registered) -> str:
    parts = [*found.events, *([found.timing] if found.timing else [])]
    return ", ".join(parts) or "-"
