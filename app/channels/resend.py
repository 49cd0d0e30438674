"""Resend: carries e-mail over HTTP.

Our name of the message is its idempotency key, kept for 24 hours there: the second
time changes nothing, as long as every byte is the same. So nothing here depends on the
clock.
https://resend.com/docs/api-reference/emails/send-email
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from app.channels.base import CALL_S, Message, Verdict
from app.channels.email_headers import headers_of
from app.channels.email_message import (
    INVITE_FILE,
    MAX_SUBJECT,
    Sender,
    mailbox,
    one_line,
    plain_address,
)
from app.channels.http_answers import Answer, Failure
from app.channels.http_verdicts import (
    HALF_A_CHARACTER,
    failed,
    is_whole,
    judged,
    nameless,
    refused,
    unanswered,
)
from app.channels.unasked import Unasked
from app.domain.outcomes import Fault, Outcome, Result
from app.domain.recipients import Channel

COMPANY = "Resend"
#: A daily quota opens again within a day: ask once an hour.
DAILY = timedelta(hours=1)
#: By the name of Resend's error; one that is missing is judged by its HTTP status.
RESEND_ERRORS: dict[str, Verdict] = {
    "missing_api_key": Verdict(
        Result.CONFIG, "Resend refused the API key", Fault.REFUSED
    ),
    "restricted_api_key": Verdict(
        Result.CONFIG, "the Resend API key may not send", Fault.REFUSED
    ),
    "invalid_api_key": Verdict(
        Result.CONFIG, "Resend refused the API key", Fault.REFUSED
    ),
    "invalid_from_address": Verdict(
        Result.CONFIG, "Resend refused the sender's address", Fault.REFUSED
    ),
    "validation_error": Verdict(
        Result.PERMANENT_CONTENT, "Resend refused a part of the e-mail"
    ),
    "missing_required_field": Verdict(
        Result.PERMANENT_CONTENT, "Resend misses a part of the e-mail"
    ),
    "invalid_attachment": Verdict(
        Result.PERMANENT_CONTENT, "Resend refused the attached file"
    ),
    "invalid_idempotency_key": Verdict(
        Result.PERMANENT_CONTENT, "Resend refused our name of the e-mail"
    ),
    "invalid_idempotent_request": Verdict(
        Result.PERMANENT_CONTENT, "Resend had another e-mail of this name before"
    ),
    "concurrent_idempotent_requests": Verdict(
        Result.TRANSIENT, "Resend is still at work on the first try"
    ),
    "rate_limit_exceeded": Verdict(
        Result.TRANSIENT, "Resend asks us to send more slowly", Fault.LIMITED
    ),
    "daily_quota_exceeded": Verdict(
        Result.TRANSIENT,
        "Resend's e-mails of the day are used up",
        Fault.LIMITED,
        DAILY,
    ),
    "monthly_quota_exceeded": Verdict(
        Result.CONFIG, "Resend's e-mails of the month are used up", Fault.REFUSED
    ),
}


class Resend(Unasked):
    """Sends e-mails through a Resend account."""

    name = "resend"
    channel = Channel.EMAIL
    repeats_safely = True

    def __init__(self, *, api_key: str, sender: Sender, api_base: str) -> None:
        super().__init__()
        self._sender = sender
        self._url = f"{api_base.rstrip('/')}/emails"
        self._headers = {"Authorization": f"Bearer {api_key}"}

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """POST the e-mail under its name; judge the answer by the error's name."""
        if not is_whole(f"{message.subject}{message.text}{message.html}"):
            return HALF_A_CHARACTER
        try:
            payload = self._payload(message)
        except ValueError:
            reason = "the e-mail address is not valid"
            return Outcome(result=Result.PERMANENT_RECIPIENT, reason=reason)
        answer = self._client.post_json(
            self._url,
            payload=payload,
            headers={**self._headers, "Idempotency-Key": message.key},
            within_s=within_s,
        )
        if isinstance(answer, Failure):
            return unanswered(answer, company=COMPANY)
        return _outcome(answer)

    def _payload(self, message: Message) -> dict[str, Any]:
        recipient = plain_address(message.recipient)
        sender = self._sender
        payload: dict[str, Any] = {
            "from": str(mailbox(sender.name, sender.address)),
            "to": [str(mailbox(message.recipient_name, recipient))],
            "subject": one_line(message.subject)[:MAX_SUBJECT],
            "text": message.text,
            "headers": headers_of(message, domain=sender.domain),
            "tags": [{"name": "message_key", "value": message.key}],
        }
        if message.html:
            payload["html"] = message.html
        if message.reply_to:
            payload["reply_to"] = plain_address(message.reply_to)
        if message.invite is not None:
            content = base64.b64encode(message.invite.content.encode()).decode()
            calendar = f'text/calendar; charset="utf-8"; method={message.invite.method}'
            payload["attachments"] = [
                {
                    "filename": INVITE_FILE,
                    "content": content,
                    "content_type": calendar,
                }
            ]
        return payload


def _outcome(answer: Answer) -> Outcome:
    content = answer.json_object()
    if 200 <= answer.status < 300:
        name = content.get("id")
        if not isinstance(name, str) or not name:
            return nameless(answer, company=COMPANY)
        return Outcome(result=Result.ACCEPTED, provider_message_id=name)
    error = str(content.get("name", ""))[:60]
    verdict = (
        failed(answer, company=COMPANY)
        or _known(answer, error)
        or refused(answer, company=COMPANY, variable="RESEND_API_BASE")
    )
    return judged(verdict, answer, code=error)


def _known(answer: Answer, error: str) -> Verdict | None:
    if answer.status == 403 and error == "validation_error":
        reason = "Resend does not let us send from this domain"
        return Verdict(Result.CONFIG, reason, Fault.REFUSED)
    return RESEND_ERRORS.get(error)
