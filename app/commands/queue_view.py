"""`inspect queues`: what waits in each queue, and why it may not leave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.commands.printing import second, span, table
from app.services.gate_state import GateState
from app.services.queues import Queue
from app.web.schemas.queues import queue_answer

_HEADINGS = (
    *("QUEUE", "DUE", "LATER", "BUSY", "RETRY", "DEAD"),
    *("OLDEST", "MAY LEAVE", "GATE"),
)


def for_people(found: Sequence[Queue]) -> str:
    """Write them as a table, and below it what is not as usual."""
    return "\n".join([table(_HEADINGS, map(_row, found)), *_remarks(found)])


def for_machines(found: Sequence[Queue]) -> object:
    """Write them as the API does."""
    return {"data": [queue_answer(queue) for queue in found]}


def _row(queue: Queue) -> Sequence[object]:
    limit = "-" if queue.rate_left is None else f"{queue.rate_left}"
    if queue.rate_left is not None:
        limit += f" of {queue.rate_limit}"
    return (
        *(queue.name, queue.depth, queue.delayed, queue.queued + queue.in_flight),
        *(queue.unknown + queue.failed, queue.dead, span(queue.oldest_age_seconds)),
        *(limit, queue.gate.state.replace("_", " ")),
    )


def _remarks(found: Sequence[Queue]) -> Iterator[str]:
    yield ""
    yield "BUSY is rung for or being sent; RETRY has failed, or nobody knows yet."
    for queue in found:
        gate = queue.gate
        if gate.state is not GateState.OPEN:
            until = f" (until {second(gate.until)} UTC)" if gate.until else ""
            yield f"{queue.name}: {gate.reason}{until}"
        if queue.overrides:
            keys = ", ".join(queue.overrides)
            yield f"{queue.name}: {keys} set while running, instead of the file's."
