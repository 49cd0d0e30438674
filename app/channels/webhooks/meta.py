"""Meta's webhooks: the signature over the raw body, receipts and replies in batches.

https://developers.facebook.com/docs/whatsapp/cloud-api/webhooks
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from app.channels.meta_codes import META_CODES
from app.domain.inbound import InboundMessage
from app.domain.receipts import Receipt, Stage
from app.domain.recipients import Channel, number_of_whatsapp

PROVIDER = "meta"
_STAGES = {
    "sent": Stage.TAKEN,
    "delivered": Stage.DELIVERED,
    "read": Stage.DELIVERED,
    "played": Stage.DELIVERED,
    "failed": Stage.FAILED,
}
#: What a delivery tells, in the order in which it is taken.
_TOLD = ("statuses", "messages")
_NO_CODE = "WhatsApp did not deliver it"


def is_signed(*, body: bytes, signature: str, app_secret: str) -> bool:
    """Tell whether Meta has signed these bytes (`X-Hub-Signature-256`)."""
    digest = hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={digest}".encode(), signature.encode())


def one_by_one(content: object) -> Iterator[Mapping[str, Any]]:
    """Yield what a delivery tells as if each thing of it had come alone.

    One delivery may tell of many customers, and is kept for each of them.
    """
    whole = _object(content)
    for entry in _objects(whole.get("entry")):
        for change in _objects(entry.get("changes")):
            for value in _values_of_one(_object(change.get("value"))):
                alone = {**entry, "changes": [{**change, "value": value}]}
                yield {**whole, "entry": [alone]}


def read(
    content: object, *, received_at: datetime
) -> Iterator[Receipt | InboundMessage]:
    """Read everything that a delivery tells, in its order; skip what is not known."""
    for value in _values(content):
        for status in _objects(value.get("statuses")):
            if receipt := _receipt(status):
                yield receipt
        names = {
            str(contact.get("wa_id")): _text(_object(contact.get("profile")), "name")
            for contact in _objects(value.get("contacts"))
        }
        number = _text(_object(value.get("metadata")), "display_phone_number")
        for message in _objects(value.get("messages")):
            if inbound := _inbound(message, names, number, received_at):
                yield inbound


def _values_of_one(value: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    shared = {n: v for n, v in value.items() if n not in {*_TOLD, "contacts"}}
    for name in _TOLD:
        for one in _objects(value.get(name)):
            customer = one.get("from") or one.get("recipient_id") or ""
            theirs = [
                contact
                for contact in _objects(value.get("contacts"))
                if contact.get("wa_id") == customer
            ]
            yield {**shared, "contacts": theirs, name: [one]}


def _receipt(status: Mapping[str, Any]) -> Receipt | None:
    name, word = _text(status, "id"), _text(status, "status")
    stage = _STAGES.get(word)
    if stage is None or not name:
        return None
    error = next(_objects(status.get("errors")), {})
    code = error.get("code")
    verdict = META_CODES.get(code) if isinstance(code, int) else None
    failed = stage is Stage.FAILED
    return Receipt(
        provider=PROVIDER,
        event_id=f"{name}/{word}",
        key=_text(status, "biz_opaque_callback_data"),
        provider_message_id=name,
        stage=stage,
        code="" if code is None else str(code)[:20],
        reason=(verdict.reason if verdict else _NO_CODE) if failed else "",
        result=verdict.result if verdict and failed else None,
        is_free=_object(status.get("pricing")).get("billable") is False,
    )


def _inbound(
    message: Mapping[str, Any],
    names: Mapping[str, str],
    number: str,
    received_at: datetime,
) -> InboundMessage | None:
    name, sender = _text(message, "id"), _text(message, "from")
    if not name or not sender:
        # Who hides the number is known by another name, which nobody here can answer.
        return None
    button = _object(message.get("button"))
    pressed = _object(message.get("interactive"))
    reply = _object(pressed.get("button_reply") or pressed.get("list_reply"))
    text = _text(_object(message.get("text")), "body")
    return InboundMessage(
        provider=PROVIDER,
        channel=Channel.WHATSAPP,
        provider_message_id=name,
        sender=number_of_whatsapp(f"+{sender.removeprefix('+')}"),
        recipient=f"+{number.removeprefix('+')}" if number else "",
        text=text or _text(button, "text") or _text(reply, "title"),
        received_at=_moment(message.get("timestamp")) or received_at,
        payload=_text(button, "payload") or _text(reply, "id"),
        profile_name=names.get(sender, ""),
    )


def _values(content: object) -> Iterator[Mapping[str, Any]]:
    for entry in _objects(_object(content).get("entry")):
        for change in _objects(entry.get("changes")):
            if change.get("field") == "messages":
                yield _object(change.get("value"))


def _moment(value: object) -> datetime | None:
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= 11):
        return None
    return datetime.fromtimestamp(int(text), tz=UTC)


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    for one in value if isinstance(value, list) else []:
        if isinstance(one, dict):
            yield one
