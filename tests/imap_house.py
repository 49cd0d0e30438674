"""A mailbox that is read over IMAP: as much of the protocol as its readers need.

`with serving(MailboxHouse([mail])) as server:`; `house.read` are those marked as read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.raw_server import Line, RawServer

USER = "bounces@example.com"
PASSWORD = "pass/word"
_REPORT = b"multipart/report"


@dataclass
class MailboxHouse:
    """Holds mails, numbered from 1; a client sees those that are not read yet."""

    mails: list[bytes] = field(default_factory=list)
    read: set[int] = field(default_factory=set)
    folder: str = "INBOX"
    #: Mails that it does not hand out just now, and whether it lets one search.
    withheld: set[int] = field(default_factory=set)
    searches: bool = True

    def serve(self, line: Line) -> None:
        """Serve one connection."""
        line.say(b"* OK here\r\n")
        while True:
            tag, _, command = line.read_line().partition(b" ")
            verb = command.upper().removeprefix(b"UID ").split(b" ")[0].decode()
            answer = getattr(self, f"_{verb.lower()}", self._unknown)(command.decode())
            line.say(answer.replace(b"TAG", tag))
            if verb == "LOGOUT":
                return

    def _capability(self, command: str) -> bytes:
        return b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n"

    def _login(self, command: str) -> bytes:
        is_known = command.endswith(f' {USER} "{PASSWORD}"')
        return b"TAG OK come in\r\n" if is_known else b"TAG NO who are you?\r\n"

    def _select(self, command: str) -> bytes:
        if not command.endswith(f'"{self.folder}"'):
            return b"TAG NO no such folder\r\n"
        return b"* %d EXISTS\r\nTAG OK [READ-WRITE] open\r\n" % len(self.mails)

    def _examine(self, command: str) -> bytes:
        return self._select(command).replace(b"READ-WRITE", b"READ-ONLY")

    def _search(self, command: str) -> bytes:
        assert 'UNSEEN HEADER Content-Type "multipart/report"' in command
        if not self.searches:
            return b"TAG NO [SERVERBUG] not just now\r\n"
        found = " ".join(
            str(number)
            for number, mail in enumerate(self.mails, start=1)
            if number not in self.read and _REPORT in mail.partition(b"\n\n")[0]
        )
        return b"* SEARCH %b\r\nTAG OK done\r\n" % found.encode()

    def _fetch(self, command: str) -> bytes:
        asked = re.search(r"FETCH (\d+) \(BODY.PEEK\[\]<0\.(\d+)>\)", command)
        assert asked is not None, command
        if int(asked[1]) in self.withheld:
            return b"TAG NO [SERVERBUG] not just now\r\n"
        mail = self.mails[int(asked[1]) - 1][: int(asked[2])]
        head = f"* {asked[1]} FETCH (UID {asked[1]} BODY[]<0> {{{len(mail)}}}\r\n"
        return head.encode() + mail + b")\r\nTAG OK done\r\n"

    def _store(self, command: str) -> bytes:
        asked = re.search(r"STORE (\d+) \+FLAGS \(\\Seen\)", command)
        assert asked is not None, command
        self.read.add(int(asked[1]))
        return b"TAG OK done\r\n"

    def _logout(self, command: str) -> bytes:
        return b"* BYE\r\nTAG OK bye\r\n"

    def _unknown(self, command: str) -> bytes:
        return b"TAG BAD what?\r\n"


@contextmanager
def serving(house: MailboxHouse) -> Iterator[str]:
    """Serve the mailbox; the value is its address with user and password."""
    with RawServer(house.serve) as server:
        yield (
            f"imap://bounces%40example.com:pass%2Fword@127.0.0.1:{server.port}"
            f"/{house.folder}"
        )
