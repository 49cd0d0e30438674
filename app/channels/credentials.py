"""Whether the channels' settings are whole: nothing half given, nothing in the clear.

Used by `table.py`, which owns the rows. Reads settings that are loaded already; names
variables, never their values.
"""

from __future__ import annotations

import difflib
import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.channels.base import Provider
from app.config import Settings
from app.domain.recipients import Channel
from app.errors import Problem


class Mode(StrEnum):
    """How a channel sends: through a provider, into the outbox, or not at all."""

    TWILIO = "twilio"
    VONAGE = "vonage"
    HTTP = "http"
    META = "meta"
    RESEND = "resend"
    SMTP = "smtp"
    PREVIEW = "preview"
    OFF = "off"


#: Those that tell a repetition by its key: what may have been sent is sent again at
#: once, without harm.
REPEATS_SAFELY: frozenset[str] = frozenset({Mode.PREVIEW, Mode.RESEND})


@dataclass(frozen=True, kw_only=True)
class Row:
    """One provider of one channel, and the variables it lives on.

    It is wanted as soon as one of `wanted_by` is set; then it needs all of `needs`.
    `account` are variables that are for nothing while no row that needs them is wanted.
    """

    name: Mode
    channel: Channel
    wanted_by: tuple[str, ...]
    needs: tuple[str, ...]
    account: tuple[str, ...] = ()
    build: Callable[[Settings], Provider]


#: Variables that come together or not at all.
_PAIRS = (("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD"),)
#: Where the providers are to whom a secret is shown.
_BASES = ("TWILIO_API_BASE", "VONAGE_API_BASE", "WHATSAPP_API_BASE", "RESEND_API_BASE")
_FIELDS = {field.alias: name for name, field in Settings.model_fields.items()}


def value(settings: Settings, variable: str) -> object:
    """Return what a variable was set to."""
    return getattr(settings, _FIELDS[variable])


def is_wanted(settings: Settings, row: Row) -> bool:
    """Whether the settings speak of this provider for its channel."""
    return any(value(settings, name) for name in row.wanted_by)


def credential_problems(
    settings: Settings, table: Sequence[Row], orders: Mapping[Channel, str]
) -> list[Problem]:
    """Find everything about the channels that a person must set right."""
    found = [
        *_bad_orders(settings, table, orders),
        *_missing(settings, table, orders),
        *_idle_accounts(settings, table),
        *_half_pairs(settings),
        *_bad_sender(settings),
        *_bad_mailbox(settings),
        *_bad_webhook_secret(settings),
        *_bad_gateway(settings),
        *_clear_text(settings),
    ]
    return list({problem.field: problem for problem in reversed(found)}.values())[::-1]


def _bad_orders(
    settings: Settings, table: Sequence[Row], orders: Mapping[Channel, str]
) -> Iterator[Problem]:
    for channel, variable in orders.items():
        known = [Mode.PREVIEW, *(row.name for row in table if row.channel is channel)]
        for name in _order(settings, variable):
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)[0]
                message = f"{name!r} does not serve {channel}; the nearest is {near}"
                yield Problem(variable, message)


def _missing(
    settings: Settings, table: Sequence[Row], orders: Mapping[Channel, str]
) -> Iterator[Problem]:
    for row in table:
        listed = row.name in _order(settings, orders[row.channel])
        if not (listed or is_wanted(settings, row)):
            continue
        for variable in row.needs:
            if not value(settings, variable):
                message = f"is missing; {row.name} needs it for {row.channel}"
                yield Problem(variable, message)


def _idle_accounts(settings: Settings, table: Sequence[Row]) -> Iterator[Problem]:
    for account in dict.fromkeys(row.account for row in table):
        rows = [row for row in table if row.account == account]
        given = [name for name in account if value(settings, name)]
        if not given or any(is_wanted(settings, row) for row in rows):
            continue
        for name in account:
            if name not in given:
                yield Problem(name, f"is missing, but {given[0]} is set")
        first, *others = [name for row in rows for name in row.wanted_by]
        message = " or ".join([f"is missing, but {given[0]} is set; set it", *others])
        yield Problem(first, message)


def _half_pairs(settings: Settings) -> Iterator[Problem]:
    for one, other in _PAIRS:
        for given, absent in ((one, other), (other, one)):
            if value(settings, given) and not value(settings, absent):
                yield Problem(absent, f"is missing, but {given} is set")


def _bad_sender(settings: Settings) -> Iterator[Problem]:
    if settings.default_from_email:
        # Every process looks here, and few of them build e-mails.
        from app.channels.email_message import parse_sender  # noqa: PLC0415 - see above

        try:
            parse_sender(settings.default_from_email)
        except ValueError as error:
            yield Problem("DEFAULT_FROM_EMAIL", str(error))


def _bad_mailbox(settings: Settings) -> Iterator[Problem]:
    if settings.bounce_imap_url:
        from app.channels.mailbox import Mailbox  # noqa: PLC0415 - as above

        try:
            Mailbox.parse(plain(settings.bounce_imap_url))
        except ValueError as error:
            yield Problem("BOUNCE_IMAP_URL", str(error))


def _bad_webhook_secret(settings: Settings) -> Iterator[Problem]:
    if settings.resend_webhook_secret:
        from app.channels.webhooks.resend import signing_key  # noqa: PLC0415 - as above

        try:
            signing_key(plain(settings.resend_webhook_secret))
        except ValueError as error:
            yield Problem("RESEND_WEBHOOK_SECRET", str(error))


def _bad_gateway(settings: Settings) -> Iterator[Problem]:
    if not settings.sms_http_url:
        return
    from app.channels import gateway_form  # noqa: PLC0415 - as above

    for variable, read, text in (
        ("SMS_HTTP_BODY", gateway_form.parse_body, plain(settings.sms_http_body)),
        (
            "SMS_HTTP_HEADERS",
            gateway_form.parse_headers,
            plain(settings.sms_http_headers),
        ),
        (
            "SMS_HTTP_ACCEPTED",
            gateway_form.parse_expected,
            settings.sms_http_accepted or "",
        ),
        (
            "SMS_HTTP_LATER",
            partial(
                gateway_form.check_later, accepted=settings.sms_http_accepted or ""
            ),
            settings.sms_http_later or "",
        ),
        ("SMS_HTTP_ID", gateway_form.parse_path, settings.sms_http_id or ""),
        ("SMS_HTTP_URL", gateway_form.check_address, settings.sms_http_url),
    ):
        try:
            read(text)
        except ValueError as error:
            yield Problem(variable, str(error))


def _clear_text(settings: Settings) -> Iterator[Problem]:
    """Refuse, in production, to send passwords unencrypted beyond this machine."""
    if settings.env != "production":
        return
    encrypted = settings.email_use_tls or settings.email_use_ssl
    has_password = settings.email_host_user and settings.email_host
    if has_password and not (encrypted or _is_this_machine(settings.email_host or "")):
        message = "must be 1: the password would leave this machine in clear text"
        yield Problem("EMAIL_USE_TLS", message)
    gateway = urlsplit(settings.sms_http_url or "")
    if gateway.scheme == "http" and not _is_at_home(gateway.hostname or ""):
        message = "must begin with https: what is sent would be readable on its way"
        yield Problem("SMS_HTTP_URL", message)
    for variable in _BASES:
        base = urlsplit(str(value(settings, variable)))
        if base.scheme == "http" and not _is_this_machine(base.hostname or ""):
            message = "must begin with https: the token would be sent in clear text"
            yield Problem(variable, message)


def _order(settings: Settings, variable: str) -> tuple[str, ...]:
    names = value(settings, variable)
    return names if isinstance(names, tuple) else ()


def _is_at_home(host: str) -> bool:
    """Whether it is in the shop's own network, where gateways with a SIM card are."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return _is_this_machine(host)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def plain(secret: SecretStr | None) -> str:
    """Return a secret as it is; empty where there is none."""
    return secret.get_secret_value() if secret else ""
