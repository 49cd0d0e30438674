"""Vonage's delivery receipts and inbound messages."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator, Mapping

from app.simulator.telling.call import Call, Secrets, Taken, Written

#: Of what does not arrive: "illegal number".
ERROR = "9"


def receipts(taken: Taken, secrets: Secrets, *, arrives: bool) -> Iterator[Call]:
    """Return the receipts of a message, in their order, where one was asked for."""
    if not taken.callback:
        return
    for status in ("buffered", "delivered" if arrives else "failed"):
        parameters = {
            "msisdn": taken.recipient.removeprefix("+"),
            "to": taken.sender,
            "messageId": taken.provider_message_id,
            "status": status,
            "err-code": ERROR if status == "failed" else "0",
            "client-ref": taken.key,
            "price": "0.03330000",
        }
        yield _signed(taken.callback, parameters, secrets)


def inbound(written: Written, secrets: Secrets) -> Call:
    """Return the call that brings a customer's message."""
    parameters = {
        "msisdn": written.sender.removeprefix("+"),
        "to": written.recipient.removeprefix("+"),
        "messageId": written.message_id,
        "text": written.text,
        "type": "text",
        "keyword": written.text.partition(" ")[0].upper(),
    }
    return _signed(secrets.url("vonage/inbound"), parameters, secrets)


def _signed(url: str, parameters: Mapping[str, str], secrets: Secrets) -> Call:
    stamped = {
        **parameters,
        "timestamp": str(int(time.time())),
        "nonce": str(uuid.uuid4()),
    }
    told = "".join(
        f"&{name}={stamped[name].replace('&', '_').replace('=', '_')}"
        for name in sorted(stamped)
    )
    key = secrets.vonage_signature_secret.encode()
    digest = hmac.new(key, told.encode(), hashlib.sha256).hexdigest().upper()
    return Call(
        url=url,
        body=json.dumps({**stamped, "sig": digest}).encode(),
        headers={"Content-Type": "application/json"},
    )
