"""Meta's webhooks: statuses and messages."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from app.simulator.telling.call import Call, Secrets, Taken, Written

#: Of what does not arrive: "message undeliverable".
ERROR = 131026


def receipts(taken: Taken, secrets: Secrets, *, arrives: bool) -> Iterator[Call]:
    """Return the statuses of a message, in their order; a read one skips none here."""
    for status in ("sent", "delivered", "read") if arrives else ("sent", "failed"):
        told: dict[str, Any] = {
            "id": taken.provider_message_id,
            "status": status,
            "timestamp": _now(),
            "recipient_id": taken.recipient.removeprefix("+"),
            "biz_opaque_callback_data": taken.key,
        }
        if status == "failed":
            told["errors"] = [{"code": ERROR, "title": "Message undeliverable"}]
        yield _signed({"statuses": [told]}, secrets)


def inbound(written: Written, secrets: Secrets) -> Call:
    """Return the call that brings a customer's message."""
    digits = written.sender.removeprefix("+")
    message = {
        "id": written.message_id,
        "from": digits,
        "timestamp": _now(),
        "type": "text",
        "text": {"body": written.text},
    }
    contacts = [{"wa_id": digits, "profile": {"name": "A customer"}}]
    return _signed({"contacts": contacts, "messages": [message]}, secrets)


def _signed(value: Mapping[str, Any], secrets: Secrets) -> Call:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": "1"}
    whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    entry = {"id": "1", "changes": [{"field": "messages", "value": whole}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]})
    key = secrets.whatsapp_app_secret.encode()
    digest = hmac.new(key, body.encode(), hashlib.sha256).hexdigest()
    return Call(
        url=secrets.url("whatsapp"),
        body=body.encode(),
        headers={
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={digest}",
        },
    )


def _now() -> str:
    return str(int(time.time()))
