"""SMTP: carries e-mails to the business's mail server, over a connection kept open.

The steps of a delivery are taken one by one, so that it is always known whether the
final dot had left: before it nothing can have been taken, after it the server may have.
SMTP has no look-up; a repetition keeps its Message-ID.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import time
from datetime import datetime

from app.channels.base import CALL_S, LookupAnswer, Message
from app.channels.email_message import Letter, Sender, build_letter
from app.channels.smtp_replies import Step, refusal
from app.channels.smtp_session import (
    MailServer,
    open_session,
    opening_trouble,
    silence_or_cut,
)
from app.channels.sockets import Conversation, conversation
from app.domain.outcomes import Fault, Lookup, Outcome, Result
from app.domain.recipients import Channel

#: Seconds for connecting, within those of the whole delivery.
CONNECT_S = 5.0
#: Seconds that a kept connection has to show that it lives, and at most this share of
#: the delivery's: a new one must still find its time.
CHECK_S = 3.0
CHECK_SHARE = 1 / 3
#: Seconds to say good-bye, where the delivery's deadline leaves so many.
GOODBYE_S = 2.0
#: A connection is given back after so many letters, or unused for so many seconds.
MAX_LETTERS = 50
MAX_IDLE_S = 60.0


class Smtp:
    """Hands e-mails to one mail server."""

    name = "smtp"
    channel = Channel.EMAIL
    #: The Message-ID stays the same, but few mailboxes look at it.
    repeats_safely = False

    def __init__(
        self, *, server: MailServer, sender: Sender, connect_s: float = CONNECT_S
    ) -> None:
        self._server = server
        self._sender = sender
        self._connect_s = connect_s
        self._session: smtplib.SMTP | None = None
        self._letters = 0
        self._used_at = 0.0

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """Hand over one e-mail to its one recipient."""
        letter = build_letter(message, sender=self._sender)
        if isinstance(letter, Outcome):
            return letter
        with conversation(total_s=within_s, connect_s=self._connect_s) as talk:
            try:
                session = self._ready_session(talk)
            except (OSError, ValueError) as error:
                return opening_trouble(error)
            return self._deliver(session, letter, talk)

    def look_up(
        self,
        message: Message,  # noqa: ARG002 - there is nobody to ask
        *,
        since: datetime,  # noqa: ARG002 - as above
        within_s: float = CALL_S,  # noqa: ARG002 - as above
    ) -> LookupAnswer:
        """Say that a mail server cannot be asked what it took."""
        return LookupAnswer(lookup=Lookup.UNSUPPORTED)

    def close(self) -> None:
        """Say good-bye to the mail server; may be called again at any time."""
        session, self._session = self._session, None
        if session is not None:
            _say_goodbye(session, within_s=GOODBYE_S)

    def _ready_session(self, talk: Conversation) -> smtplib.SMTP:
        """Return the kept session if it still lives, else a new one."""
        session, self._session = self._session, None
        if session is not None:
            idle_s = time.monotonic() - self._used_at
            if idle_s <= MAX_IDLE_S and _lives(session, talk):
                return session
            session.close()
        self._letters = 0
        return open_session(self._server)

    def _deliver(
        self, session: smtplib.SMTP, letter: Letter, talk: Conversation
    ) -> Outcome:
        in_step = False
        try:
            outcome = _hand_over(session, letter, talk)
            in_step = True
        except OSError:  # smtplib's own errors are OSErrors, too
            outcome = _broken_off(talk)
        finally:
            # Whatever else ends this (a time limit) leaves a session out of step.
            if not in_step:
                session.close()
        self._keep(session, talk)
        return outcome

    def _keep(self, session: smtplib.SMTP, talk: Conversation) -> None:
        if session.sock is None:
            return
        self._letters += 1
        self._used_at = time.monotonic()
        if self._letters < MAX_LETTERS:
            self._session = session
        else:
            _say_goodbye(session, within_s=min(GOODBYE_S, talk.remaining_s))


def _lives(session: smtplib.SMTP, talk: Conversation) -> bool:
    """Ask for a fresh start: it is answered like a NOOP and ends what was refused."""
    seconds = min(CHECK_S, talk.remaining_s * CHECK_SHARE)
    with conversation(total_s=seconds, connect_s=seconds):
        try:
            return session.rset()[0] == 250
        except OSError:
            return False
        except BaseException:  # a time limit: the answer is still to come
            session.close()
            raise


def _say_goodbye(session: smtplib.SMTP, *, within_s: float) -> None:
    with conversation(total_s=within_s, connect_s=within_s):
        with contextlib.suppress(OSError):
            session.quit()
        session.close()


def _hand_over(session: smtplib.SMTP, letter: Letter, talk: Conversation) -> Outcome:
    """Take the four steps: sender, recipient, permission to send, content."""
    code, text = session.mail(letter.sender)
    if not _agreed(code):
        return _declined(session, Step.SENDER, code, text)
    code, text = session.rcpt(letter.recipient)
    if not _agreed(code):
        return _declined(session, Step.RECIPIENT, code, text)
    code, text = session.docmd("DATA")
    if code != 354:
        return _declined(session, Step.CONTENT, code, text)
    session.send(_with_final_dot(letter.content))
    talk.sent = True
    code, text = session.getreply()
    if not _agreed(code):
        return _declined(session, Step.CONTENT, code, text, sent=True)
    return Outcome(result=Result.ACCEPTED, provider_message_id=letter.message_id)


def _agreed(code: int) -> bool:
    return 200 <= code < 300


def _declined(
    session: smtplib.SMTP, step: Step, code: int, text: bytes, *, sent: bool = False
) -> Outcome:
    """Judge a reply that was not the hoped-for one."""
    if code == 421 or not 400 <= code < 600:
        session.close()
    if 400 <= code < 600:
        return refusal(step, code, text)
    if sent:
        reason = "the mail server's answer to the e-mail made no sense"
        return Outcome(result=Result.AMBIGUOUS, reason=reason, fault=Fault.DOWN)
    reason = "what answers does not speak SMTP"
    return Outcome(result=Result.TRANSIENT, reason=reason, fault=Fault.DOWN)


def _broken_off(talk: Conversation) -> Outcome:
    words, fault = silence_or_cut()
    if not talk.sent:
        return Outcome(result=Result.TRANSIENT, reason=words, fault=fault)
    reason = f"it is not known whether the e-mail was taken: {words}"
    return Outcome(result=Result.AMBIGUOUS, reason=reason, fault=fault)


def _with_final_dot(content: bytes) -> bytes:
    """Double the dots that begin lines and end with the dot that ends an e-mail."""
    ended = content if content.endswith(b"\r\n") else content + b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", ended) + b".\r\n"
