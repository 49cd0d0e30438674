"""Names, subjects and addresses that want to be headers: none of them gets through.

Over a real SMTP server, whose ledger shows what a mailbox would have received.
"""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from app.channels.base import Invite, Message
from app.channels.email_message import Sender
from app.channels.smtp import Smtp
from app.channels.smtp_session import MailServer, Security
from app.domain.outcomes import Result
from app.domain.recipients import Channel
from tests.simulator import Simulator

EVE = "eve@example.net"
LINE_ENDS = [
    "\n",
    "\r",
    "\r\n",
    "\n\r",
    "\x0b",
    "\x0c",
    "\x85",
    "\u2028",
    "\x00",
    "\x1e",
]
ENCODED = [
    "=?utf-8?q?=0A?=",
    "=?utf-8?q?=0D=0A?=",
    "=?UTF-8?Q?=0D?=",
    "=?utf-8?b?DQo=?=",
    "=?utf-8?b?Cg==?=",
    "=?iso-8859-1?q?=0A=20?=",
    "=?us-ascii?q?=0A?= =?us-ascii?q?=0A?=",
    "==??utf-8?q?=0A?=",
    "=?utf-8?q?=0A",
    "=?unknown-8bit?q?=0A?=",
]
HEADERS = [f"Bcc: {EVE}", f"To: {EVE}", "Subject: Win", "Content-Type: text/html"]
CORPUS = [
    *(f"Hi{end}{header}" for end, header in product(LINE_ENDS, HEADERS[:2])),
    *(f"Hi {word}{header}" for word, header in product(ENCODED, HEADERS[:2])),
    *(f"Hi\r\n\r\n{header}\r\n\r\nBuy!" for header in HEADERS),
    f'Alice" <{EVE}>, "',
    f"Alice <{EVE}>",
    f"alice@example.org, {EVE}",
    f'Alice\\" <{EVE}>',
    f"(comment) <{EVE}>",
    f"Friends: {EVE};",
    "\t folded\r\n\t further",
    "\udcff\ud800",
    "=" * 500 + "?" * 500,
    "x" * 5000,
]
OWN_HEADERS = {
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    with Simulator(fsync=False) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


@pytest.fixture
def provider(simulator: Simulator) -> Iterator[Smtp]:
    server = MailServer(
        host=simulator.smtp_host, port=simulator.smtp_port, security=Security.NONE
    )
    smtp = Smtp(server=server, sender=Sender(name="Rosa", address="rosa@example.com"))
    yield smtp
    smtp.close()


def message(*, name: str = "", subject: str = "", recipient: str = "") -> Message:
    return Message(
        key="n-1",
        channel=Channel.EMAIL,
        recipient=recipient or "alice@example.org",
        recipient_name=name,
        subject=subject,
        text="See you on Monday.",
    )


def test_the_corpus_has_fifty_strings() -> None:
    assert len(set(CORPUS)) >= 50


@pytest.mark.parametrize("attack", CORPUS)
def test_no_name_or_subject_becomes_a_header(
    attack: str, provider: Smtp, simulator: Simulator
) -> None:
    outcome = provider.send(message(name=attack, subject=attack))

    [entry] = simulator.ledger()
    received = email.message_from_string(entry["raw"])
    assert outcome.result is Result.ACCEPTED
    assert entry["recipient"] == "alice@example.org"
    assert set(received.keys()) == OWN_HEADERS
    assert len(received.keys()) == len(OWN_HEADERS)
    assert (
        received["To"].rstrip().endswith(("<alice@example.org>", "alice@example.org"))
    )
    assert entry["text"].strip() == "See you on Monday."


def test_no_address_with_more_in_it_is_sent_to(
    provider: Smtp, simulator: Simulator
) -> None:
    addresses = [
        address
        for attack in CORPUS
        for address in (
            attack,
            f"alice@example.org{attack}",
            f"{attack}@example.org",
        )
    ]

    outcomes = {one: provider.send(message(recipient=one)) for one in addresses}

    taken = [
        address
        for address, outcome in outcomes.items()
        if outcome.result is not Result.PERMANENT_RECIPIENT
    ]
    assert taken == []
    assert simulator.ledger(accepted=None) == []


def test_a_long_way_out_and_a_calendar_file_reach_the_mailbox_untouched(
    provider: Smtp, simulator: Simulator
) -> None:
    link = "https://rosa.example.com/u/" + "x" * 300
    content = "BEGIN:VCALENDAR\r\nSUMMARY:Peluquería\r\nEND:VCALENDAR\r\n"
    full = replace(
        message(name="Élodie"),
        unsubscribe_url=link,
        follows="n-0",
        reply_to="desk@example.com",
        invite=Invite(method="REQUEST", content=content),
    )

    outcome = provider.send(full)

    [entry] = simulator.ledger()
    received = email.message_from_string(entry["raw"])
    files = [part for part in received.walk() if part.get_content_subtype() != "plain"]
    assert outcome.result is Result.ACCEPTED
    assert f"List-Unsubscribe: <{link}>" in entry["raw"].splitlines()
    assert received["In-Reply-To"] == "<n-0@example.com>"
    assert received["Reply-To"] == "desk@example.com"
    assert entry["text"].strip() == "See you on Monday."
    assert [part.get_payload(decode=True) for part in files[-2:]] == [
        content.encode(),
        content.encode(),
    ]
