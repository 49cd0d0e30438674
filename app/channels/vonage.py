"""Vonage: carries SMS over its SMS API.

Its HTTP status is always 200: what became of the message stands inside, one entry a
part of a long text. There is no idempotency key and no look-up; our own name of the
message comes back in receipts (`client-ref`).
https://developer.vonage.com/en/api/sms
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from app.channels.base import CALL_S, Message
from app.channels.http_answers import Answer, Failure
from app.channels.http_verdicts import (
    HALF_A_CHARACTER,
    basic,
    failed,
    is_whole,
    judged,
    nameless,
    refused,
    unanswered,
)
from app.channels.unasked import Unasked
from app.channels.vonage_codes import VONAGE_STATUSES
from app.domain.costs import Cost, listed_cost
from app.domain.gsm import is_gsm
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel

COMPANY = "Vonage"
LONGEST_CALLBACK = 100
#: In which Vonage tells its prices, whatever the account is billed in.
CURRENCY = "EUR"
_TAKEN = "0"


class Vonage(Unasked):
    """Sends SMS through a Vonage account."""

    name = "vonage"
    channel = Channel.SMS
    repeats_safely = False

    def __init__(
        self,
        *,
        api_key: str,
        api_secret: str,
        sender: str,
        api_base: str,
        callback: str = "",
    ) -> None:
        """`callback`: where Vonage tells what became of messages; empty: nowhere."""
        super().__init__()
        self._callback = callback
        self._sender = sender
        self._url = f"{api_base.rstrip('/')}/sms/json"
        self._headers = {"Authorization": basic(api_key, api_secret)}

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """POST the message; judge the answer by what it says of each part."""
        if not is_whole(message.text):
            return HALF_A_CHARACTER
        answer = self._client.post_form(
            self._url,
            fields=self._fields(message),
            headers=self._headers,
            within_s=within_s,
        )
        if isinstance(answer, Failure):
            return unanswered(answer, company=COMPANY)
        return _outcome(answer)

    def _fields(self, message: Message) -> dict[str, str]:
        return {
            "to": message.recipient.removeprefix("+"),
            "from": self._sender.removeprefix("+"),
            "text": message.text,
            "type": "text" if is_gsm(message.text) else "unicode",
            "client-ref": message.key,
            **self._receipts(),
        }

    def _receipts(self) -> dict[str, str]:
        # Vonage takes no longer address.
        if not 0 < len(self._callback) <= LONGEST_CALLBACK:
            return {}
        return {"status-report-req": "1", "callback": self._callback}


def _outcome(answer: Answer) -> Outcome:
    parts = _parts(answer)
    if not 200 <= answer.status < 300:
        verdict = failed(answer, company=COMPANY) or refused(
            answer, company=COMPANY, variable="VONAGE_API_BASE"
        )
        return judged(verdict, answer)
    if not parts:
        return nameless(answer, company=COMPANY)
    taken = [part for part in parts if part.get("status") == _TAKEN]
    if len(taken) == len(parts):
        return _accepted(answer, parts)
    if taken:
        # A second time would send again what was taken.
        return Outcome(
            result=Result.PERMANENT_CONTENT,
            reason="Vonage took only a part of the long message",
            code=_status(next(part for part in parts if part not in taken)),
        )
    return _refusal(answer, parts[0])


def _accepted(answer: Answer, parts: Sequence[Mapping[str, Any]]) -> Outcome:
    name = parts[0].get("message-id")
    if not isinstance(name, str) or not name:
        return nameless(answer, company=COMPANY)
    return Outcome(
        result=Result.ACCEPTED, provider_message_id=name, price=_price(parts)
    )


def _price(parts: Sequence[Mapping[str, Any]]) -> Cost | None:
    """Add up what Vonage says that the parts cost; None where it does not say so."""
    try:
        told = [Decimal(str(part["message-price"])) for part in parts]
        total = sum(told, Decimal(0))
        return listed_cost(f"{total:.6f} {CURRENCY}")
    except (KeyError, ArithmeticError, ValueError):
        return None


def _refusal(answer: Answer, part: Mapping[str, Any]) -> Outcome:
    status = _status(part)
    verdict = VONAGE_STATUSES.get(status)
    if verdict is None:
        reason = "Vonage refused the message"
        return Outcome(result=Result.PERMANENT_CONTENT, reason=reason, code=status)
    return judged(verdict, answer, code=status)


def _parts(answer: Answer) -> Sequence[Mapping[str, Any]]:
    parts = answer.json_object().get("messages")
    if not isinstance(parts, list):
        return []
    return [part for part in parts if isinstance(part, dict)]


def _status(part: Mapping[str, Any]) -> str:
    return str(part.get("status", ""))[:10]
