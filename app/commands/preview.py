"""`preview KIND`: what a message will look like, filled with example facts.

For whoever writes texts or wants to see them before customers do. Renders with the
very code that sends; sends nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping

from app.commands.printing import say
from app.config import load
from app.domain.gsm import ROOM, sms_size
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.messages.examples import example_facts
from app.services.wording import Rendered, Wording


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("kind", metavar="KIND", help=", ".join(Kind))
    parser.add_argument(
        "--channel", choices=[str(c) for c in Channel], help="only this channel"
    )
    parser.add_argument("--locale", help="the customer's language, for example es_MX")
    parser.add_argument("--timezone", help="the customer's zone, e.g. Europe/Madrid")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print for machines")
    shape.add_argument(
        "--html", action="store_true", help="print the e-mail's HTML alone"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the message; 2 if there is no such kind."""
    if arguments.kind not in set(Kind):
        print(
            f"There is no kind {arguments.kind!r}; there are: {', '.join(Kind)}.",
            file=sys.stderr,
        )
        return 2
    wanted = [Channel(arguments.channel)] if arguments.channel else list(Channel)
    messages = _messages(arguments, [Channel.EMAIL] if arguments.html else wanted)
    say(_shaped(arguments, messages))
    return 0


def _messages(
    arguments: argparse.Namespace, channels: list[Channel]
) -> dict[Channel, Rendered]:
    settings = load()
    wording = Wording(
        business_locale=settings.locale, business_timezone=settings.timezone
    )
    locale = arguments.locale or settings.locale
    facts = example_facts(
        arguments.kind, locale=locale, business_name=settings.business_name
    )
    return {
        channel: wording.render(
            arguments.kind,
            channel,
            facts,
            locale=locale,
            timezone=arguments.timezone or settings.timezone,
        )
        for channel in channels
    }


def _shaped(arguments: argparse.Namespace, messages: Mapping[Channel, Rendered]) -> str:
    if arguments.html:
        return messages[Channel.EMAIL].html
    if arguments.json:
        shown = [_for_machines(*message) for message in messages.items()]
        return json.dumps({"kind": arguments.kind, "messages": shown}, indent=2)
    return "\n\n".join(_for_people(*message) for message in messages.items())


def _for_machines(channel: Channel, message: Rendered) -> dict[str, object]:
    if channel is not Channel.SMS:
        email = {"subject": message.subject, "html": message.html}
        extra = email if channel is Channel.EMAIL else {}
        return {"channel": channel, "text": message.text, **extra}
    size = sms_size(message.text)
    return {
        "channel": channel,
        "text": message.text,
        "encoding": size.encoding,
        "units": size.units,
        "segments": size.segments,
    }


def _for_people(channel: Channel, message: Rendered) -> str:
    head = f"--- {channel} {_measure(channel, message)}".ljust(72, "-")
    subject = f"Subject: {message.subject}\n\n" if message.subject else ""
    return f"{head}\n{subject}{message.text}"


def _measure(channel: Channel, message: Rendered) -> str:
    if channel is not Channel.SMS:
        return ""
    size = sms_size(message.text)
    plural = "" if size.segments == 1 else "s"
    room = ROOM[size.encoding][0]
    return (
        f"({size.segments} segment{plural}: {size.units} {size.encoding} characters, "
        f"{room} fit in one) "
    )
