"""Builds the e-mail that leaves the house: one recipient, a stable Message-ID.

Used by `smtp.py`, `resend.py` and `preview.py`. Values from outside (names, subjects)
can never become headers of their own; an address that is not plain is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from app.channels.base import Invite, Message
from app.channels.email_headers import HEADERS, headers_of, message_id
from app.clock import utc_now
from app.config import Settings
from app.domain.outcomes import Outcome, Result

#: Longest display name and subject; longer ones are cut.
MAX_NAME = 70
MAX_SUBJECT = 200
#: What the attached calendar file is called.
INVITE_FILE = "invite.ics"
#: One plain address in ASCII, without quotes, comments or routes.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}")
#: A sender: an address alone, or a name and an address in angle brackets.
_SENDER = re.compile(r"((?P<name>[^<>]*)<)?(?P<address>[^<>\s]+)(?(1)>)")
#: Control characters, line separators and halves of characters.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
#: The only headers that a letter's top has: any other one was smuggled in.
_OWN_HEADERS = {
    "from",
    "to",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "auto-submitted",
    "x-auto-response-suppress",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who our e-mails come from."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """The part after the @."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An e-mail as it goes over the wire, with its envelope."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


def parse_sender(text: str) -> Sender:
    """Read `Salon Rosa <hello@example.com>`; raise ValueError with a sentence."""
    found = _SENDER.fullmatch(text.strip())
    if found is None:
        raise ValueError("is not an address like Salon Rosa <hello@example.com>")
    name = re.sub(r"\\(.)", r"\1", (found["name"] or "").strip().strip('"'))
    return Sender(name=one_line(name), address=plain_address(found["address"]))


def house_sender(settings: Settings) -> Sender:
    """Return who the house's e-mails come from; in preview nobody real."""
    if settings.default_from_email:
        return parse_sender(settings.default_from_email)
    return Sender(name=settings.business_name, address="no-reply@preview.invalid")


def plain_address(address: str) -> str:
    """Return the address as SMTP takes it; raise ValueError if it is not plainly one.

    A domain with letters beyond ASCII is written in its ASCII form.
    """
    if not address.isascii():
        import email_validator  # noqa: PLC0415 - few addresses need it

        try:
            checked = email_validator.validate_email(
                address, check_deliverability=False, allow_smtputf8=False
            )
        except email_validator.EmailNotValidError:
            raise ValueError("is not an e-mail address") from None
        address = checked.ascii_email or ""
    if "=?" in address or _ADDRESS.fullmatch(address) is None:
        raise ValueError("is not an e-mail address")
    return address


def build_letter(message: Message, *, sender: Sender) -> Letter | Outcome:
    """Build the e-mail, or say why this address or these words cannot be sent.

    The Message-ID is made from the message's key alone, so that a mailbox recognises
    a repetition.
    """
    try:
        recipient = plain_address(message.recipient)
    except ValueError:
        reason = "the e-mail address is not valid"
        return Outcome(result=Result.PERMANENT_RECIPIENT, reason=reason)
    try:
        content = _email(message, sender, recipient)
        _refuse_smuggled(content)
    except (ValueError, MessageError):
        reason = "no e-mail can be built from these words"
        return Outcome(result=Result.PERMANENT_CONTENT, reason=reason)
    return Letter(
        sender=sender.address,
        recipient=recipient,
        message_id=message_id(message.key, domain=sender.domain),
        content=content,
    )


def _email(message: Message, sender: Sender, recipient: str) -> bytes:
    mail = EmailMessage(policy=_BODIES)
    mail["From"] = mailbox(sender.name, sender.address)
    mail["To"] = mailbox(message.recipient_name, recipient)
    if message.reply_to:
        mail["Reply-To"] = mailbox("", plain_address(message.reply_to))
    mail["Subject"] = one_line(message.subject)[:MAX_SUBJECT]
    mail["Date"] = format_datetime(utc_now())
    for name, value in headers_of(message, domain=sender.domain).items():
        mail[name] = value
    # Quoted-printable passes every server, whatever the words hold.
    mail.set_content(message.text, cte="quoted-printable")
    if message.html:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    if message.invite is not None:
        _invite(mail, message.invite)
    return mail.as_bytes(policy=HEADERS)


def _invite(mail: EmailMessage, invite: Invite) -> None:
    """Add a calendar file twice: to be acted on (the last part wins), and to be kept.

    Outlook and Gmail look for the first, Apple's and others' programs show the second.
    """
    mail.add_alternative(
        invite.content,
        subtype="calendar",
        params={"method": invite.method},
        cte="quoted-printable",
    )
    mail.add_attachment(
        invite.content.encode(),
        maintype="application",
        subtype="ics",
        filename=INVITE_FILE,
    )


def mailbox(name: str, address: str) -> Address:
    """Return an address with its name, on one line and of a sane length."""
    return Address(display_name=one_line(name)[:MAX_NAME], addr_spec=address)


def one_line(value: str) -> str:
    """Neutralise what could end a header or be decoded into one (CVE-2024-6923)."""
    flat = _UNPRINTABLE.sub(" ", value).replace("=?", "= ?")
    return " ".join(flat.split())


def _refuse_smuggled(content: bytes) -> None:
    """Look at what was really built: the last wall against injected headers."""
    if re.search(rb"\r(?!\n)|(?<!\r)\n", content):
        raise ValueError("the e-mail holds a bare line end")
    top = content.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    names = [line.partition(":")[0].lower() for line in top if line[:1] not in " \t"]
    if len(set(names)) != len(names) or not _OWN_HEADERS.issuperset(names):
        raise ValueError("the e-mail holds a header that is not ours")


#: Bodies are wrapped at 76, as quoted-printable demands.
_BODIES = SMTP.clone(max_line_length=76)
