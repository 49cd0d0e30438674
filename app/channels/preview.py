"""Preview: writes each message to a file of the outbox in place of sending it.

The provider of every channel until one is configured, and of unconfigured ones with
BELLHOP_PREVIEW=1. One file a message, whole or not there at all. The files are not
forced to disk: what was previewed may be lost with the power.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import uuid
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from app.channels.base import CALL_S, LookupAnswer, Message
from app.channels.email_message import Letter, Sender, build_letter
from app.clock import utc_now
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.recipients import Channel

#: A file's name begins with its time, always this long, so that names sort by time.
_MOMENT_LENGTH = len("20261122T070000.000Z")
#: These mean "no room just now"; any other error wants a person.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EMFILE, errno.ENFILE}


class Preview:
    """Puts messages of one channel into the outbox."""

    name = "preview"
    #: The second time writes the same file anew.
    repeats_safely = True

    def __init__(self, *, channel: Channel, outbox: Path, sender: Sender) -> None:
        self.channel = channel
        self._outbox = outbox
        self._sender = sender
        self._ending = ".eml" if channel is Channel.EMAIL else ".json"

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:  # noqa: ARG002 - a file's writing has no deadline
        """Write the message's file, in place of an earlier one with the same key."""
        content = self._content(message)
        if isinstance(content, Outcome):
            return content
        try:
            self._write(message.key, content)
        except OSError as error:
            return _not_written(error)
        return Outcome(result=Result.ACCEPTED, provider_message_id=_id(message))

    def look_up(
        self,
        message: Message,
        *,
        since: datetime,  # noqa: ARG002 - the key says it all
        within_s: float = CALL_S,  # noqa: ARG002 - a folder's reading has no deadline
    ) -> LookupAnswer:
        """Look for the message's file."""
        try:
            found = self._file_of(message.key)
        except OSError:
            return LookupAnswer(lookup=Lookup.UNANSWERED)
        if found is None:
            return LookupAnswer(lookup=Lookup.NOT_FOUND)
        return LookupAnswer(lookup=Lookup.FOUND, provider_message_id=_id(message))

    def close(self) -> None:
        """Nothing is held open."""

    def _content(self, message: Message) -> bytes | Outcome:
        if self.channel is Channel.EMAIL:
            letter = build_letter(message, sender=self._sender)
            return letter.content if isinstance(letter, Letter) else letter
        shown = {
            "channel": self.channel,
            "recipient": message.recipient,
            "text": message.text,
            "key": message.key,
            "time": utc_now().isoformat(timespec="milliseconds"),
        }
        return json.dumps(shown, ensure_ascii=False, indent=2).encode(
            errors="backslashreplace"  # half a character becomes JSON's own escape
        )

    def _write(self, key: str, content: bytes) -> None:
        self._outbox.mkdir(parents=True, exist_ok=True)
        target = self._file_of(key)
        if target is None:
            target = self._outbox / f"{_moment()}{self._tail(key)}"
        unfinished = self._outbox / f".{uuid.uuid4().hex}.tmp"
        try:
            unfinished.write_bytes(content)
            unfinished.replace(target)
        except OSError:
            with contextlib.suppress(OSError):
                unfinished.unlink()
            raise

    def _file_of(self, key: str) -> Path | None:
        tail = self._tail(key)
        try:
            names = os.listdir(self._outbox)  # noqa: PTH208 - names only: three times faster
        except FileNotFoundError:
            return None
        found = (name for name in names if name[_MOMENT_LENGTH:] == tail)
        return next((self._outbox / name for name in found), None)

    def _tail(self, key: str) -> str:
        return f"-{self.channel}-{quote(key, safe='')}{self._ending}"


def _moment() -> str:
    now = utc_now()
    return f"{now:%Y%m%dT%H%M%S}.{now.microsecond // 1000:03}Z"


def _id(message: Message) -> str:
    return f"preview-{message.key}"


def _not_written(error: OSError) -> Outcome:
    code = errno.errorcode.get(error.errno or 0, "")
    if error.errno in _NO_ROOM:
        reason = "there is no room on the disk for the outbox"
        return Outcome(
            result=Result.TRANSIENT, reason=reason, code=code, fault=Fault.DOWN
        )
    reason = "the outbox in the data directory cannot be written"
    return Outcome(result=Result.CONFIG, reason=reason, code=code, fault=Fault.REFUSED)
