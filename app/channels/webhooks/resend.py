"""Resend's webhooks: signed as Svix and Standard Webhooks do, one event each.

https://resend.com/docs/dashboard/webhooks/verify-webhooks-requests
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.domain.outcomes import Result
from app.domain.receipts import Receipt, Stage

PROVIDER = "resend"
#: How old, or ahead of us, a signature may be.
TOLERANCE = timedelta(seconds=300)
_PREFIX = "whsec_"
_VERSION = "v1"
_STAGES = {
    "email.sent": Stage.TAKEN,
    "email.scheduled": Stage.TAKEN,
    "email.delivery_delayed": Stage.TAKEN,
    "email.delivered": Stage.DELIVERED,
    "email.opened": Stage.DELIVERED,
    "email.clicked": Stage.DELIVERED,
    "email.complained": Stage.DELIVERED,
    "email.bounced": Stage.FAILED,
    "email.failed": Stage.FAILED,
    "email.suppressed": Stage.FAILED,
}
_BOUNCES = {
    "NoEmail": "the mailbox does not exist",
    "MailboxFull": "the mailbox is full",
    "MessageTooLarge": "the e-mail is too large for the mailbox",
    "ContentRejected": "the mailbox's server refused the content",
    "AttachmentRejected": "the mailbox's server refused the attached file",
}
COMPLAINED = "the customer marked an e-mail of ours as spam"
_SUPPRESSED = "Resend sends nothing more to this address: it bounced or complained"


def is_signed(
    *, body: bytes, headers: Mapping[str, str], secret: str, now: datetime
) -> bool:
    """Tell whether Resend has signed these bytes lately (`svix-…` headers)."""
    name, stamp = headers.get("svix-id", ""), headers.get("svix-timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        return False
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return False
    try:
        key = signing_key(secret)
    except ValueError:
        return False
    told = b".".join([name.encode(), stamp.encode(), body])
    expected = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest())
    given = headers.get("svix-signature", "").split()
    return any(
        version == _VERSION and hmac.compare_digest(expected, signature.encode())
        for version, _, signature in (one.partition(",") for one in given)
    )


def signing_key(secret: str) -> bytes:
    """Return the key that a secret holds; raise ValueError with a sentence."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not key:  # with an empty key anybody could sign
        raise ValueError("is not whole; copy it from Resend, whsec_ and all")
    return key


def read_receipt(content: object, *, event_id: str) -> Receipt | None:
    """Read an event; None where it tells of nothing that is known."""
    event = _object(content)
    kind, told = str(event.get("type", "")), _object(event.get("data"))
    stage, name = _STAGES.get(kind), told.get("email_id")
    if stage is None or not isinstance(name, str):
        return None
    result, reason = _trouble(kind, told)
    return Receipt(
        provider=PROVIDER,
        event_id=event_id or f"{name}/{kind}",
        key=_tag(told.get("tags")),
        provider_message_id=name,
        stage=stage,
        code=kind.removeprefix("email."),
        reason=reason,
        result=result,
    )


def _trouble(kind: str, told: Mapping[str, Any]) -> tuple[Result | None, str]:
    if kind == "email.complained":
        return Result.SUPPRESSED, COMPLAINED
    if kind == "email.suppressed":
        return Result.SUPPRESSED, _SUPPRESSED
    if kind == "email.failed":
        return Result.PERMANENT_CONTENT, "Resend could not send the e-mail"
    if kind != "email.bounced":
        return None, ""
    bounce = _object(told.get("bounce"))
    reason = _BOUNCES.get(str(bounce.get("subType")), "the e-mail came back")
    is_final = bounce.get("type") == "Permanent"
    return Result.PERMANENT_RECIPIENT if is_final else Result.TRANSIENT, reason


def _tag(tags: object) -> str:
    """Return our name of the message: tags come as an object, or as a list."""
    if isinstance(tags, dict):
        return str(tags.get("message_key", ""))
    for tag in tags if isinstance(tags, list) else []:
        if isinstance(tag, dict) and tag.get("name") == "message_key":
            return str(tag.get("value", ""))
    return ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
