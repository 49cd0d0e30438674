"""A mail server whose manners a test changes: at each command, between two letters.

`with delivering_to(MailHouse({b"RCPT": cutting})) as (provider, server):` cuts the line
at RCPT; b"BANNER" is the greeting and b"." the reply to the final dot.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.channels.base import Message
from app.channels.email_message import Sender
from app.channels.smtp import Smtp
from app.channels.smtp_session import MailServer, Security
from app.domain.recipients import Channel
from tests.raw_server import Line, RawServer

ROSA = Sender(name="Salon Rosa", address="hello@example.com")
#: The steps before the final dot.
STEPS = [b"BANNER", b"EHLO", b"MAIL", b"RCPT", b"DATA"]

Deed = Callable[[Line], None]


def letter(key: str = "n-1", text: str = "See you on Monday.") -> Message:
    """Make a letter to Alice."""
    return Message(
        key=key,
        channel=Channel.EMAIL,
        recipient="alice@example.org",
        subject="Your booking",
        text=text,
    )


@dataclass
class MailHouse:
    """Serves as a mail server does, but for the commands in `odd`."""

    odd: dict[bytes, Deed] = field(default_factory=dict)
    commands: list[bytes] = field(default_factory=list)

    def behave_oddly(self, step: bytes, deed: Deed) -> None:
        """Do `deed` at this step (and at HELO, which clients try after EHLO)."""
        self.odd[step] = deed
        if step == b"EHLO":
            self.odd[b"HELO"] = deed

    def serve(self, line: Line) -> None:
        """Serve one connection."""
        self._at(b"BANNER", saying(b"220 here\r\n"))(line)
        while True:
            command = line.read_line()
            self.commands.append(command)
            verb = command.split(b" ")[0].upper()
            self._at(verb, _USUAL.get(verb, saying(b"250 OK\r\n")))(line)
            if verb == b"QUIT":
                return
            if verb == b"DATA":
                line.read_until(b"\r\n.\r\n")
                self._at(b".", saying(b"250 2.0.0 queued\r\n"))(line)

    def _at(self, step: bytes, usual: Deed) -> Deed:
        return self.odd.get(step, usual)


@contextmanager
def delivering_to(house: MailHouse, **more: Any) -> Iterator[tuple[Smtp, RawServer]]:
    """Open a provider for this house; `more` are fields of `MailServer`."""
    with RawServer(house.serve) as server:
        provider = smtp_to(server, **more)
        yield provider, server
        provider.close()


def smtp_to(
    server: RawServer,
    *,
    security: Security = Security.NONE,
    host: str = "127.0.0.1",
    login: tuple[str, str] = ("", ""),
    ca_file: Path | None = None,
) -> Smtp:
    """Make a provider that delivers to this server."""
    user, password = login
    where = MailServer(
        host=host,
        port=server.port,
        security=security,
        user=user,
        password=password,
        ca_file=ca_file,
    )
    return Smtp(server=where, sender=ROSA)


def saying(reply: bytes) -> Deed:
    """Answer with these words."""

    def say(line: Line) -> None:
        line.say(reply)

    return say


def cutting(line: Line) -> None:
    """Reset the connection."""
    line.reset()


def leaving(line: Line) -> None:
    """Close the connection in good order."""
    line.sock.shutdown(socket.SHUT_RDWR)


def hanging(line: Line) -> None:
    """Say nothing more."""
    line.hang()


def trickling(line: Line) -> None:
    """Answer one byte at a time."""
    line.trickle(b"250-" + b"x" * 1000)


def flooding(line: Line) -> None:
    """Answer without end."""
    while True:
        line.say(b"250-and so on\r\n" * 1000)


_USUAL = {b"DATA": saying(b"354 go on\r\n"), b"QUIT": saying(b"221 bye\r\n")}
