"""Any company that takes an SMS by HTTP: its owner wrote how it is asked.

There is no look-up and there are no receipts: a message stays `sent`, and what nobody
knows stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.channels.base import CALL_S, Message, Verdict
from app.channels.gateway_form import Expected, Form, filled_headers, found_at
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

COMPANY = "the SMS gateway"
#: What may be shown of a refusal's own words; a gateway may repeat numbers and texts.
_SHOWN = re.compile(r"[A-Za-z][A-Za-z_-]{0,29}|-?\d{1,4}")

_BUSY = Verdict(Result.TRANSIENT, f"{COMPANY} asks us to try again later", Fault.DOWN)
_REFUSED = Verdict(Result.PERMANENT_CONTENT, f"{COMPANY} refused the message")


class HttpGateway(Unasked):
    """Posts SMS to one address."""

    name = "http"
    channel = Channel.SMS
    repeats_safely = False

    def __init__(
        self,
        *,
        url: str,
        headers: Mapping[str, str],
        form: Form,
        accepted: Expected | None = None,
        id_path: str = "",
    ) -> None:
        """`accepted` and `id_path`: what a yes says, and where it names the message."""
        super().__init__()
        self._url = url
        self._headers = headers
        self._form = form
        self._accepted = accepted
        self._id_path = id_path

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """POST the message; judge the answer by its status and by what was agreed."""
        if not is_whole(message.text):
            return HALF_A_CHARACTER
        answer = self._post(message, within_s)
        if isinstance(answer, Failure):
            return unanswered(answer, company=COMPANY)
        if not 200 <= answer.status < 300:
            verdict = failed(answer, company=COMPANY) or refused(
                answer, company=COMPANY, variable="SMS_HTTP_URL"
            )
            return judged(verdict, answer)
        return self._outcome(message, answer)

    def _post(self, message: Message, within_s: float) -> Answer | Failure:
        content = self._form.filled(
            {
                "to": message.recipient,
                "digits": message.recipient.removeprefix("+"),
                "text": message.text,
                "key": message.key,
            }
        )
        headers = filled_headers(self._headers, key=message.key)
        if self._form.is_json:
            return self._client.post_json(
                self._url, payload=content, headers=headers, within_s=within_s
            )
        return self._client.post_form(
            self._url, fields=dict(content), headers=headers, within_s=within_s
        )

    def _outcome(self, message: Message, answer: Answer) -> Outcome:
        told = answer.json_value()
        name = found_at(told, self._id_path) if self._id_path else message.key
        if self._accepted is not None:
            word = found_at(told, self._accepted.path)
            if not word:
                return nameless(answer, company=COMPANY)
            if word in self._accepted.later:
                return judged(_BUSY, answer, code=_shown(word))
            if word not in self._accepted.words:
                return judged(_REFUSED, answer, code=_shown(word))
            # It is taken in the words agreed on: whoever doubts that sends it twice.
            name = name or message.key
        if not name:
            return nameless(answer, company=COMPANY)
        return Outcome(result=Result.ACCEPTED, provider_message_id=name[:200])


def _shown(word: str) -> str:
    return word if _SHOWN.fullmatch(word) else ""
