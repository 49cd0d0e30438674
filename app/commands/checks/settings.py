"""What the owner has set: secrets' strength, business, channels, policy, address."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from app.channels.staff import strange_addresses
from app.channels.table import OUTBOX, Mode, channel_modes, channel_orders
from app.commands.checks.findings import Box, Finding, broken, info, ok, warning
from app.config.secrets import weakness
from app.config.settings import Settings
from app.errors import ConfigError
from app.policy import load_policy

#: Where each provider's requests go, by the setting's name.
API_BASES = {
    Mode.TWILIO: "twilio_api_base",
    Mode.VONAGE: "vonage_api_base",
    Mode.META: "whatsapp_api_base",
    Mode.RESEND: "resend_api_base",
}
MORE = "`python3 bellhop.py config` shows every value and where it came from."


def settings(box: Box) -> Iterator[Finding]:
    """Say which settings are in force, and which of them are still the defaults."""
    chosen = box.settings
    yield ok(f"The settings can be read; BELLHOP_ENV is {chosen.env}.")
    for name, secret in [
        ("BELLHOP_SECRET_KEY", chosen.secret_key),
        ("BELLHOP_API_KEY", chosen.api_key),
    ]:
        if secret and (trouble := weakness(secret.get_secret_value())):
            yield warning(
                f"{name} {trouble}.",
                "It could be guessed, and production refuses it.",
                "Take it out of the settings (Bellhop then makes a good one), or set a "
                "long random one.",
            )


def business(box: Box) -> Iterator[Finding]:
    """Look whether real customers would read what nobody has set."""
    chosen = box.settings
    if not _sends_for_real(chosen):
        return
    for variable, field, effect in [
        ("BELLHOP_BUSINESS_NAME", "business_name", "Customers read the name"),
        ("BELLHOP_TIMEZONE", "timezone", "Customers without a zone read times in"),
    ]:
        value = getattr(chosen, field)
        if value == Settings.model_fields[field].default:
            yield warning(
                f"{variable} is not set.", f"{effect} {value}.", f"Set {variable}."
            )


def policy(box: Box) -> Iterator[Finding]:
    """Read the policy file."""
    file = box.settings.policy_file
    try:
        load_policy(file)
    except ConfigError as error:
        yield from problems(error)
        return
    if file.is_file():
        yield ok(f"The policy in {file} can be read.")
    else:
        yield ok(f"There is no {file}: the usual policy is in force.")


def channels(box: Box) -> Iterator[Finding]:
    """Say loudly where a customer would get nothing."""
    chosen = box.settings
    try:
        orders = channel_orders(chosen)
    except ConfigError as error:
        yield from problems(error)
        return
    previewed = [str(c) for c, order in orders.items() if Mode.PREVIEW in order]
    if previewed:
        yield warning(
            f"PREVIEW: {_listed(previewed)} only write files to "
            f"{chosen.data_dir / OUTBOX}.",
            "NOTHING REACHES A CUSTOMER over them.",
            "To send for real, set their credentials (.env.example has the names).",
        )
    for channel, order in orders.items():
        if not order:
            yield info(
                f"{channel} is off: it has no credentials.",
                "Its messages are left out.",
            )
        elif Mode.PREVIEW not in order:
            first, *others = map(str, order)
            then = f", and over {_listed(others)} when that fails" if others else ""
            yield ok(f"{channel} goes out over {first}{then}.")
    yield from _tried_out(chosen, {mode for order in orders.values() for mode in order})


def _tried_out(chosen: Settings, modes: Collection[Mode]) -> Iterator[Finding]:
    for mode, field in API_BASES.items():
        if mode in modes and _is_loopback(getattr(chosen, field)):
            variable = field.upper()
            yield warning(
                f"{variable} is an address on this machine, a simulator's perhaps.",
                f"What goes out over {mode} does not leave this machine.",
                f"Take {variable} out of the settings to send for real.",
            )


def staff(box: Box) -> Iterator[Finding]:
    """Look whether anybody is told when something needs a person."""
    addresses = box.settings.staff_notify_urls
    if addresses is None:
        yield info(
            "STAFF_NOTIFY_URLS is not set.",
            "Nobody is told when a provider fails or a customer must be called.",
        )
        return
    strange = strange_addresses(addresses.get_secret_value())
    for number in strange:
        yield broken(
            f"STAFF_NOTIFY_URLS: address {number} is none that Apprise knows.",
            "Whoever is behind it is never told of anything.",
            "Write it as https://appriseit.com/services says.",
        )
    if not strange:
        yield ok("The staff is told over STAFF_NOTIFY_URLS.")


def public_url(box: Box) -> Iterator[Finding]:
    """Look whether the links in messages lead anywhere for a customer."""
    chosen = box.settings
    address = chosen.base_url
    consequence = "The links in customers' messages lead nowhere."
    advice = "Set BELLHOP_PUBLIC_URL to the address that customers can open."
    if not _is_loopback(address):
        if chosen.env == "production" and not address.startswith("https://"):
            yield warning(
                f"BELLHOP_PUBLIC_URL ({address}) does not begin with https.",
                "Others on the customers' networks can read along.",
                "Put a server with a certificate in front, and set its https address.",
            )
        else:
            yield ok(f"Links in messages begin with {address}.")
    elif chosen.env == "production":
        yield broken(f"Links begin with {address}.", consequence, advice)
    elif _sends_for_real(chosen):
        yield warning(f"Links begin with {address}.", consequence, advice)
    else:
        yield ok(f"Links in messages begin with {address}, on this machine alone.")


def _sends_for_real(chosen: Settings) -> bool:
    try:
        modes = channel_modes(chosen).values()
    except ConfigError:
        return False  # said by the check of the channels
    return any(mode not in (Mode.PREVIEW, Mode.OFF) for mode in modes)


def problems(error: ConfigError) -> Iterator[Finding]:
    """Say each mistake in the settings."""
    for problem in error.problems:
        yield broken(
            f"{problem.field}: {problem.message}.", "Bellhop does not start.", MORE
        )


def _listed(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost"
    return found.is_loopback or found.is_unspecified
