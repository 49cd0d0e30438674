"""Resend's events about an e-mail, signed as Svix does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from app.simulator.telling.call import Call, Secrets, Taken


def receipts(taken: Taken, secrets: Secrets, *, arrives: bool) -> Iterator[Call]:
    """Return the events of an e-mail, in their order."""
    for kind in ("sent", "delivered" if arrives else "bounced"):
        told: dict[str, Any] = {
            "email_id": taken.provider_message_id,
            "to": [taken.recipient],
            "tags": {"message_key": taken.key},
        }
        if kind == "bounced":
            told["bounce"] = {"type": "Permanent", "subType": "NoEmail"}
        yield _signed({"type": f"email.{kind}", "data": told}, secrets)


def _signed(event: dict[str, Any], secrets: Secrets) -> Call:
    body = json.dumps(event).encode()
    name, stamp = f"msg_{uuid.uuid4().hex}", str(int(time.time()))
    key = base64.b64decode(secrets.resend_webhook_secret.removeprefix("whsec_"))
    told = b".".join([name.encode(), stamp.encode(), body])
    digest = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
    return Call(
        url=secrets.url("resend"),
        body=body,
        headers={
            "Content-Type": "application/json",
            "svix-id": name,
            "svix-timestamp": stamp,
            "svix-signature": f"v1,{digest}",
        },
    )
