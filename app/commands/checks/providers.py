"""What providers want beside their credentials: secrets of webhooks, templates.

Without these a channel sends, and its owner thinks that all is well.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.channels.table import Mode, channel_orders
from app.commands.checks.findings import Box, Finding, ok, warning
from app.domain.kinds import NAMES_ITS_CHANNELS, Kind
from app.domain.recipients import Channel
from app.errors import ConfigError
from app.policy import Policy, load_policy

#: What verifies each provider's webhooks, by the setting's name.
WEBHOOK_SECRETS = {
    Mode.VONAGE: ("vonage_signature_secret",),
    Mode.META: ("whatsapp_app_secret", "whatsapp_verify_token"),
    Mode.RESEND: ("resend_webhook_secret",),
}


def webhooks(box: Box) -> Iterator[Finding]:
    """Look whether what providers tell of messages can be believed."""
    try:
        orders = channel_orders(box.settings)
    except ConfigError:
        return  # said by the check of the channels
    in_use = {mode for order in orders.values() for mode in order}
    for mode, fields in WEBHOOK_SECRETS.items():
        for field in fields if mode in in_use else ():
            if getattr(box.settings, field) is None:
                yield _refused(mode, field.upper())


def templates(box: Box) -> Iterator[Finding]:
    """Look whether WhatsApp takes messages to who has not written lately."""
    try:
        order = channel_orders(box.settings)[Channel.WHATSAPP]
        policy = load_policy(box.settings.policy_file)
    except ConfigError:
        return  # said by other checks
    if not order or Mode.PREVIEW in order or policy.whatsapp.free_words:
        return
    lacking = [kind for kind in Kind if _lacks(policy, kind, box.settings.locale)]
    if not lacking:
        yield ok("Every kind of message has its template for WhatsApp.")
        return
    yield warning(
        f"WhatsApp has no template for {', '.join(lacking)}.",
        "Over WhatsApp these reach only who has written within 24 hours.",
        "Have templates approved, and name them in bellhop.toml; docs/channels.md says "
        "how. Or leave whatsapp out of their channels.",
    )


def _refused(mode: Mode, variable: str) -> Finding:
    return warning(
        f"{variable} is not set.",
        f"What {mode} tells is refused: whether messages arrive, and what customers "
        "answer.",
        f"Set {variable}; docs/channels.md says where it is found.",
    )


def _lacks(policy: Policy, kind: Kind, locale: str) -> bool:
    allowed = policy.kinds[kind].channels
    if kind in NAMES_ITS_CHANNELS or (allowed and Channel.WHATSAPP not in allowed):
        return False
    if kind is Kind.FOLLOW_UP and not policy.follow_up:
        return False
    return policy.whatsapp.template(kind, locale) is None
