"""Twilio's webhooks: the signature over address and form, receipts, and replies.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import parse_qs, urlsplit, urlunsplit

from app.channels.twilio_codes import TWILIO_CODES
from app.domain.inbound import InboundMessage
from app.domain.receipts import Receipt, Stage
from app.domain.recipients import Channel, number_of_whatsapp

PROVIDER = "twilio"
#: A form as it came: every value of a name, blank ones too.
Form = Mapping[str, Sequence[str]]

_STAGES = {
    "accepted": Stage.TAKEN,
    "scheduled": Stage.TAKEN,
    "queued": Stage.TAKEN,
    "sending": Stage.TAKEN,
    "sent": Stage.TAKEN,
    "delivered": Stage.DELIVERED,
    "read": Stage.DELIVERED,
    "undelivered": Stage.FAILED,
    "failed": Stage.FAILED,
    "canceled": Stage.FAILED,
}
_NO_CODE = "the carrier did not deliver it"
_USUAL_PORTS = {"https": 443, "http": 80}


def is_signed(
    *, url: str, form: Form, body: bytes, signature: str, auth_token: str
) -> bool:
    """Tell whether Twilio has signed a request to this public address.

    Twilio writes the port sometimes, and sometimes not; both are tried. A body that is
    no form is signed by its digest, which stands in the address.
    """
    wanted = parse_qs(urlsplit(url).query).get("bodySHA256")
    if wanted and not _equal(hashlib.sha256(body).hexdigest(), wanted[0].lower()):
        return False
    fields = {} if wanted else form
    return any(
        _equal(_signature(one, fields, auth_token), signature)
        for one in _with_and_without_port(url)
    )


def read_receipt(form: Form, *, key: str) -> Receipt | None:
    """Read a status callback; None where it tells of nothing that is known.

    `key`: our name of the message, which its callback's address holds.
    """
    sid, status = first(form, "MessageSid"), first(form, "MessageStatus")
    stage = _STAGES.get(status)
    if stage is None or not sid:
        return None
    code = first(form, "ErrorCode")
    verdict = TWILIO_CODES.get(int(code)) if code.isdecimal() else None
    failed = stage is Stage.FAILED
    return Receipt(
        provider=PROVIDER,
        event_id=f"{sid}/{status}/{code}",
        key=key,
        provider_message_id=sid,
        stage=stage,
        code=code,
        reason=(verdict.reason if verdict else _NO_CODE) if failed else "",
        result=verdict.result if verdict and failed else None,
    )


def read_inbound(form: Form, *, received_at: datetime) -> InboundMessage | None:
    """Read a customer's message; None where it is none."""
    sid, sender = first(form, "MessageSid"), first(form, "From")
    if not sid or not sender:
        return None
    channel, number = _address(sender)
    return InboundMessage(
        provider=PROVIDER,
        channel=channel,
        provider_message_id=sid,
        sender=number,
        recipient=_address(first(form, "To"))[1],
        text=first(form, "Body"),
        received_at=received_at,
        payload=first(form, "ButtonPayload"),
        opt_out_type=first(form, "OptOutType"),
        profile_name=first(form, "ProfileName"),
    )


def first(form: Form, name: str) -> str:
    """Return a field's first value; empty where there is none."""
    return next(iter(form.get(name, [])), "")


def _signature(url: str, form: Form, auth_token: str) -> str:
    told = url + "".join(
        name + value for name in sorted(form) for value in sorted(set(form[name]))
    )
    digest = hmac.new(auth_token.encode(), told.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def _with_and_without_port(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].partition(":")[0]
    port = parts.port or _USUAL_PORTS.get(parts.scheme, 443)
    yield url
    yield urlunsplit(parts._replace(netloc=f"{host}:{port}"))
    yield urlunsplit(parts._replace(netloc=host))


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _address(address: str) -> tuple[Channel, str]:
    prefix, colon, number = address.partition(":")
    if colon and prefix == "whatsapp":
        return Channel.WHATSAPP, number_of_whatsapp(number)
    return Channel.SMS, address
