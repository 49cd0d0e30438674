"""Building e-mails: what is in them, and what can never get in."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.channels.base import Message
from app.channels.email_message import (
    Letter,
    Sender,
    build_letter,
    parse_sender,
    plain_address,
)
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel

ROSA = Sender(name="Salon Rosa", address="hello@example.com")


def message(**changes: str) -> Message:
    words = {
        "key": "n-1",
        "recipient": "alice@example.org",
        "recipient_name": "Alice",
        "subject": "Your booking",
        "text": "See you on Monday.",
        "html": "<p>See you on Monday.</p>",
    }
    return Message(channel=Channel.EMAIL, **{**words, **changes})


def built(**changes: str) -> bytes:
    letter = build_letter(message(**changes), sender=ROSA)
    assert isinstance(letter, Letter), letter
    return letter.content


def read(content: bytes) -> EmailMessage:
    mail = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


def test_a_letter_has_its_headers_and_both_parts() -> None:
    mail = read(built())

    assert mail["From"] == "Salon Rosa <hello@example.com>"
    assert mail["To"] == "Alice <alice@example.org>"
    assert mail["Subject"] == "Your booking"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime.utcoffset() is not None
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert plain.get_content().rstrip() == "See you on Monday."
    assert html is not None
    assert html.get_content().rstrip() == "<p>See you on Monday.</p>"


def test_without_html_there_is_one_part_only() -> None:
    assert read(built(html="")).get_content_type() == "text/plain"


def test_the_message_id_comes_from_the_key_alone() -> None:
    first, second = built(), built(subject="Other words")

    assert read(first)["Message-ID"] == "<n-1@example.com>"
    assert read(second)["Message-ID"] == "<n-1@example.com>"


def test_a_strange_key_makes_a_whole_message_id() -> None:
    assert read(built(key="a b>\r\nBcc: x"))["Message-ID"] == (
        "<a%20b%3E%0D%0ABcc%3A%20x@example.com>"
    )


def test_a_long_address_and_a_long_key_are_not_folded_into_encoded_words() -> None:
    address = f"{'a' * 60}@{'b' * 60}.example.org"

    content = built(recipient=address, recipient_name="Élodie", key="k" * 120)

    top = content.partition(b"\r\n\r\n")[0]
    assert b"\r\nTo: =?utf-8?q?=C3=89lodie?=\r\n <" + address.encode() + b">" in top
    assert b"\r\nMessage-ID: <" + b"k" * 120 + b"@example.com>\r\n" in top


def test_encoded_words_keep_to_the_length_the_standard_allows() -> None:
    subject = "Подтверждение вашего бронирования на понедельник в десять часов " * 2

    content = built(subject=subject, recipient_name="Александра Константиновна")

    words = re.findall(rb"=\?[^?]+\?[qbQB]\?[^?]*\?=", content)
    assert words
    assert max(map(len, words)) <= 75
    assert read(content)["Subject"] == subject.strip()


def test_a_domain_with_umlauts_is_written_in_ascii() -> None:
    letter = build_letter(message(recipient="alice@bücher.example.com"), sender=ROSA)

    assert isinstance(letter, Letter)
    assert letter.recipient == "alice@xn--bcher-kva.example.com"


@pytest.mark.parametrize("text", ["a\rb", "a\nb", "a\x0bb\x0cc\x85d\u2028e", "." * 3])
def test_odd_line_ends_in_the_text_leave_none_that_are_bare(text: str) -> None:
    content = built(text=text, html=text)

    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", content)
    assert max(map(len, content.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("text", ["Ünïcödé 😀 …", "x" * 5000, "", "=?utf-8?q?a?="])
def test_the_text_arrives_as_it_was(text: str) -> None:
    plain = read(built(text=text)).get_body(("plain",))

    assert plain is not None
    assert plain.get_content().removesuffix("\r\n") == text


def test_half_a_character_in_the_text_is_refused_for_good() -> None:
    outcome = build_letter(message(text="\ud83d"), sender=ROSA)

    assert isinstance(outcome, Outcome)
    assert outcome.result is Result.PERMANENT_CONTENT


@pytest.mark.parametrize(
    "address",
    [
        "",
        "alice",
        "@example.org",
        "alice@",
        "alice@example.org, eve@example.net",
        '"alice@example.org, eve"@example.net',
        "alice@example.org\r\nBcc: eve@example.net",
        "alice@example.org\n",
        "alice@example.org ",
        "<alice@example.org>",
        "Alice <alice@example.org>",
        "=?utf-8?q?alice?=@example.org",
        "alice@[127.0.0.1]",
        "alice@example.org>\r\nRCPT TO:<eve@example.net",
        "a" * 65 + "@example.org",
        "alice(comment)@example.org",
        "ålice@example.org",
        "alice@exa\u2028mple.org",
    ],
)
def test_an_address_that_is_not_one_plain_address_is_refused(address: str) -> None:
    outcome = build_letter(message(recipient=address), sender=ROSA)

    assert isinstance(outcome, Outcome)
    assert outcome.result is Result.PERMANENT_RECIPIENT
    assert address not in outcome.reason or not address


@given(st.text(), st.text())
def test_no_name_or_subject_ever_adds_a_header_or_a_recipient(
    name: str, subject: str
) -> None:
    mail = read(built(recipient_name=name, subject=subject))

    assert len(mail["To"].addresses) == 1
    assert mail["To"].addresses[0].addr_spec == "alice@example.org"
    assert len(mail.keys()) == len({key.lower() for key in mail.keys()}) == 9  # noqa: SIM118 - a mail counts its headers by keys


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("Salon Rosa <hello@example.com>", "Salon Rosa", "hello@example.com"),
        ("hello@example.com", "", "hello@example.com"),
        ('"Rosa, Hair & Nails" <a@b.example>', "Rosa, Hair & Nails", "a@b.example"),
        ("Señora Rosa <hello@example.com>", "Señora Rosa", "hello@example.com"),
    ],
)
def test_a_sender_is_read_with_and_without_its_name(
    text: str, name: str, address: str
) -> None:
    assert parse_sender(text) == Sender(name=name, address=address)


@pytest.mark.parametrize(
    "text", ["", "Salon Rosa", "Rosa <>", "Rosa <a@b", "a@b, c@d", "Rosa <a b@c.org>"]
)
def test_a_sender_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an"):
        parse_sender(text)


def test_the_plain_address_is_left_as_it_is() -> None:
    assert plain_address("alice+x@example.org") == "alice+x@example.org"
