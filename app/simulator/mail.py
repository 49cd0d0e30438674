"""A received e-mail, read for the ledger: its subject, words and Message-ID.

Called by `smtp_session.py`. Never refuses: what cannot be read is left as it came.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message


@dataclass(frozen=True, kw_only=True)
class Mail:
    """What the ledger shows of an e-mail."""

    subject: str
    message_id: str
    text: str
    html: str
    headers: dict[str, str]


def read_mail(raw: bytes) -> Mail:
    """Read a message as it came over the wire."""
    message = message_from_bytes(raw)
    return Mail(
        subject=_decoded(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")).strip(),
        text=_part(message, "text/plain"),
        html=_part(message, "text/html"),
        headers={name: _decoded(value) for name, value in message.items()},
    )


def _part(message: Message, media_type: str) -> str:
    for part in message.walk():
        if part.get_content_type() == media_type:
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                return _text(payload, part.get_content_charset())
    return ""


def _decoded(header: object) -> str:
    unfolded = str(header).replace("\r\n", "").replace("\n", "")
    try:
        pieces = decode_header(unfolded)
    except (HeaderParseError, binascii.Error):
        return unfolded
    return "".join(
        piece if isinstance(piece, str) else _text(piece, charset)
        for piece, charset in pieces
    )


def _text(octets: bytes, charset: str | None) -> str:
    try:
        return octets.decode(charset or "utf-8", errors="replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", errors="replace")
