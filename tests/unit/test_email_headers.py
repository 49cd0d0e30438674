"""The headers beside sender, recipient and subject: threads, and the ways out."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from email.message import EmailMessage

import pytest

from app.channels.base import Invite, Message
from app.channels.email_headers import headers_of
from app.channels.email_message import Letter, Sender, build_letter
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel

ROSA = Sender(name="Salon Rosa", address="hello@example.com")
LINK = "https://rosa.example.com/u/WyJhbGljZSJd.c2lnbmF0dXJl"
MESSAGE = Message(
    key="n-2",
    channel=Channel.EMAIL,
    recipient="alice@example.org",
    subject="See you tomorrow",
    text="See you tomorrow.",
    html="<p>See you tomorrow.</p>",
)
CALENDAR = "BEGIN:VCALENDAR\r\nSUMMARY:Peluquería, 14:30\r\nEND:VCALENDAR\r\n"


def built(message: Message) -> bytes:
    letter = build_letter(message, sender=ROSA)
    assert isinstance(letter, Letter), letter
    return letter.content


def lines(message: Message) -> list[str]:
    """Return the letter's own headers as they stand on the wire."""
    return built(message).partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def read(message: Message) -> EmailMessage:
    mail = email.message_from_bytes(built(message), policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_message_stands_under_the_one_that_it_follows() -> None:
    headers = headers_of(replace(MESSAGE, follows="n-1"), domain="example.com")

    assert headers["Message-ID"] == "<n-2@example.com>"
    assert headers["In-Reply-To"] == headers["References"] == "<n-1@example.com>"


@pytest.mark.parametrize("follows", ["", "n-2"])
def test_a_message_that_follows_none_begins_a_thread(follows: str) -> None:
    headers = headers_of(replace(MESSAGE, follows=follows), domain="example.com")

    assert not {"In-Reply-To", "References"} & set(headers)


def test_one_click_and_a_mailbox_take_opt_outs() -> None:
    message = replace(MESSAGE, unsubscribe_url=LINK, unsubscribe_to="out@example.com")

    assert (
        f"List-Unsubscribe: <{LINK}>, <mailto:out@example.com?subject=unsubscribe>"
    ) in lines(message)
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines(message)


def test_one_click_is_offered_over_encrypted_lines_only() -> None:
    message = replace(MESSAGE, unsubscribe_url=LINK.replace("https", "http"))

    headers = headers_of(message, domain="example.com")

    assert "List-Unsubscribe" in headers
    assert "List-Unsubscribe-Post" not in headers


def test_a_mailbox_alone_is_no_one_click() -> None:
    message = replace(MESSAGE, unsubscribe_to="out@example.com")

    headers = headers_of(message, domain="example.com")

    assert headers["List-Unsubscribe"].startswith("<mailto:")
    assert "List-Unsubscribe-Post" not in headers


def test_nobody_opts_out_of_what_they_must_know() -> None:
    headers = headers_of(MESSAGE, domain="example.com")

    assert not [name for name in headers if name.startswith("List-")]


@pytest.mark.parametrize("length", [60, 80, 300, 900])
def test_a_long_link_is_neither_folded_nor_encoded(length: int) -> None:
    # Python's own policies make =?utf-8?q?=3Chttps…?= of it, and one click breaks.
    link = LINK + "x" * (length - len(LINK))
    message = replace(MESSAGE, unsubscribe_url=link, recipient_name="Élodie")

    assert f"List-Unsubscribe: <{link}>" in lines(message)


@pytest.mark.parametrize("end", ["\r\nBcc: eve@example.net", "\n", "\0", "é"])
def test_a_link_with_more_in_it_makes_no_header_at_all(end: str) -> None:
    # Providers that take headers apart from the words are given them as they are here.
    message = replace(MESSAGE, unsubscribe_url=LINK + end)

    with pytest.raises(ValueError, match="does not fit"):
        headers_of(message, domain="example.com")


def test_a_link_that_fits_on_no_line_is_not_sent() -> None:
    outcome = build_letter(
        replace(MESSAGE, unsubscribe_url=LINK + "x" * 1000), sender=ROSA
    )

    assert isinstance(outcome, Outcome)
    assert outcome.result is Result.PERMANENT_CONTENT


def test_answers_go_to_the_business() -> None:
    message = replace(MESSAGE, reply_to="rosa@business.example")

    assert "Reply-To: rosa@business.example" in lines(message)


@pytest.mark.parametrize(
    "changes",
    [
        {"unsubscribe_url": "https://a.example/u/x\r\nBcc: eve@example.net"},
        {"unsubscribe_url": "https://a.example/ü"},
        {"reply_to": "rosa@example.com\r\nBcc: eve@example.net"},
        {"reply_to": "rosa@example.com, eve@example.net"},
    ],
)
def test_no_address_of_ours_becomes_a_header(changes: dict[str, str]) -> None:
    outcome = build_letter(replace(MESSAGE, **changes), sender=ROSA)

    assert isinstance(outcome, Outcome)
    assert outcome.result is Result.PERMANENT_CONTENT


def test_a_strange_mailbox_for_opt_outs_stays_one_address() -> None:
    message = replace(MESSAGE, unsubscribe_to="a?cc=eve>,\r\nBcc: eve@example.net")

    assert read(message)["List-Unsubscribe"] == (
        "<mailto:a%3Fcc%3Deve%3E%2C%0D%0ABcc%3A%20eve@example.net?subject=unsubscribe>"
    )


def test_a_strange_key_of_the_earlier_message_stays_one_token() -> None:
    message = replace(MESSAGE, follows="a b>\r\nBcc: eve@example.net")

    assert read(message)["References"] == (
        "<a%20b%3E%0D%0ABcc%3A%20eve%40example.net@example.com>"
    )


def test_a_calendar_file_is_the_last_alternative_and_an_attachment() -> None:
    invite = Invite(method="REQUEST", content=CALENDAR)

    mail = read(replace(MESSAGE, invite=invite))

    alternatives, attached = mail.iter_parts()
    assert mail.get_content_type() == "multipart/mixed"
    kinds = [part.get_content_type() for part in alternatives.iter_parts()]
    assert kinds == ["text/plain", "text/html", "text/calendar"]
    assert attached.get_content_type() == "application/ics"
    assert attached.get_filename() == "invite.ics"


def test_both_copies_of_the_calendar_file_are_byte_for_byte_as_made() -> None:
    invite = Invite(method="CANCEL", content=CALENDAR)

    mail = read(replace(MESSAGE, invite=invite))

    [calendar] = [p for p in mail.walk() if p.get_content_type() == "text/calendar"]
    [attached] = mail.iter_attachments()
    assert calendar.get_param("method") == "CANCEL"
    assert calendar.get_payload(decode=True) == CALENDAR.encode()
    assert attached.get_payload(decode=True) == CALENDAR.encode()
