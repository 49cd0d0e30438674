"""Bounces: what mail servers send back about e-mails that did not arrive (RFC 3464).

Pure: the bytes of a message go in, receipts come out. Called by `mailbox.py`'s reader
and by the command `bounce`. Never trusts what a bounce quotes but our own Message-ID,
and knows a message by that alone.
"""

from __future__ import annotations

import email
import hashlib
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from urllib.parse import unquote

from app.channels.base import Verdict
from app.domain.outcomes import Result
from app.domain.receipts import Receipt, Stage

PROVIDER = "smtp"
#: Bytes that are looked at: whole e-mails with pictures come back, too.
MOST_BYTES = 1024 * 1024
#: What opens one more level of a message, and how many of those are looked at.
_OPENED = re.compile(rb"message/|boundary", re.IGNORECASE)
_MOST_OPENED = 200
_STATUS = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})\b")
_MESSAGE_ID = re.compile(r"<([^<>@\s]+)@[^<>\s]+>")
_STAGES = {
    "failed": Stage.FAILED,
    "delivered": Stage.DELIVERED,
    "delayed": Stage.TAKEN,
    "relayed": Stage.TAKEN,
    "expanded": Stage.TAKEN,
}
_NO_MAILBOX = Verdict(Result.PERMANENT_RECIPIENT, "the mailbox does not exist")
_FULL = Verdict(Result.TRANSIENT, "the mailbox is full")
#: By subject and detail of the enhanced status, whatever its class.
_VERDICTS = {
    **dict.fromkeys(("1.1", "1.2", "1.3", "1.6", "1.10"), _NO_MAILBOX),
    "2.1": Verdict(Result.PERMANENT_RECIPIENT, "the mailbox is switched off"),
    "2.2": _FULL,
    "3.4": Verdict(Result.PERMANENT_CONTENT, "the e-mail is too big for the mailbox"),
    "2.3": Verdict(Result.PERMANENT_CONTENT, "the e-mail is too big for the mailbox"),
    "7.1": Verdict(Result.CONFIG, "the mailbox's server refuses mail from us"),
    "7.26": Verdict(Result.CONFIG, "SPF, DKIM or DMARC of our domain do not fit"),
}
_BACK = Verdict(Result.TRANSIENT, "the e-mail came back")
_TRIED_LONG = Verdict(
    Result.TRANSIENT, "the mail servers tried for long, and gave the e-mail up"
)


def read_bounce(content: bytes) -> list[Receipt]:
    """Read what a message tells of ours; nothing where it is no report of delivery."""
    content = content[:MOST_BYTES]
    if len(_OPENED.findall(content)) > _MOST_OPENED:
        return []  # one in the other without end, which no parser can follow
    # The old policy leaves headers as they are; the new one stumbles over strange ones.
    message = email.message_from_bytes(content)
    if message.get_content_type() != "multipart/report":
        return []
    parts = list(message.walk())
    found = next(_own_ids(parts), None)
    if found is None:
        return []
    name, key = found
    event = hashlib.sha256(content).hexdigest()[:32]
    return [
        _receipt(block, event_id=f"{event}/{number}", name=name, key=key)
        for number, block in enumerate(_recipients(parts))
        if _action(block) in _STAGES
    ]


def _receipt(block: Message, *, event_id: str, name: str, key: str) -> Receipt:
    stage = _STAGES[_action(block)]
    code = _STATUS.match(str(block.get("Status", "")))
    verdict = _verdict(code) if stage is Stage.FAILED else None
    return Receipt(
        provider=PROVIDER,
        event_id=event_id,
        key=key,
        provider_message_id=name,
        stage=stage,
        code=".".join(code.groups()) if code else "",
        reason=verdict.reason if verdict else "",
        result=verdict.result if verdict else None,
    )


def _verdict(code: re.Match[str] | None) -> Verdict:
    if code is None:
        return _BACK
    kind, subject, detail = code.groups()
    if kind == "4":
        return _TRIED_LONG  # after hours or days: nothing is wrong with the address
    return _VERDICTS.get(f"{subject}.{detail}", _BACK)


def _recipients(parts: Sequence[Message]) -> Iterator[Message]:
    """Yield the report's block of each recipient; the first block is none."""
    for part in parts:
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            if isinstance(blocks, list):
                yield from (
                    block
                    for block in blocks
                    if isinstance(block, Message) and "Final-Recipient" in block
                )


def _own_ids(parts: Sequence[Message]) -> Iterator[tuple[str, str]]:
    """Yield the Message-ID of what came back, and our own name in it."""
    for part in parts:
        headers = _quoted_headers(part)
        stated = str(headers.get("Message-ID", "")) if headers is not None else ""
        if named := _MESSAGE_ID.search(stated):
            name, key = named.group(), unquote(named.group(1))
            if name.isprintable() and key.isprintable():
                yield name, key


def _quoted_headers(part: Message) -> Message | None:
    kind = part.get_content_type()
    if kind == "message/rfc822":
        quoted = part.get_payload()
        first = quoted[0] if isinstance(quoted, list) and quoted else None
        return first if isinstance(first, Message) else None
    if kind == "text/rfc822-headers":
        quoted = part.get_payload(decode=True)  # whatever charset it claims
        return email.message_from_bytes(quoted) if isinstance(quoted, bytes) else None
    return None


def _action(block: Message) -> str:
    return str(block.get("Action", "")).strip().lower()
