"""Webhooks as their senders send them: signed, each in its own form.

`send(door, twilio_receipt(...))`; the house must be opened with the `SECRETS`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from app.clock import utc_now
from tests.door import Answer, Door

PUBLIC_URL = "https://book.example.com"
TOKEN = "twilio-token"
APP_SECRET = "meta-app-secret"
VONAGE_SECRET = "vonage-signature-secret"
RESEND_KEY = b"resend-webhook-secret"
SECRETS = {
    "BELLHOP_PUBLIC_URL": PUBLIC_URL,
    "BELLHOP_PREVIEW": "1",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": TOKEN,
    "TWILIO_SMS_FROM": "+14155550199",
    "WHATSAPP_APP_SECRET": APP_SECRET,
    "WHATSAPP_VERIFY_TOKEN": "words of our own",
    "VONAGE_SIGNATURE_SECRET": VONAGE_SECRET,
    "RESEND_WEBHOOK_SECRET": f"whsec_{base64.b64encode(RESEND_KEY).decode()}",
}


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One request of a provider."""

    path: str
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


def send(door: Door, webhook: Webhook) -> Answer:
    """Send it as the provider does: without a key of ours."""
    return door.with_key(None).ask(
        "POST",
        f"/webhooks/{webhook.path}",
        content=webhook.body,
        headers=webhook.headers,
    )


def twilio(path: str, form: Mapping[str, str]) -> Webhook:
    """Sign a form as Twilio does, blank fields and unknown ones too."""
    fields = {"AccountSid": "AC1", "ToCity": "", "NewsOfTomorrow": "1", **form}
    told = f"{PUBLIC_URL}/api/v1/webhooks/{path}" + "".join(
        f"{name}{fields[name]}" for name in sorted(fields)
    )
    digest = hmac.new(TOKEN.encode(), told.encode(), hashlib.sha1).digest()
    return Webhook(
        path=path,
        body=urlencode(fields),
        headers={
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": base64.b64encode(digest).decode(),
        },
    )


def twilio_receipt(status: str, *, sid: str, key: str = "", code: str = "") -> Webhook:
    """Return Twilio's word about a message."""
    form = {"MessageSid": sid, "MessageStatus": status}
    query = f"?key={key}" if key else ""
    return twilio(f"twilio/status{query}", form | ({"ErrorCode": code} if code else {}))


def meta(value: Mapping[str, Any]) -> Webhook:
    """Sign a delivery of Meta's with this value."""
    change = {"field": "messages", "value": {"messaging_product": "whatsapp", **value}}
    body = json.dumps(
        {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "changes": [change]}],
        }
    )
    digest = hmac.new(APP_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
    return Webhook(
        path="whatsapp",
        body=body,
        headers={
            "Content-Type": "application/json",
            "X-Hub-Signature-256": f"sha256={digest}",
        },
    )


def meta_receipt(
    status: str, *, wamid: str, key: str = "", code: int | None = None
) -> Mapping[str, Any]:
    """Return one of Meta's statuses; several go into one delivery."""
    told: dict[str, Any] = {"id": wamid, "status": status, "timestamp": "1763776801"}
    if key:
        told["biz_opaque_callback_data"] = key
    if code is not None:
        told["errors"] = [{"code": code, "title": "Trouble"}]
    return told


def vonage(path: str, parameters: Mapping[str, str], *, as_json: bool) -> Webhook:
    """Sign parameters as Vonage does."""
    stamp = str(int(utc_now().timestamp()))
    fields = {"api-key": "abcd1234", "nonce": "n-1", "timestamp": stamp, **parameters}
    told = "".join(
        f"&{name}={fields[name].replace('&', '_').replace('=', '_')}"
        for name in sorted(fields)
    )
    digest = hmac.new(VONAGE_SECRET.encode(), told.encode(), hashlib.sha256)
    signed = {**fields, "sig": digest.hexdigest().upper()}
    kind = "application/json" if as_json else "application/x-www-form-urlencoded"
    return Webhook(
        path=path,
        body=json.dumps(signed) if as_json else urlencode(signed),
        headers={"Content-Type": kind},
    )


def resend(kind: str, *, event_id: str, **told: Any) -> Webhook:
    """Sign an event of Resend's."""
    body = json.dumps({"type": f"email.{kind}", "data": told})
    stamp = str(int(utc_now().timestamp()))
    signed = f"{event_id}.{stamp}.{body}".encode()
    digest = hmac.new(RESEND_KEY, signed, hashlib.sha256).digest()
    return Webhook(
        path="resend",
        body=body,
        headers={
            "Content-Type": "application/json",
            "svix-id": event_id,
            "svix-timestamp": stamp,
            "svix-signature": f"v1,{base64.b64encode(digest).decode()}",
        },
    )
