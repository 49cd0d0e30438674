"""The table of providers: who serves each channel, by the settings found.

Called by `runtime.py` (the providers themselves) and by banners and `doctor` (the modes
alone). To add a provider: one file beside this one, and one row here. A provider's file
is loaded when one is opened: who never sends has no use for HTTP and e-mail (6 MB).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pydantic import SecretStr

from app.channels.base import Provider
from app.channels.credentials import (
    Mode,
    Row,
    credential_problems,
    is_wanted,
    value,
)
from app.config import Settings
from app.domain.recipients import Channel
from app.errors import ConfigError

if TYPE_CHECKING:
    from app.channels.smtp_session import Security

__all__ = ["ORDERS", "PROVIDERS", "Mode", "channel_modes", "open_providers"]

#: The folder of previewed messages, in the data directory.
OUTBOX = "outbox"


def open_providers(settings: Settings) -> Mapping[Channel, Provider | None]:
    """Make the provider of each channel; None for a channel that is off.

    Raises ConfigError naming every variable that is missing. Connects to nobody.
    """
    chosen = _chosen(settings)
    return {channel: _opened(settings, channel, chosen[channel]) for channel in Channel}


def channel_modes(settings: Settings) -> Mapping[Channel, Mode]:
    """Name what serves each channel: a provider, `preview` or `off`."""
    chosen = _chosen(settings)
    return {
        channel: row.name if isinstance(row, Row) else row
        for channel, row in chosen.items()
    }


def _chosen(settings: Settings) -> dict[Channel, Row | Mode]:
    """Choose for each channel a row of the table, `preview` or `off`."""
    problems = credential_problems(settings, PROVIDERS, ORDERS)
    if problems:
        raise ConfigError(problems)
    preferred = {channel: _preferred(settings, channel) for channel in Channel}
    nothing_real = not any(isinstance(row, Row) for row in preferred.values())
    rest = Mode.PREVIEW if settings.preview or nothing_real else Mode.OFF
    return {channel: row or rest for channel, row in preferred.items()}


def _preferred(settings: Settings, channel: Channel) -> Row | Mode | None:
    """Find the first provider of the channel's order, or the first that is set up."""
    rows = [row for row in PROVIDERS if row.channel is channel]
    order = value(settings, ORDERS[channel])
    if isinstance(order, tuple) and order:
        return next((row for row in rows if row.name == order[0]), Mode.PREVIEW)
    return next((row for row in rows if is_wanted(settings, row)), None)


def _opened(
    settings: Settings, channel: Channel, chosen: Row | Mode
) -> Provider | None:
    if isinstance(chosen, Row):
        return chosen.build(settings)
    if chosen is Mode.OFF:
        return None
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
        auth_token=_plain(settings.twilio_auth_token),
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
        api_key=_plain(settings.vonage_api_key),
        api_secret=_plain(settings.vonage_api_secret),
        sender=settings.vonage_sms_from or "",
        api_base=settings.vonage_api_base,
        callback=_callback(settings, "vonage/status"),
    )


def _meta(settings: Settings) -> Provider:
    from app.channels.meta import Meta  # noqa: PLC0415 - see the top

    return Meta(
        phone_number_id=settings.whatsapp_phone_number_id or "",
        access_token=_plain(settings.whatsapp_access_token),
        api_base=settings.whatsapp_api_base,
    )


def _resend(settings: Settings) -> Provider:
    from app.channels.email_message import parse_sender  # noqa: PLC0415 - see the top
    from app.channels.resend import Resend  # noqa: PLC0415 - likewise

    return Resend(
        api_key=_plain(settings.resend_api_key),
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
        password=_plain(settings.email_host_password),
    )
    return Smtp(server=server, sender=parse_sender(settings.default_from_email or ""))


def _security(settings: Settings) -> Security:
    from app.channels.smtp_session import Security  # noqa: PLC0415 - see the top

    if settings.email_use_ssl:
        return Security.TLS
    return Security.STARTTLS if settings.email_use_tls else Security.NONE


def _plain(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""


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
