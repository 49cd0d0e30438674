"""Meta's WhatsApp Cloud API: carries WhatsApp messages.

There is no idempotency key and no look-up: our own name of the message goes along
(`biz_opaque_callback_data`) and comes back in receipts. A yes only means that Meta has
the message; that the number is on WhatsApp, a receipt tells.
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.channels.base import CALL_S, Message, Template, Verdict
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
from app.channels.meta_codes import META_CODES
from app.channels.unasked import Unasked
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel

COMPANY = "Meta"
#: The version of the Graph API whose answers are known here.
VERSION = "v23.0"
#: Meta says so of a message that it took and then gave up at once.
_PAUSED = "paused"


class Meta(Unasked):
    """Sends WhatsApp messages from one phone number of a Meta business account."""

    name = "meta"
    channel = Channel.WHATSAPP
    repeats_safely = False

    def __init__(
        self, *, phone_number_id: str, access_token: str, api_base: str
    ) -> None:
        super().__init__()
        self._url = f"{api_base.rstrip('/')}/{VERSION}/{phone_number_id}/messages"
        self._headers = {"Authorization": f"Bearer {access_token}"}

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """POST the words, or the template that stands for them."""
        if not is_whole(message.text):
            return HALF_A_CHARACTER
        answer = self._client.post_json(
            self._url,
            payload=_payload(message),
            headers=self._headers,
            within_s=within_s,
        )
        if isinstance(answer, Failure):
            return unanswered(answer, company=COMPANY)
        return _outcome(answer)


def _payload(message: Message) -> dict[str, Any]:
    content: dict[str, Any] = (
        {"type": "text", "text": {"body": message.text, "preview_url": False}}
        if message.template is None
        else {"type": "template", "template": _filled(message.template)}
    )
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.recipient.removeprefix("+"),
        "biz_opaque_callback_data": message.key,
        **content,
    }


def _filled(template: Template) -> dict[str, Any]:
    filled: dict[str, Any] = {
        "name": template.name,
        "language": {"code": template.language},
    }
    if template.parameters:
        texts = [{"type": "text", "text": words} for words in template.parameters]
        filled["components"] = [{"type": "body", "parameters": texts}]
    return filled


def _outcome(answer: Answer) -> Outcome:
    content = answer.json_object()
    if 200 <= answer.status < 300 and "error" not in content:
        return _taken(answer, content)
    error = content.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    code = code if isinstance(code, int) else None
    known = META_CODES.get(code) if code is not None else None
    verdict = known or _by_status(answer)
    return judged(verdict, answer, code="" if code is None else str(code))


def _taken(answer: Answer, content: Mapping[str, Any]) -> Outcome:
    messages = content.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    name = first.get("id") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(name, str) or not name:
        return nameless(answer, company=COMPANY)
    if first.get("message_status") == _PAUSED:
        verdict = META_CODES[132015]
        return Outcome(
            result=verdict.result,
            reason=verdict.reason,
            code=_PAUSED,
            provider_message_id=name,
        )
    return Outcome(result=Result.ACCEPTED, provider_message_id=name)


def _by_status(answer: Answer) -> Verdict:
    return failed(answer, company=COMPANY) or refused(
        answer, company=COMPANY, variable="WHATSAPP_API_BASE"
    )
