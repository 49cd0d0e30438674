"""A Twilio provider, its messages, and a raw server that answers as Twilio."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from app.channels.base import Message
from app.channels.twilio import Twilio
from app.domain.recipients import Channel
from tests.raw_server import Line

ACCOUNT = "AC" + "0" * 32
SID = "SM" + "1" * 32


def provider_at(
    url: str, *, channel: Channel = Channel.SMS, sender: str = "+14155550199"
) -> Twilio:
    """Make a provider that talks to this address."""
    return Twilio(
        channel=channel,
        account_sid=ACCOUNT,
        auth_token="t0ken",
        sender=sender,
        api_base=url,
    )


def message(channel: Channel = Channel.SMS, text: str = "See you!") -> Message:
    """Make a message to Alice."""
    return Message(key="n-1", channel=channel, recipient="+4915112345678", text=text)


def answering(status: int, content: Any, *more: str) -> Callable[[Line], None]:
    """Give every request this answer."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = "\r\n".join([f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *more])

    def script(line: Line) -> None:
        while True:
            line.read_request()
            line.say(head.encode() + b"\r\n\r\n" + body)

    return script
