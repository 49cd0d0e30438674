"""What a doorbell looks like on the wire, held against Dramatiq's own messages."""

from __future__ import annotations

import json
from typing import Any

import dramatiq
import pytest

from app.broker.wire import (
    ACTOR_NAME,
    MAX_PAYLOAD_BYTES,
    Ring,
    decode_ring,
    encode_ring,
)

RING = Ring(ring_id="task-1.abc", task_id="task-1")


def test_ring_is_encoded_byte_for_byte_as_dramatiq_does() -> None:
    payload = encode_ring(RING, worker="main")

    message: dramatiq.Message[None] = dramatiq.Message.decode(payload)

    assert payload == message.encode()
    assert (message.queue_name, message.actor_name) == ("main", ACTOR_NAME)
    assert message.args == ("task-1",)


def test_ring_is_decoded_from_what_dramatiq_encodes() -> None:
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name="media",
        actor_name=ACTOR_NAME,
        args=("task-1",),
        kwargs={},
        options={"redis_message_id": "task-1.abc"},
    )

    ring = decode_ring(message.encode(), worker="media")

    assert ring == RING


def test_ring_of_an_ordinary_task_is_small() -> None:
    ring = Ring(
        ring_id="01890a5d-ac96-774b-bcce-b302099a8057.0123456789ab",
        task_id="01890a5d-ac96-774b-bcce-b302099a8057",
    )

    assert len(encode_ring(ring, worker="main")) < 400


def altered(**fields: Any) -> bytes:
    message = json.loads(encode_ring(RING, worker="main"))
    return json.dumps({**message, **fields}).encode()


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(None, "gone", id="evicted"),
        pytest.param(b"", "not JSON", id="empty"),
        pytest.param(b"\xff\xfe", "not JSON", id="no-text"),
        pytest.param(b"[" * 10_000, "not JSON", id="deeply-nested"),
        pytest.param(b" " * (MAX_PAYLOAD_BYTES + 1), "too large", id="huge"),
        pytest.param(b"17", "one task id", id="number"),
        pytest.param(b"{}", "one task id", id="empty-object"),
        pytest.param(altered(actor_name="pay"), "actor is unknown", id="actor"),
        pytest.param(altered(actor_name=None), "one task id", id="no-actor"),
        pytest.param(altered(queue_name="media"), "something else", id="queue"),
        pytest.param(altered(kwargs={"x": 1}), "something else", id="kwargs"),
        pytest.param(altered(kwargs=[]), "one task id", id="kwargs-list"),
        pytest.param(altered(args=[]), "one task id", id="no-id"),
        pytest.param(altered(args=[7]), "one task id", id="number-id"),
        pytest.param(altered(args=["a", "b"]), "one task id", id="two-ids"),
        pytest.param(altered(args=[""]), "cannot be one", id="empty-id"),
        pytest.param(altered(args=["a\n"]), "cannot be one", id="line-break"),
        pytest.param(altered(args=["\ud800"]), "cannot be one", id="surrogate"),
        pytest.param(altered(args=["a" * 201]), "cannot be one", id="long-id"),
        pytest.param(altered(options={}), "one task id", id="no-ring-id"),
        pytest.param(altered(options=[]), "one task id", id="options-list"),
    ],
)
def test_broken_payload_is_refused_with_its_reason(
    payload: bytes | None, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_ring(payload, worker="main")
