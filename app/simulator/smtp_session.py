"""One SMTP dialogue: aiosmtpd's, with faults at every stage and a line in the ledger.

Made by `smtp_server.py` for each connection. The reply to the final dot is sent only
after the ledger's lines are durable.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ssl import SSLContext
from typing import Any, AnyStr

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app.errors import StorageUnavailableError
from app.simulator.faults import Fault, FaultBook, Kind, Stage, TakenFault
from app.simulator.ledger import Entry, Ledger
from app.simulator.mail import read_mail
from app.simulator.smtp_line import SmtpLine
from app.simulator.submissions import Submission

#: Seconds a client may be silent; longer than any client waits for a hanging reply.
IDLE_TIMEOUT_S = 3600.0
#: The reply after which a server hangs up, whatever the command was.
CLOSING = "421"

_ADDRESS = re.compile(r"<([^>]*)>")


@dataclass(frozen=True, kw_only=True)
class MailRoom:
    """What every dialogue of this server shares."""

    ledger: Ledger
    faults: FaultBook
    login: tuple[str, str] | None = None
    starttls: SSLContext | None = None


class SmtpSession(SMTP):
    """aiosmtpd's server side of one connection, taught to fail."""

    def __init__(self, room: MailRoom, *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            _FinalDot(),
            hostname="simulator.localhost",
            ident="Bellhop simulator",
            enable_SMTPUTF8=True,
            tls_context=room.starttls,
            require_starttls=room.starttls is not None,
            auth_require_tls=room.starttls is not None,
            authenticator=self._check_login,
            timeout=IDLE_TIMEOUT_S,
            loop=loop,
        )
        self._room = room
        self._line = SmtpLine(self)
        #: EHLO falls back to HELO and PLAIN to LOGIN: a fault there stays in force.
        self._lasting: dict[Stage, Fault] = {}

    async def _handle_client(self) -> None:
        if not await self._fails_at(Stage.CONNECT):
            await super()._handle_client()
        self._line.close()

    async def push(self, status: AnyStr) -> None:
        """Send a reply; hang up after a 421."""
        await super().push(status)
        if status[:3] in {CLOSING, CLOSING.encode()}:
            self._line.close()

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Greet."""
        if not await self._fails_at(Stage.EHLO):
            await super().smtp_EHLO(hostname)

    async def smtp_HELO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Greet in the old way."""
        if not await self._fails_at(Stage.EHLO):
            await super().smtp_HELO(hostname)

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Log in."""
        if not await self._fails_at(Stage.AUTH):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Begin a message."""
        if await self._fails_at(Stage.MAIL):
            return
        if self._room.login and not (self.session and self.session.authenticated):
            await self.push("530 5.7.0 Authentication required")
            return
        await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """Add a recipient."""
        found = _ADDRESS.search(arg or "")
        if not await self._fails_at(Stage.RCPT, recipient=found[1] if found else ""):
            await super().smtp_RCPT(arg)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Receive the message."""
        first = next(iter(self.envelope.rcpt_tos), "") if self.envelope else ""
        if not await self._fails_at(Stage.DATA, recipient=first):
            await super().smtp_DATA(arg)

    async def receive(self, session: Session, envelope: Envelope) -> str:
        """Take the message that ended with the dot, or fail at it as ordered."""
        transport = self.transport
        context = transport and transport.get_extra_info("sslcontext")
        facts = {
            "tls": context is not None,
            "login": _login_name(session),
        }
        submissions = _submissions(envelope, facts=facts)
        found = (self._room.faults.take(one) for one in submissions)
        taken = next((fault for fault in found if fault), None)
        if taken is None:
            return await self._accept(submissions)
        if taken.fault.kind is Kind.DELAY:
            await self._line.pause(taken.fault.seconds, taken.hold)
        if taken.fault.accepted:
            reply = await self._accept(submissions, fault=taken.fault.kind)
        else:
            reply = await self._refuse(submissions, taken.fault)
        return await self._spoil(reply, taken)

    async def _fails_at(self, stage: Stage, *, recipient: str = "") -> bool:
        if stage in self._lasting:
            await self.push(_ordered(self._lasting[stage]))
            return True
        submission = Submission(provider="smtp", channel="email", recipient=recipient)
        taken = self._room.faults.take(submission, stage=stage)
        if taken is None:
            return False
        if taken.fault.kind is Kind.DELAY:
            await self._line.pause(taken.fault.seconds, taken.hold)
            return False
        if stage in {Stage.EHLO, Stage.AUTH}:
            self._lasting[stage] = taken.fault
        reply = await self._refuse([submission], taken.fault)
        await self.push(await self._spoil(reply, taken))
        return True

    async def _accept(
        self, submissions: Sequence[Submission], *, fault: str = ""
    ) -> str:
        queue_id = uuid.uuid4().hex
        entries = [Entry.taken(s, as_id=queue_id, fault=fault) for s in submissions]
        is_written = await self._write(entries)
        return f"250 2.0.0 OK: queued as {queue_id}" if is_written else _NO_SPACE

    async def _refuse(self, submissions: Sequence[Submission], fault: Fault) -> str:
        reason = f"fault {fault.kind} at {fault.stage}"
        await self._write(
            [Entry.refused(s, reason=reason, fault=fault.kind) for s in submissions]
        )
        return _ordered(fault)

    async def _write(self, entries: Sequence[Entry]) -> bool:
        try:
            await asyncio.to_thread(self._room.ledger.append, entries)
        except StorageUnavailableError:
            return False
        return True

    async def _spoil(self, reply: str, taken: TakenFault) -> str:
        """Return the reply that the client gets, if it gets one."""
        kind = taken.fault.kind
        if kind in {Kind.HANG_BEFORE_ACCEPT, Kind.ACCEPT_THEN_HANG}:
            await self._line.hang(taken.hold)
        if kind in {Kind.CUT_BEFORE_ACCEPT, Kind.ACCEPT_THEN_CUT}:
            await self._line.cut()
        if kind is Kind.TRICKLE:
            await self._line.trickle(reply, taken.hold)
        if kind is Kind.LATE_ANSWER:
            await self._line.pause(taken.fault.seconds, taken.hold)
        if kind is Kind.GARBAGE:
            return "<html><title>Please sign in</title></html>"
        return _ordered(taken.fault) if kind is Kind.STATUS else reply

    def _check_login(
        self,
        _server: SMTP,
        _session: Session,
        _envelope: Envelope,
        _mechanism: str,
        login: Any,
    ) -> AuthResult:
        if self._room.login is None:
            return AuthResult(success=True, auth_data=login)
        name, password = self._room.login
        expected = LoginPassword(name.encode(), password.encode())
        return AuthResult(success=login == expected, handled=False, auth_data=login)


class _FinalDot:
    """Hands over to the dialogue what aiosmtpd hands to a handler."""

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SmtpSession, session: Session, envelope: Envelope
    ) -> str:
        return await server.receive(session, envelope)


_NO_SPACE = "452 4.3.1 Insufficient system storage"


def _ordered(fault: Fault) -> str:
    is_reply = fault.code is not None and 200 <= fault.code <= 599
    return f"{fault.code if is_reply else 451} {fault.text or 'Ordered by a fault'}"


def _login_name(session: Session) -> str:
    login = session.auth_data
    return login.login.decode(errors="replace") if login else ""


def _submissions(envelope: Envelope, *, facts: Mapping[str, Any]) -> list[Submission]:
    raw = envelope.original_content or b""
    mail = read_mail(raw)
    return [
        Submission(
            provider="smtp",
            channel="email",
            recipient=recipient,
            sender=envelope.mail_from or "",
            subject=mail.subject,
            text=mail.text,
            message_id=mail.message_id,
            raw=raw.decode("latin-1"),
            fields={**facts, "html": mail.html, "headers": mail.headers},
        )
        for recipient in envelope.rcpt_tos
    ]
