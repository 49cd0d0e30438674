"""Twilio's status callbacks and inbound messages."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from app.simulator.telling.call import Call, Secrets, Taken, Written

#: Of what does not arrive: "unknown destination handset".
ERROR = "30005"


def receipts(taken: Taken, secrets: Secrets, *, arrives: bool) -> Iterator[Call]:
    """Return the callbacks about a message, in their order, where one was asked for."""
    if not taken.callback:
        return
    url = taken.callback.partition("#")[0]
    for status in ("sent", "delivered" if arrives else "undelivered"):
        failed = {"ErrorCode": ERROR} if status == "undelivered" else {}
        form = {
            "MessageSid": taken.provider_message_id,
            "SmsSid": taken.provider_message_id,
            "MessageStatus": status,
            "SmsStatus": status,
            "To": taken.recipient,
            "From": taken.sender,
            "ApiVersion": "2010-04-01",
            "ToCity": "",
            **failed,
        }
        yield _signed(url, form, secrets)


def inbound(written: Written, secrets: Secrets) -> Call:
    """Return the call that brings a customer's message."""
    prefix = "whatsapp:" if written.channel == "whatsapp" else ""
    form = {
        "MessageSid": written.message_id,
        "From": f"{prefix}{written.sender}",
        "To": f"{prefix}{written.recipient}",
        "Body": written.text,
        "NumMedia": "0",
        "FromCity": "",
    }
    return _signed(secrets.url("twilio/inbound"), form, secrets)


def _signed(url: str, form: Mapping[str, str], secrets: Secrets) -> Call:
    told = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(secrets.twilio_auth_token.encode(), told.encode(), hashlib.sha1)
    return Call(
        url=url,
        body=urlencode(form).encode(),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest.digest()).decode(),
        },
    )
