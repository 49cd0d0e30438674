"""What a provider's callers do, for tests of the simulator: plain, without Bellhop."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage

from tests.http_client import Reply, call, form
from tests.simulator import Simulator

#: Any account does where the simulator was given none.
MESSAGES = "/2010-04-01/Accounts/AC0/Messages.json"
ALICE = "+14155550100"
BOB = "+14155550111"
US = "+14155550199"
SALON_MAIL = "salon@example.com"
ALICE_MAIL = "alice@example.org"
BOB_MAIL = "bob@example.org"


def send_sms(simulator: Simulator, *, timeout_s: float = 10, **fields: str) -> Reply:
    """Send an SMS as Twilio's clients do; `fields` replace those of the form."""
    body, headers = form(**({"To": ALICE, "From": US, "Body": "Hi"} | fields))
    url = simulator.http + MESSAGES
    return call("POST", url, body=body, headers=headers, timeout_s=timeout_s)


def http_line(simulator: Simulator) -> socket.socket:
    """Open a raw connection to the HTTP door."""
    host, _, port = simulator.http.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=10)


def unread_sms(simulator: Simulator) -> socket.socket:
    """Send an SMS over a raw connection, and leave the answer unread."""
    body, _ = form(To=ALICE, From=US, Body="Hi")
    head = (
        f"POST {MESSAGES} HTTP/1.1\r\nHost: localhost\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    line = http_line(simulator)
    line.sendall(head.encode() + body.encode())
    return line


@contextmanager
def dialogue(simulator: Simulator, *, timeout_s: float = 5) -> Iterator[smtplib.SMTP]:
    """Open an SMTP connection, and drop it at the end whatever its state."""
    client = smtplib.SMTP(
        simulator.smtp_host,
        simulator.smtp_port,
        local_hostname="localhost",
        timeout=timeout_s,
    )
    try:
        yield client
    finally:
        client.close()


def mail(*, subject: str = "Booking confirmed", text: str = "See you") -> EmailMessage:
    """Make an e-mail to Alice, with text and HTML."""
    message = EmailMessage()
    message["From"] = SALON_MAIL
    message["To"] = ALICE_MAIL
    message["Subject"] = subject
    message["Message-ID"] = "<ntf_1@example.com>"
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message


def send_mail(
    simulator: Simulator, *, timeout_s: float = 5, text: str = "See you"
) -> None:
    """Send an e-mail to Alice over a connection of its own."""
    with dialogue(simulator, timeout_s=timeout_s) as client:
        client.send_message(mail(text=text), SALON_MAIL, [ALICE_MAIL])


def outcomes(simulator: Simulator) -> list[tuple[bool, str]]:
    """Return of every line of the ledger whether it was accepted, and the fault."""
    return [(e["accepted"], e["fault"]) for e in simulator.ledger(accepted=None)]
