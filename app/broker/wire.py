"""A doorbell on the wire: exactly the JSON that Dramatiq writes, with one task id.

Written by `redis_doorbell.py` and read by `consumer.py`. Dramatiq itself is not
imported, so that the API starts without its worker; a test holds the two together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from app.clock import utc_now

#: The one actor that every worker has; it is called with the id of a task.
ACTOR_NAME = "run"
#: An honest doorbell is about 300 bytes; what is larger is not even parsed.
MAX_PAYLOAD_BYTES = 16 * 1024
MAX_TASK_ID_LENGTH = 200


@dataclass(frozen=True, kw_only=True)
class Ring:
    """One ring: which task it is for, and its own id in the queue."""

    ring_id: str
    task_id: str


#: No ring of anybody's: a worker that cannot hear its queue looks what is due.
LOOK = Ring(ring_id="look", task_id="")


def encode_ring(ring: Ring, *, worker: str) -> bytes:
    """Return the ring as Dramatiq's Redis broker would store it."""
    message = {
        "queue_name": worker,
        "actor_name": ACTOR_NAME,
        "args": [ring.task_id],
        "kwargs": {},
        "options": {"redis_message_id": ring.ring_id},
        "message_id": ring.ring_id,
        "message_timestamp": int(utc_now().timestamp() * 1000),
    }
    return json.dumps(message, separators=(",", ":")).encode()


def decode_ring(payload: bytes | None, *, worker: str) -> Ring:
    """Return the ring in a payload; ValueError says why it is none.

    Strict on purpose: whoever can write to the queue must not choose actors, options
    or queues. (A foreign queue name would end Dramatiq's worker thread.)
    """
    if payload is None:
        raise ValueError("its payload is gone")
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError("its payload is too large")
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError):
        raise ValueError("its payload is not JSON") from None
    return _ring_in(message, worker=worker)


def _ring_in(message: object, *, worker: str) -> Ring:
    match message:
        case {
            "queue_name": str(queue_name),
            "actor_name": str(actor_name),
            "args": [str(task_id)],
            "kwargs": {**kwargs},
            "options": {"redis_message_id": str(ring_id)},
        }:
            pass
        case _:
            raise ValueError("it is not a message with one task id")
    if actor_name != ACTOR_NAME:
        raise ValueError("its actor is unknown")
    if queue_name != worker or kwargs:
        raise ValueError("it was meant for something else")
    if not is_task_id(task_id):
        raise ValueError("its task id cannot be one")
    return Ring(ring_id=ring_id, task_id=task_id)


def is_task_id(text: str) -> bool:
    """Tell whether a text can be a task's id: short, and printable."""
    return 0 < len(text) <= MAX_TASK_ID_LENGTH and text.isprintable()
