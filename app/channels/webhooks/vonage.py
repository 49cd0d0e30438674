"""Vonage's webhooks: the signature among the parameters, receipts and replies.

https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta

from app.channels.vonage_codes import VONAGE_ERRORS
from app.domain.inbound import InboundMessage
from app.domain.receipts import Receipt, Stage
from app.domain.recipients import Channel

PROVIDER = "vonage"
#: Vonage repeats a webhook for a day; what is older was recorded by somebody.
FRESH_FOR = timedelta(hours=25)
_SIGNATURE = "sig"
_STAGES = {
    "accepted": Stage.TAKEN,
    "buffered": Stage.TAKEN,
    "unknown": Stage.TAKEN,
    "delivered": Stage.DELIVERED,
    "expired": Stage.FAILED,
    "failed": Stage.FAILED,
    "rejected": Stage.FAILED,
}
_NO_CODE = "the carrier did not deliver it"
#: The account chooses one; its digest's length tells which.
_HMACS = {32: hashlib.md5, 40: hashlib.sha1, 64: hashlib.sha256, 128: hashlib.sha512}
_PLAIN_DIGEST_LENGTH = 32


def is_signed(parameters: Mapping[str, str], *, secret: str, now: datetime) -> bool:
    """Tell whether Vonage has signed these parameters, within a day."""
    given = parameters.get(_SIGNATURE, "").lower()
    if not _is_fresh(parameters.get("timestamp", ""), now=now):
        return False
    told = _told(parameters)
    algorithm = _HMACS.get(len(given))
    if algorithm is None:
        return False
    expected = [hmac.new(secret.encode(), told, algorithm).hexdigest()]
    if len(given) == _PLAIN_DIGEST_LENGTH:
        # What the dashboard chooses unless told otherwise.
        plain = hashlib.md5(told + secret.encode(), usedforsecurity=False)
        expected.append(plain.hexdigest())
    return any(hmac.compare_digest(one.encode(), given.encode()) for one in expected)


def read_receipt(parameters: Mapping[str, str]) -> Receipt | None:
    """Read a delivery receipt; None where it tells of nothing that is known."""
    name, status = parameters.get("messageId", ""), parameters.get("status", "")
    stage = _STAGES.get(status)
    if stage is None or not name:
        return None
    code = parameters.get("err-code", "")
    verdict = VONAGE_ERRORS.get(code)
    failed = stage is Stage.FAILED
    return Receipt(
        provider=PROVIDER,
        event_id=f"{name}/{status}",
        key=parameters.get("client-ref", ""),
        provider_message_id=name,
        stage=stage,
        code=code[:20],
        reason=(verdict.reason if verdict else _NO_CODE) if failed else "",
        result=verdict.result if verdict and failed else None,
    )


def read_inbound(
    parameters: Mapping[str, str], *, received_at: datetime
) -> InboundMessage | None:
    """Read a customer's message; None where it is none."""
    name, sender = parameters.get("messageId", ""), parameters.get("msisdn", "")
    if not name or not sender:
        return None
    return InboundMessage(
        provider=PROVIDER,
        channel=Channel.SMS,
        provider_message_id=name,
        sender=f"+{sender.removeprefix('+')}",
        recipient=parameters.get("to", ""),
        text=parameters.get("text", ""),
        received_at=received_at,
    )


def _told(parameters: Mapping[str, str]) -> bytes:
    parts = [
        f"&{name}={value.replace('&', '_').replace('=', '_')}"
        for name, value in sorted(parameters.items())
        if name != _SIGNATURE
    ]
    return "".join(parts).encode()


def _is_fresh(timestamp: str, *, now: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 11):
        return False
    return abs(now.timestamp() - int(timestamp)) <= FRESH_FOR.total_seconds()
