"""The headers of an e-mail beside its sender, recipient and subject.

Used by `email_message.py`, and by providers that take headers apart from the words.
Nothing here may be folded or encoded: mailboxes read these headers as they stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.header import Header
from email.policy import SMTP, EmailPolicy
from typing import Any
from urllib.parse import quote

from app.channels.base import Message

#: Letters of one line of an e-mail (RFC 5322, 2.1.1).
LONGEST_LINE = 998


def message_id(key: str, *, domain: str) -> str:
    """Return the Message-ID of the message with this key: the same at every try."""
    return f"<{quote(key, safe='')}@{domain}>"


def headers_of(message: Message, *, domain: str) -> dict[str, str]:
    """Return what tells mailboxes which message this is, and how to be rid of it.

    `domain` is the sender's. Raises ValueError for an address to opt out at that is no
    plain one, or too long for one line.
    """
    return {
        "Message-ID": message_id(message.key, domain=domain),
        **_thread(message, domain=domain),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        **_ways_out(message),
    }


def _thread(message: Message, *, domain: str) -> Mapping[str, str]:
    """Put the message under the one that it follows."""
    if message.follows in ("", message.key):
        return {}
    earlier = message_id(message.follows, domain=domain)
    return {"In-Reply-To": earlier, "References": earlier}


def _ways_out(message: Message) -> Mapping[str, str]:
    """Name where to opt out (RFC 2369), by one click where it is encrypted (RFC 8058).

    One click means that the mailbox's own button posts to the address, unseen.
    """
    ways = []
    if message.unsubscribe_url:
        ways.append(f"<{message.unsubscribe_url}>")
    if message.unsubscribe_to:
        mailbox = quote(message.unsubscribe_to, safe="@")
        ways.append(f"<mailto:{mailbox}?subject=unsubscribe>")
    if not ways:
        return {}
    listed = ", ".join(ways)
    is_plain = listed.isascii() and listed.isprintable()
    if not is_plain or len(f"List-Unsubscribe: {listed}") > LONGEST_LINE:
        raise ValueError("an address to opt out at does not fit into its header")
    headers = {"List-Unsubscribe": listed}
    if message.unsubscribe_url.startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


class _Headers(EmailPolicy):
    """Writes each header as it must be, which Python's own folding does not.

    That hides any long plain token (an address, a Message-ID) in an encoded word, and
    loses spaces between encoded words (cpython#92081).
    """

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Fold plain headers wide; encode the others word by word."""
        if str(value).isascii():
            return _WIDE.fold_binary(name, value)
        addresses = getattr(value, "addresses", ())
        words = addresses[0].display_name if addresses else str(value)
        mailbox = f"\r\n <{addresses[0].addr_spec}>" if addresses else ""
        header = Header(words, "utf-8", maxlinelen=75, header_name=name)
        encoded = header.encode(linesep="\r\n")
        return f"{name}: {encoded}{mailbox}\r\n".encode("ascii")


_WIDE = SMTP.clone(max_line_length=LONGEST_LINE)
#: How the headers of an e-mail are written.
HEADERS: EmailPolicy = _Headers(linesep="\r\n")
