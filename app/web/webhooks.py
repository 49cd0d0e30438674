"""What providers tell us: each request is believed only with its sender's signature.

Safe to repeat and in any order: every event is kept once, and matched when its message
is there. An answer other than 200 makes the provider send it again.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qs

import sqlalchemy as sa
from flask import Blueprint, Response, request
from pydantic import SecretStr
from werkzeug.exceptions import BadRequest

from app.channels.webhooks import meta, resend, twilio, vonage
from app.clock import utc_now
from app.domain.inbound import InboundMessage
from app.domain.receipts import Receipt
from app.errors import NotFoundError, SignatureError, StorageUnavailableError
from app.logs import fields
from app.services import dispatch, incoming_events
from app.web.auth import open_to_all
from app.web.context import runtime

log = logging.getLogger(__name__)

pages = Blueprint("webhooks", __name__, url_prefix="/api/v1/webhooks")

#: "No answer of ours": answers to customers are messages like any other.
_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@pages.post("/twilio/status")
@open_to_all
def twilio_status() -> Response:
    """Take Twilio's word about a message."""
    form = _twilio_form()
    receipt = twilio.read_receipt(form, key=request.args.get("key", ""))
    _take([receipt])
    return Response(status=HTTPStatus.NO_CONTENT)


@pages.post("/twilio/inbound")
@open_to_all
def twilio_inbound() -> Response:
    """Take a customer's message from Twilio."""
    _take([twilio.read_inbound(_twilio_form(), received_at=utc_now())])
    return Response(_TWIML, mimetype="text/xml")


@pages.get("/whatsapp")
@open_to_all
def whatsapp_check() -> Response:
    """Show Meta that the address is ours, as it asks once."""
    wanted = _secret(runtime().settings.whatsapp_verify_token, "WHATSAPP_VERIFY_TOKEN")
    asked = request.args
    if asked.get("hub.mode") != "subscribe" or not _is_same(
        asked.get("hub.verify_token", ""), wanted
    ):
        return Response(status=HTTPStatus.FORBIDDEN)
    return Response(asked.get("hub.challenge", ""), mimetype="text/plain")


@pages.post("/whatsapp")
@open_to_all
def whatsapp() -> Response:
    """Take what Meta tells, receipts and customers' messages in one."""
    secret = _secret(runtime().settings.whatsapp_app_secret, "WHATSAPP_APP_SECRET")
    body = request.get_data()
    signature = request.headers.get("X-Hub-Signature-256", "")
    _check(meta.is_signed(body=body, signature=signature, app_secret=secret), "meta")
    told = list(meta.one_by_one(_json(body)))
    troubles: list[Exception] = []
    for one in told:
        as_told = None if len(told) == 1 else json.dumps(one)
        try:
            _take(meta.read(one, received_at=utc_now()), as_told=as_told)
        except StorageUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - it must not keep others from being taken
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return Response(status=HTTPStatus.OK)


@pages.route("/vonage/status", methods=["GET", "POST"])
@open_to_all
def vonage_status() -> Response:
    """Take Vonage's word about a message."""
    _take([vonage.read_receipt(_vonage_parameters())])
    return Response(status=HTTPStatus.OK)


@pages.route("/vonage/inbound", methods=["GET", "POST"])
@open_to_all
def vonage_inbound() -> Response:
    """Take a customer's message from Vonage."""
    _take([vonage.read_inbound(_vonage_parameters(), received_at=utc_now())])
    return Response(status=HTTPStatus.OK)


@pages.post("/resend")
@open_to_all
def resend_event() -> Response:
    """Take Resend's word about an e-mail."""
    secret = _secret(runtime().settings.resend_webhook_secret, "RESEND_WEBHOOK_SECRET")
    body = request.get_data()
    headers = {name.lower(): value for name, value in request.headers.items()}
    is_signed = resend.is_signed(
        body=body, headers=headers, secret=secret, now=utc_now()
    )
    _check(is_signed, "resend")
    event_id = headers.get("svix-id", "")
    _take([resend.read_receipt(_json(body), event_id=event_id)])
    return Response(status=HTTPStatus.OK)


def _take(
    told: Iterable[Receipt | InboundMessage | None], *, as_told: str | None = None
) -> None:
    """Keep each and do what follows, in a transaction of its own.

    Where one cannot be kept the provider sends all of them again; those that were are
    known then. `as_told`: what is kept where more came with it, of other customers.
    """
    # Vonage may tell all of it in the address.
    whole = request.get_data(as_text=True) or request.query_string.decode("latin-1")
    body = whole if as_told is None else as_told
    for one in told:
        if one is not None:
            dispatch.perform(runtime(), _deed(one, body))


def _deed(
    told: Receipt | InboundMessage, body: str
) -> Callable[[sa.Connection], object]:
    return lambda tx: incoming_events.take(
        tx, runtime(), told, body=body, now=utc_now()
    )


def _twilio_form() -> Mapping[str, list[str]]:
    token = _secret(runtime().settings.twilio_auth_token, "TWILIO_AUTH_TOKEN")
    body = request.get_data()
    form = parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)
    query = request.query_string.decode("latin-1")
    base = runtime().settings.base_url
    is_signed = twilio.is_signed(
        url=f"{base}{request.path}{f'?{query}' if query else ''}",
        form=form,
        body=body,
        signature=request.headers.get("X-Twilio-Signature", ""),
        auth_token=token,
    )
    _check(is_signed, twilio.PROVIDER)
    return form


def _vonage_parameters() -> Mapping[str, str]:
    secret = _secret(
        runtime().settings.vonage_signature_secret, "VONAGE_SIGNATURE_SECRET"
    )
    body = request.get_data()
    if request.mimetype == "application/json":
        told = _json(body)
        found = told if isinstance(told, dict) else {}
        parameters = {name: _plain(value) for name, value in found.items()}
    else:
        text = body.decode("utf-8", errors="replace") if body else ""
        text = text or request.query_string.decode("latin-1")
        several = parse_qs(text, keep_blank_values=True)
        parameters = {name: values[0] for name, values in several.items()}
    _check(vonage.is_signed(parameters, secret=secret, now=utc_now()), "vonage")
    return parameters


def _check(is_signed: bool, provider: str) -> None:  # noqa: FBT001 - what is checked
    if not is_signed:
        extra = fields("webhook_refused", provider=provider)
        log.warning("Webhook refused: its signature is wrong", extra=extra)
        raise SignatureError("The signature is wrong; nothing was taken.")


def _secret(secret: SecretStr | None, variable: str) -> str:
    if secret is None or not secret.get_secret_value():
        extra = fields("webhook_refused", missing=variable)
        log.warning("Webhook refused: its secret is not set", extra=extra)
        raise NotFoundError("webhook", request.path)
    return secret.get_secret_value()


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("The body cannot be read as JSON.") from None


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _is_same(given: str, wanted: str) -> bool:
    return secrets.compare_digest(given.encode(), wanted.encode())
