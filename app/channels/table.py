"""The table of providers: who serves each channel, by the settings found.

Called by `runtime.py` (the providers themselves) and by banners and `doctor` (the modes
alone). To add a provider: one file beside this one, and one row here. A provider's file
is loaded when one is opened: who never sends has no use for HTTP and e-mail (6 MB).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.channels.base import Provider
from app.channels.credentials import (
    Mode,
    Row,
    credential_problems,
    is_wanted,
    plain,
    value,
)
from app.config import Settings
from app.domain.recipients import Channel
from app.errors import ConfigError

if TYPE_CHECKING:
    from app.channels.smtp_session import Security

__all__ = [
    "ORDERS",
    "PROVIDERS",
    "Mode",
    "channel_modes",
    "channel_orders",
    "open_providers",
]

#: The folder of previewed messages, in the data directory.
OUTBOX = "outbox"


def open_providers(settings: Settings) -> Mapping[Channel, tuple[Provider, ...]]:
    """Make the providers of each channel, the preferred one first; none: it is off.

    Raises ConfigError naming every variable that is missing. Connects to nobody.
    """
    chosen = _chosen(settings)
    return {
        channel: tuple(_opened(settings, channel, one) for one in chosen[channel])
        for channel in Channel
    }


def channel_modes(settings: Settings) -> Mapping[Channel, Mode]:
    """Name what serves each channel unless it is ill: a provider, `preview`, `off`."""
    orders = channel_orders(settings)
    return {channel: first(order) for channel, order in orders.items()}


def channel_orders(settings: Settings) -> Mapping[Channel, tuple[Mode, ...]]:
    """Name what serves each channel, the preferred one first; none: it is off."""
    return {
        channel: tuple(one.name if isinstance(one, Row) else one for one in chosen)
        for channel, chosen in _chosen(settings).items()
    }


def first(order: tuple[Mode, ...]) -> Mode:
    """Return what serves a channel of this order while all are well."""
    return order[0] if order else Mode.OFF


def _chosen(settings: Settings) -> dict[Channel, tuple[Row | Mode, ...]]:
    """Choose for each channel rows of the table, `preview`, or nothing."""
    problems = credential_problems(settings, PROVIDERS, ORDERS)
    if problems:
        raise ConfigError(problems)
    preferred = {channel: _preferred(settings, channel) for channel in Channel}
    nothing_real = not any(
        isinstance(one, Row) for order in preferred.values() for one in order
    )
    rest = (Mode.PREVIEW,) if settings.preview or nothing_real else ()
    return {channel: order or rest for channel, order in preferred.items()}


def _preferred(settings: Settings, channel: Channel) -> tuple[Row | Mode, ...]:
    """Find the providers of the channel's order, or those that are set up.

    Nobody falls back to the preview: what is in the outbox has reached nobody.
    """
    rows = {row.name: row for row in PROVIDERS if row.channel is channel}
    order = value(settings, ORDERS[channel])
    if not isinstance(order, tuple) or not order:
        return tuple(row for row in rows.values() if is_wanted(settings, row))
    named = [Mode(name) for name in dict.fromkeys(order)]
    if named[0] is Mode.PREVIEW:
        return (Mode.PREVIEW,)
    return tuple(rows[name] for name in named if name in rows)


def _opened(settings: Settings, channel: Channel, chosen: Row | Mode) -> Provider:
    if isinstance(chosen, Row):
        return chosen.build(settings)
    from app.channels.email_message import house_sender  # noqa: PLC0415 - see the top
    from app.channels.preview import Preview  # noqa: PLC0415 - likewise

    outbox = settings.data_dir / OUTBOX
    return Preview(channel=channel, outbox=outbox, sender=house_sender(settings))


def _twilio_sms(settings: Settings) -> Provider:
    return _twilio(settings, Channel.SMS, settings.twilio_sms_from)


def _twilio_whatsapp(settings: Settings) -> Provider:
    return _twilio(settings, Channel.WHATSAPP, settings.twilio_whatsapp_from)


def _twilio(settings: Settings, channel: Channel, sender: str | None) -> Provider:
    from app.channels.twilio import Twilio  # noqa: PLC0415 - see the top

    return Twilio(
        channel=channel,
        account_sid=settings.twilio_account_sid or "",
        auth_token=plain(settings.twilio_auth_token),
        sender=sender or "",
        api_base=settings.twilio_api_base,
        callback=_callback(settings, "twilio/status"),
    )


def _callback(settings: Settings, path: str) -> str:
    """Return where a provider tells us of receipts; empty: nobody outside finds us."""
    if settings.public_url is None:
        return ""
    return f"{settings.base_url}/api/v1/webhooks/{path}"


def _vonage(settings: Settings) -> Provider:
    from app.channels.vonage import Vonage  # noqa: PLC0415 - see the top

    return Vonage(
        api_key=plain(settings.vonage_api_key),
        api_secret=plain(settings.vonage_api_secret),
        sender=settings.vonage_sms_from or "",
        api_base=settings.vonage_api_base,
        callback=_callback(settings, "vonage/status"),
    )


def _gateway(settings: Settings) -> Provider:
    from app.channels import gateway_form as form  # noqa: PLC0415 - see the top
    from app.channels.gateway import HttpGateway  # noqa: PLC0415 - likewise

    return HttpGateway(
        url=settings.sms_http_url or "",
        headers=form.parse_headers(plain(settings.sms_http_headers)),
        form=form.parse_body(plain(settings.sms_http_body)),
        accepted=form.parse_expected(
            settings.sms_http_accepted or "", settings.sms_http_later or ""
        ),
        id_path=form.parse_path(settings.sms_http_id or ""),
    )


def _meta(settings: Settings) -> Provider:
    from app.channels.meta import Meta  # noqa: PLC0415 - see the top

    return Meta(
        phone_number_id=settings.whatsapp_phone_number_id or "",
        access_token=plain(settings.whatsapp_access_token),
        api_base=settings.whatsapp_api_base,
    )


def _resend(settings: Settings) -> Provider:
    from app.channels.email_message import parse_sender  # noqa: PLC0415 - see the top
    from app.channels.resend import Resend  # noqa: PLC0415 - likewise

    return Resend(
        api_key=plain(settings.resend_api_key),
        sender=parse_sender(settings.default_from_email or ""),
        api_base=settings.resend_api_base,
    )


def _smtp(settings: Settings) -> Provider:
    from app.channels.email_message import parse_sender  # noqa: PLC0415 - see the top
    from app.channels.smtp import Smtp  # noqa: PLC0415 - likewise
    from app.channels.smtp_session import MailServer  # noqa: PLC0415 - likewise

    server = MailServer(
        host=settings.email_host or "",
        port=settings.email_port,
        security=_security(settings),
        user=settings.email_host_user or "",
        password=plain(settings.email_host_password),
    )
    return Smtp(server=server, sender=parse_sender(settings.default_from_email or ""))


def _security(settings: Settings) -> Security:
    from app.channels.smtp_session import Security  # noqa: PLC0415 - see the top

    if settings.email_use_ssl:
        return Security.TLS
    return Security.STARTTLS if settings.email_use_tls else Security.NONE


_GATEWAY = (
    "SMS_HTTP_URL",
    "SMS_HTTP_HEADERS",
    "SMS_HTTP_BODY",
    "SMS_HTTP_ACCEPTED",
    "SMS_HTTP_LATER",
    "SMS_HTTP_ID",
)
_TWILIO_ACCOUNT = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")

PROVIDERS: tuple[Row, ...] = (
    Row(
        name=Mode.TWILIO,
        channel=Channel.SMS,
        wanted_by=("TWILIO_SMS_FROM",),
        needs=(*_TWILIO_ACCOUNT, "TWILIO_SMS_FROM"),
        account=_TWILIO_ACCOUNT,
        build=_twilio_sms,
    ),
    Row(
        name=Mode.TWILIO,
        channel=Channel.WHATSAPP,
        wanted_by=("TWILIO_WHATSAPP_FROM",),
        needs=(*_TWILIO_ACCOUNT, "TWILIO_WHATSAPP_FROM"),
        account=_TWILIO_ACCOUNT,
        build=_twilio_whatsapp,
    ),
    Row(
        name=Mode.VONAGE,
        channel=Channel.SMS,
        wanted_by=("VONAGE_API_KEY", "VONAGE_API_SECRET", "VONAGE_SMS_FROM"),
        needs=("VONAGE_API_KEY", "VONAGE_API_SECRET", "VONAGE_SMS_FROM"),
        build=_vonage,
    ),
    Row(
        name=Mode.HTTP,
        channel=Channel.SMS,
        wanted_by=_GATEWAY,
        needs=("SMS_HTTP_URL",),
        build=_gateway,
    ),
    Row(
        name=Mode.META,
        channel=Channel.WHATSAPP,
        wanted_by=("WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_ACCESS_TOKEN"),
        needs=("WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_ACCESS_TOKEN"),
        build=_meta,
    ),
    Row(
        name=Mode.RESEND,
        channel=Channel.EMAIL,
        wanted_by=("RESEND_API_KEY",),
        needs=("RESEND_API_KEY", "DEFAULT_FROM_EMAIL"),
        build=_resend,
    ),
    Row(
        name=Mode.SMTP,
        channel=Channel.EMAIL,
        wanted_by=("EMAIL_HOST", "EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),
        needs=("EMAIL_HOST", "DEFAULT_FROM_EMAIL"),
        build=_smtp,
    ),
)
#: The variable that orders each channel's providers.
ORDERS = {
    Channel.SMS: "SMS_PROVIDERS",
    Channel.WHATSAPP: "WHATSAPP_PROVIDERS",
    Channel.EMAIL: "EMAIL_PROVIDERS",
}
