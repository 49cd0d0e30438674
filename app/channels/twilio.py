"""Twilio: carries SMS and WhatsApp messages over its Messages resource.

One object serves one of the two channels. Twilio has no idempotency key: what may have
been taken is `ambiguous`, and `look_up` searches Twilio's list for it. Never shows
Twilio's own words, since they hold the recipient's number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from app.channels.base import CALL_S, LookupAnswer, Message, Verdict
from app.channels.http import HttpClient
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
from app.channels.twilio_codes import TWILIO_CODES
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.recipients import Channel

COMPANY = "Twilio"
#: How far Twilio's clock may be behind ours; its times have whole seconds.
CLOCK_SLACK = timedelta(seconds=30)
#: Messages asked for in a look-up, and bytes that so many may have.
PAGE_SIZE = 100
LOOKUP_LIMIT = 1024 * 1024
#: Twilio puts this before the words of a trial account.
TRIAL_PREFIX = "Sent from your Twilio trial account - "
#: A message's name at Twilio: SM or MM and 32 hexadecimal digits.
_SID = re.compile(r"[SM]M\w{8,62}", re.ASCII)
#: States of a message that Twilio took and gave up in the same breath.
_GIVEN_UP = {"failed", "undelivered", "canceled"}


class Twilio:
    """Sends messages of one channel through a Twilio account."""

    name = "twilio"
    repeats_safely = False

    def __init__(
        self,
        *,
        channel: Channel,
        account_sid: str,
        auth_token: str,
        sender: str,
        api_base: str,
        callback: str = "",
    ) -> None:
        """`callback`: where Twilio tells what became of messages; empty: nowhere."""
        self.channel = channel
        self._callback = callback
        self._sender = sender
        self._client = HttpClient()
        account = f"{api_base.rstrip('/')}/2010-04-01/Accounts/{account_sid}"
        self._url = f"{account}/Messages.json"
        self._headers = {"Authorization": basic(account_sid, auth_token)}

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """POST the message; judge the answer by Twilio's code, then by the status."""
        if not is_whole(message.text):
            return HALF_A_CHARACTER
        fields = {
            "To": self._address(message.recipient),
            **_content(message),
            **self._from(),
            **self._status_callback(message),
        }
        answer = self._client.post_form(
            self._url, fields=fields, headers=self._headers, within_s=within_s
        )
        if isinstance(answer, Failure):
            return unanswered(answer, company=COMPANY)
        return _outcome(answer)

    def look_up(
        self, message: Message, *, since: datetime, within_s: float = CALL_S
    ) -> LookupAnswer:
        """Search Twilio's list for a message to this number with these words.

        First among those sent since the day before; then among all to this number,
        since one that still waits at Twilio has no sending date. What a template says
        is known to Twilio alone: there the newest one counts, whatever its words.
        """
        day = (since.astimezone(UTC) - timedelta(days=1)).date().isoformat()
        for narrower in ({"DateSent>": day}, {}):
            # Two questions share the time.
            answer = self._listed(message.recipient, narrower, within_s=within_s / 2)
            if answer is None:
                return LookupAnswer(lookup=Lookup.UNANSWERED)
            for resource in answer:
                if _is_ours(resource, message, since - CLOCK_SLACK):
                    sid = _usable_sid(resource)
                    return LookupAnswer(lookup=Lookup.FOUND, provider_message_id=sid)
        return LookupAnswer(lookup=Lookup.NOT_FOUND)

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()

    def _listed(
        self, recipient: str, narrower: Mapping[str, str], *, within_s: float
    ) -> list[Mapping[str, Any]] | None:
        wanted = {"To": self._address(recipient), "PageSize": str(PAGE_SIZE)}
        answer = self._client.get(
            self._url,
            params={**wanted, **narrower},
            headers=self._headers,
            body_limit=LOOKUP_LIMIT,
            within_s=within_s,
        )
        if isinstance(answer, Failure) or answer.status != 200:
            return None
        messages = answer.json_object().get("messages")
        if not isinstance(messages, list):
            return None
        return [resource for resource in messages if isinstance(resource, dict)]

    def _address(self, number: str) -> str:
        if self.channel is Channel.WHATSAPP:
            return f"whatsapp:{number.removeprefix('whatsapp:')}"
        return number

    def _status_callback(self, message: Message) -> dict[str, str]:
        if not self._callback:
            return {}
        # What follows # is for Twilio alone: it calls again where we do not answer.
        address = f"{self._callback}?key={quote(message.key, safe='')}#rc=5&rp=all"
        return {"StatusCallback": address}

    def _from(self) -> dict[str, str]:
        if self._sender.startswith("MG"):
            return {"MessagingServiceSid": self._sender}
        return {"From": self._address(self._sender)}


def _content(message: Message) -> dict[str, str]:
    template = message.template
    if template is None:
        return {"Body": message.text}
    variables = {str(n): words for n, words in enumerate(template.parameters, start=1)}
    filled = {"ContentVariables": json.dumps(variables)} if variables else {}
    return {"ContentSid": template.name, **filled}


def _outcome(answer: Answer) -> Outcome:
    if 200 <= answer.status < 300:
        return _taken(answer)
    code = _code(answer.json_object().get("code"))
    verdict = (
        failed(answer, company=COMPANY) or TWILIO_CODES.get(code) or _refused(answer)
    )
    return judged(verdict, answer, code=str(code or answer.status))


def _taken(answer: Answer) -> Outcome:
    resource = answer.json_object()
    sid = _usable_sid(resource)
    if not sid:
        return nameless(answer, company=COMPANY)
    code = _code(resource.get("error_code"))
    verdict = TWILIO_CODES.get(code)
    if resource.get("status") in _GIVEN_UP and verdict is not None:
        return Outcome(
            result=verdict.result,
            reason=verdict.reason,
            code=str(code),
            provider_message_id=sid,
            fault=verdict.fault,
        )
    return Outcome(result=Result.ACCEPTED, provider_message_id=sid)


def _refused(answer: Answer) -> Verdict:
    """Judge an answer whose code (if it has one) we do not know."""
    if answer.status in {401, 403}:
        return TWILIO_CODES[20003]
    return refused(answer, company=COMPANY, variable="TWILIO_API_BASE")


def _code(value: object) -> int:
    return value if isinstance(value, int) else 0


def _usable_sid(resource: Mapping[str, Any]) -> str:
    sid = resource.get("sid")
    return sid if isinstance(sid, str) and _SID.fullmatch(sid) else ""


def _is_ours(resource: Mapping[str, Any], message: Message, since: datetime) -> bool:
    direction = resource.get("direction")
    if not isinstance(direction, str):
        return False
    created = _moment(resource.get("date_created"))
    return (
        direction.startswith("outbound")
        and (message.template is not None or _says(resource, message.text))
        and created is not None
        and created >= since
        and bool(_usable_sid(resource))
    )


def _says(resource: Mapping[str, Any], text: str) -> bool:
    body = resource.get("body")
    return isinstance(body, str) and (
        _plain(body.removeprefix(TRIAL_PREFIX)) == _plain(text)
    )


def _plain(text: str) -> str:
    """Take the words without their spacing, which carriers and Twilio trim."""
    return " ".join(text.split())


def _moment(value: object) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(value))
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
