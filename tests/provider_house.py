"""Every provider as tests of all of them make it, and a message for each.

`make(place(simulator, tmp_path))` for each `make` of EVERY, or of those that are
REMOTE; the simulator must know the `LOGINS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.channels.base import CALL_S, Message, Provider
from app.channels.gateway import HttpGateway
from app.channels.gateway_form import parse_body, parse_expected
from app.channels.http_verdicts import basic
from app.channels.meta import Meta
from app.channels.preview import Preview
from app.channels.resend import Resend
from app.channels.smtp import Smtp
from app.channels.smtp_session import MailServer, Security
from app.channels.twilio import Twilio
from app.channels.vonage import Vonage
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from tests.mail_house import ROSA
from tests.simulator import Simulator

ACCOUNT = "AC" + "0" * 32
PASSWORD = "s3cret-t0ken"
NUMBER_ID = "106540352242922"
#: What the simulator is started with.
LOGINS = [
    *("--twilio-account-sid", ACCOUNT, "--twilio-auth-token", PASSWORD),
    *("--whatsapp-access-token", PASSWORD, "--whatsapp-phone-number-id", NUMBER_ID),
    *("--vonage-api-key", "rosa", "--vonage-api-secret", PASSWORD),
    *("--resend-api-key", PASSWORD),
    *("--smtp-user", "rosa", "--smtp-password", PASSWORD),
]

PHONE = "+4915112345678"
ADDRESS = "alice@example.org"
TEXT = "Hello Alice, see you on Monday at 10:00."


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the providers are, and the password that they are given."""

    http: str
    smtp: tuple[str, int]
    outbox: Path
    password: str = PASSWORD


def twilio_sms(place: Place, *, channel: Channel = Channel.SMS) -> Provider:
    """Make Twilio's SMS."""
    return Twilio(
        channel=channel,
        account_sid=ACCOUNT,
        auth_token=place.password,
        sender="+14155550199",
        api_base=place.http,
    )


def twilio_whatsapp(place: Place) -> Provider:
    """Make Twilio's WhatsApp."""
    return twilio_sms(place, channel=Channel.WHATSAPP)


def meta(place: Place) -> Provider:
    """Make Meta's WhatsApp."""
    return Meta(
        phone_number_id=NUMBER_ID, access_token=place.password, api_base=place.http
    )


def vonage(place: Place) -> Provider:
    """Make Vonage's SMS."""
    return Vonage(
        api_key="rosa", api_secret=place.password, sender="Rosa", api_base=place.http
    )


def gateway(place: Place) -> Provider:
    """Make a gateway that is Twilio again, by configuration alone."""
    return HttpGateway(
        url=f"{place.http}/2010-04-01/Accounts/{ACCOUNT}/Messages.json",
        headers={"Authorization": basic(ACCOUNT, place.password)},
        form=parse_body("From=%2B14155550199&To={{ to }}&Body={{ text }}"),
        accepted=parse_expected("status=queued|accepted"),
        id_path="sid",
    )


def resend(place: Place) -> Provider:
    """Make Resend's e-mail."""
    return Resend(api_key=place.password, sender=ROSA, api_base=place.http)


def smtp(place: Place) -> Provider:
    """Make the way to a mail server."""
    server = MailServer(
        host=place.smtp[0],
        port=place.smtp[1],
        security=Security.NONE,
        user="rosa",
        password=place.password,
    )
    return Smtp(server=server, sender=ROSA)


def preview(place: Place) -> Provider:
    """Make the outbox."""
    return Preview(channel=Channel.SMS, outbox=place.outbox, sender=ROSA)


Maker = Callable[[Place], Provider]

HTTP = [twilio_sms, twilio_whatsapp, meta, vonage, gateway, resend]
REMOTE = [*HTTP, smtp]
EVERY = [*REMOTE, preview]


def place(simulator: Simulator, tmp_path: Path, **changes: Any) -> Place:
    """Say where the simulator is; `changes` are fields of `Place`."""
    smtp_at = (simulator.smtp_host, simulator.smtp_port)
    return Place(
        **{"http": simulator.http, "smtp": smtp_at, "outbox": tmp_path, **changes}
    )


def message_for(provider: Provider) -> Message:
    """Make a message to Alice for this provider."""
    is_mail = provider.channel is Channel.EMAIL
    return Message(
        key="n-1",
        channel=provider.channel,
        recipient=ADDRESS if is_mail else PHONE,
        recipient_name="Alice",
        subject="Your booking" if is_mail else "",
        text=TEXT,
    )


def send(provider: Provider, *, within_s: float = CALL_S) -> Outcome:
    """Send, and see that nothing secret is in what is shown."""
    outcome = provider.send(message_for(provider), within_s=within_s)
    told = f"{outcome.reason} {outcome.code}".lower()
    for secret in (PHONE, PHONE[1:], ADDRESS, "alice", "monday", PASSWORD, ACCOUNT):
        assert secret.lower() not in told
    assert bool(outcome.reason) is (outcome.result is not Result.ACCEPTED)
    return outcome
