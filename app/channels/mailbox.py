"""The mailbox to which bounces come back, read over IMAP.

Called by the task `read_bounces` in a worker. Only reports of delivery are touched:
they are marked as read once they are taken. What people wrote is left as it is.
"""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from app.channels.bounces import MOST_BYTES
from app.channels.sockets import tls_context

#: Seconds for each exchange with the server.
ANSWER_WITHIN_S = 15.0
#: Bounces read in one go; the rest comes at the next one.
MOST = 100
_PORTS = {"imaps": 993, "imap": 143}


class MailboxError(Exception):
    """Raised when the mailbox cannot be read; says why, without the password."""


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """Where the mailbox is: `imaps://user:password@host/INBOX`, in its parts."""

    host: str
    port: int
    user: str
    password: str
    folder: str
    encrypted: bool

    @classmethod
    def parse(cls, address: str) -> Mailbox:
        """Read an address; raise ValueError with a sentence for the owner."""
        parts = urlsplit(address)
        try:
            port = parts.port
        except ValueError:
            raise ValueError("has a port that is no number") from None
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError("must look like imaps://user:password@imap.example.com")
        if not parts.username or not parts.password:
            raise ValueError("must hold user and password, % for special characters")
        folder = unquote(parts.path.strip("/")) or "INBOX"
        user, password = unquote(parts.username), unquote(parts.password)
        words = user + password + folder
        if not (words.isascii() and words.isprintable()) or '"' in folder:
            raise ValueError(
                "must hold plain letters only, and no quotes in the folder"
            )
        return cls(
            host=parts.hostname,
            port=port or _PORTS[parts.scheme],
            user=user,
            password=password,
            folder=folder,
            encrypted=parts.scheme == "imaps",
        )


def read_reports(mailbox: Mailbox, take: Callable[[bytes], object]) -> int:
    """Hand each unread report to `take`, and mark it as read; return how many.

    A report whose taking fails stays unread. Raises MailboxError.
    """
    try:
        with _connected(mailbox) as server:
            return _read(server, mailbox.folder, take)
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(_reason(error)) from None


def look_in(mailbox: Mailbox) -> None:
    """Open the folder as if to read it, and change nothing; raise MailboxError."""
    try:
        with _connected(mailbox) as server:
            _open(server, mailbox.folder, readonly=True)
    except (imaplib.IMAP4.error, OSError) as error:
        raise MailboxError(_reason(error)) from None


def _connected(mailbox: Mailbox) -> imaplib.IMAP4:
    server = (
        imaplib.IMAP4_SSL(
            mailbox.host,
            mailbox.port,
            ssl_context=tls_context(),
            timeout=ANSWER_WITHIN_S,
        )
        if mailbox.encrypted
        else imaplib.IMAP4(mailbox.host, mailbox.port, timeout=ANSWER_WITHIN_S)
    )
    try:
        server.login(mailbox.user, mailbox.password)
    except BaseException:
        server.shutdown()
        raise
    return server


def _read(server: imaplib.IMAP4, folder: str, take: Callable[[bytes], object]) -> int:
    _open(server, folder)
    wanted = ("UNSEEN", "HEADER", "Content-Type", '"multipart/report"')
    status, found = server.uid("SEARCH", *wanted)
    if status != "OK":
        raise MailboxError("the mailbox cannot be searched just now")
    names = found[0].split()[:MOST] if found and found[0] else []
    count = 0
    for name in names:
        content = _content(server, name)
        if content is None:
            continue  # it stays unread, and is asked for again
        take(content)
        server.uid("STORE", name.decode(), "+FLAGS", r"(\Seen)")
        count += 1
    return count


def _open(server: imaplib.IMAP4, folder: str, *, readonly: bool = False) -> None:
    status, _ = server.select(f'"{folder}"', readonly)
    if status != "OK":
        raise imaplib.IMAP4.error("the folder cannot be opened")


def _content(server: imaplib.IMAP4, name: bytes) -> bytes | None:
    part = f"(BODY.PEEK[]<0.{MOST_BYTES}>)"
    status, answer = server.uid("FETCH", name.decode(), part)
    for piece in answer if status == "OK" else ():
        if isinstance(piece, tuple) and isinstance(piece[1], bytes):
            return piece[1]
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, imaplib.IMAP4.error):
        # Its own words may hold the user's name.
        return "the mailbox refused the login, or cannot be opened"
    return "the mailbox's server could not be reached, or did not answer"
