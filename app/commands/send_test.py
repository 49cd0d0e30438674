"""`send-test`: one message right now, through the provider that the channel has.

For whoever has just put in credentials. Sends from this process, not over the queue,
and keeps nothing; the words are the examples' of the kind. Over WhatsApp it sends what
those get who have not written lately: the template, where one is set.
"""

from __future__ import annotations

import argparse

from app import config
from app.channels.base import Message, Provider, Template
from app.channels.table import OUTBOX, Mode, channel_modes, open_providers
from app.commands.box import box_if_any
from app.commands.outbox import file_of
from app.commands.printing import add_json, say, say_json, show_progress
from app.config import Settings
from app.domain.facts import Facts
from app.domain.ids import new_id
from app.domain.kinds import Kind
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel, masked, normal_email, normal_phone
from app.errors import BellhopError, InvalidError, Problem
from app.installation import make_data_dir
from app.messages.examples import example_facts
from app.policy import load_policy
from app.services import whatsapp
from app.services.opening import open_wording
from app.services.wording import Wording

#: What a person should do about each outcome but the good one.
WHAT_NOW = {
    Result.TRANSIENT: "Try again in a few minutes.",
    Result.AMBIGUOUS: "It may have arrived all the same: look before you try again.",
    Result.PERMANENT_RECIPIENT: "Look at the address that you gave with --to.",
    Result.PERMANENT_CONTENT: "Look at the words: `python3 bellhop.py preview KIND`.",
    Result.SUPPRESSED: "This recipient does not want messages; try another.",
    Result.CONFIG: "Look at this channel's settings: `python3 bellhop.py config`.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's flags."""
    channels = [str(channel) for channel in Channel]
    kinds = [str(kind) for kind in Kind]
    parser.add_argument("--channel", choices=channels, required=True)
    parser.add_argument(
        "--to", required=True, metavar="X", help="your own phone number or address"
    )
    parser.add_argument(
        "--kind",
        choices=kinds,
        default=str(Kind.BOOKING_CONFIRMED),
        metavar="KIND",
        help=f"{', '.join(kinds)} (default: {Kind.BOOKING_CONFIRMED})",
    )
    parser.add_argument(
        "--provider",
        metavar="NAME",
        help="one that takes over when the channel's first one fails (default: the "
        "first)",
    )
    parser.add_argument("--locale", help="the language, for example es_MX")
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Send it; 0 only if the provider accepted it."""
    settings = config.load()
    channel = Channel(arguments.channel)
    message = _message(settings, channel, arguments)
    provider = _provider(settings, channel, arguments.provider)
    if provider.name != Mode.PREVIEW:
        show_progress(f"Sending over {provider.name} …")
    try:
        outcome = provider.send(message)
    finally:
        provider.close()
    if arguments.json:
        say_json(_answer(provider, message, outcome))
    else:
        say(_told(settings, provider, message, outcome))
    return 0 if outcome.result is Result.ACCEPTED else 1


def _message(
    settings: Settings, channel: Channel, arguments: argparse.Namespace
) -> Message:
    locale = arguments.locale or settings.locale
    with box_if_any(settings) as box:
        own = box.words(arguments.kind, channel, locale) if box else None
    facts = example_facts(
        arguments.kind, locale=locale, business_name=settings.business_name
    )
    wording = open_wording(settings)
    words = wording.render(
        arguments.kind,
        channel,
        facts,
        locale=locale,
        timezone=settings.timezone,
        own=own,
    )
    return Message(
        key=f"test-{new_id()}",
        channel=channel,
        recipient=_recipient(settings, channel, arguments.to),
        subject=words.subject,
        text=words.text,
        html=words.html,
        template=_template(settings, wording, facts, arguments.kind, locale)
        if channel is Channel.WHATSAPP
        else None,
    )


def _template(
    settings: Settings, wording: Wording, facts: Facts, kind: str, locale: str
) -> Template | None:
    """Return what stands in the place of the words; None: they go themselves."""
    rules = load_policy(settings.policy_file).whatsapp
    approved = rules.template(kind, locale, settings.locale)
    if approved is None or rules.free_words:
        return None
    if channel_modes(settings)[Channel.WHATSAPP] is Mode.PREVIEW:
        return None
    return whatsapp.filled(
        wording, approved, facts, kind=kind, locale=locale, timezone=settings.timezone
    )


def _recipient(settings: Settings, channel: Channel, to: str) -> str:
    try:
        if channel is Channel.EMAIL:
            return normal_email(to)
        return normal_phone(to, region=settings.phone_region)
    except ValueError as error:
        raise InvalidError([Problem("--to", str(error))]) from None


def _provider(settings: Settings, channel: Channel, name: str | None) -> Provider:
    if channel_modes(settings)[channel] is Mode.PREVIEW:
        make_data_dir(settings)
    providers = open_providers(settings)[channel]
    if not providers:
        raise BellhopError(
            f"{channel} is off: other channels have credentials, this one has none. "
            "Set them (.env.example), or BELLHOP_PREVIEW=1 to see its messages only."
        )
    for provider in providers:
        if name in (None, provider.name):
            return provider
    names = ", ".join(provider.name for provider in providers)
    raise InvalidError([Problem("--provider", f"{channel} has only: {names}")])


def _answer(
    provider: Provider, message: Message, outcome: Outcome
) -> dict[str, object]:
    return {
        "channel": message.channel,
        "provider": provider.name,
        "recipient": masked(message.channel, message.recipient),
        "outcome": outcome.result,
        "reason": outcome.reason,
        "code": outcome.code,
        "provider_message_id": outcome.provider_message_id or None,
        "template": message.template.name if message.template else None,
    }


def _told(
    settings: Settings, provider: Provider, message: Message, outcome: Outcome
) -> str:
    to = masked(message.channel, message.recipient)
    if outcome.result is not Result.ACCEPTED:
        is_unknown = outcome.result is Result.AMBIGUOUS
        verb = "may have taken" if is_unknown else "did not take"
        code = f" (its code: {outcome.code})" if outcome.code else ""
        return (
            f"{provider.name} {verb} the message to {to}: {outcome.reason}{code}.\n"
            f"{WHAT_NOW[outcome.result]}"
        )
    if provider.name == Mode.PREVIEW:
        file = file_of(settings.data_dir / OUTBOX, message.key)
        return (
            f"PREVIEW: {message.channel} has no credentials, so nothing was sent. "
            f"The message is in {file}."
        )
    name = outcome.provider_message_id
    took = f"{provider.name} took the message to {to}{f' (as {name})' if name else ''}."
    return f"{took} {_hope(message)}"


def _hope(message: Message) -> str:
    if message.channel is Channel.WHATSAPP and message.template is None:
        return (
            "WhatsApp brings these words only to whoever has written to you within 24 "
            "hours; all others need a template ([whatsapp.templates] in bellhop.toml)."
        )
    return "It should arrive within a minute."
