"""Takes whatever a provider tells: a receipt, or what a customer wrote.

Called by the webhooks in `dispatch.perform`. Everything is kept as it came before
anything follows from it, and nothing follows twice.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from app.domain.ids import new_id
from app.domain.inbound import InboundMessage
from app.domain.receipts import Receipt
from app.runtime import Runtime
from app.services.receipts import EventState, take_receipt
from app.services.replies import take_reply
from app.storage import receipts as store


def take(
    tx: sa.Connection,
    runtime: Runtime,
    told: Receipt | InboundMessage,
    *,
    body: str,
    now: datetime,
) -> None:
    """Keep what was told, and do once what follows from it."""
    if isinstance(told, Receipt):
        take_receipt(tx, runtime, told, body=body, now=now)
    elif store.keep(tx, _row(told, body=body, now=now)):
        take_reply(tx, runtime, told, now=now)


def _row(told: InboundMessage, *, body: str, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "provider": told.provider,
        "event_id": f"in/{told.provider_message_id}",
        "kind": "inbound",
        "received_at": now,
        "body": body,
        "facts": {},
        "state": EventState.APPLIED,
        "task_id": None,
        "next_look_at": None,
        "looks": 0,
    }
