"""A Twilio message as its API shows it, and the parts that its text takes.

Used by `api.py` for the answer to a send and for look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from app.simulator.sms_length import segments


def new_message(
    *, account: str, sid: str, form: Mapping[str, Any], received_at: str
) -> dict[str, Any]:
    """Return the resource as it stands in the answer to the send."""
    service = form.get("MessagingServiceSid")
    uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
    text = str(form.get("Body", ""))
    created = format_datetime(datetime.fromisoformat(received_at))
    return {
        "sid": sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text,
        "status": _initial_status(form),
        "to": form.get("To"),
        "from": None if service else form.get("From"),
        "direction": "outbound-api",
        "num_segments": "0" if service else str(segments(text)),
        "num_media": str(media_count(form)),
        "price": None,
        "price_unit": None,
        "error_code": None,
        "error_message": None,
        "messaging_service_sid": service,
        "date_created": created,
        "date_updated": created,
        "date_sent": None,
        "uri": f"{uri}.json",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }


def sent_message(
    *, account: str, sid: str, form: Mapping[str, Any], received_at: str
) -> dict[str, Any]:
    """Return the resource as a look-up shows it, once it has gone out."""
    message = new_message(account=account, sid=sid, form=form, received_at=received_at)
    number = str(segments(message["body"]))
    gone = {"status": "sent", "date_sent": message["date_created"]}
    return {**message, **gone, "num_segments": number}


def media_count(form: Mapping[str, Any]) -> int:
    """Count the media that a send brings along."""
    media = form.get("MediaUrl", [])
    return 1 if isinstance(media, str) else len(media)


def _initial_status(form: Mapping[str, Any]) -> str:
    if form.get("ScheduleType") == "fixed":
        return "scheduled"
    return "accepted" if form.get("MessagingServiceSid") else "queued"
