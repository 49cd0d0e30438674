"""Twilio's API: who may ask, and what each of its three requests answers.

Called by `reception.py`. Looks messages up in the ledger and never writes there.
"""

from __future__ import annotations

import hmac
import re
import uuid
from typing import Any

from app.simulator.ledger import Entry, Ledger
from app.simulator.reading import basic_credentials, read_form
from app.simulator.submissions import Operation, Submission, Verdict
from app.simulator.twilio.errors import error_answer, ordered_error, unauthenticated
from app.simulator.twilio.pages import PageRequest, page
from app.simulator.twilio.resource import media_count, new_message, sent_message
from app.simulator.twilio.rules import address, refusal
from app.simulator.wire import Answer, Request, json_answer, read_json

PATH = re.compile(r"/2010-04-01/Accounts/(?P<account>[^/]*)/Messages(?P<rest>.*)")
_ONE = re.compile(r"/(?P<sid>(SM|MM)[0-9a-f]{32})\.json")


class Twilio:
    """Twilio Programmable Messaging; with no account configured any will do."""

    def __init__(
        self, *, ledger: Ledger, account_sid: str | None, auth_token: str | None
    ) -> None:
        self._ledger = ledger
        self._account_sid = account_sid
        self._auth_token = auth_token

    def read(self, request: Request) -> Submission:
        """Read the form of a send; everything else is a look-up."""
        form = read_form(request)
        channel, recipient = address(str(form.get("To", "")))
        _, sender = address(str(form.get("From", "")))
        return Submission(
            provider="twilio",
            channel=channel,
            operation=Operation.SEND if request.method == "POST" else Operation.LOOK_UP,
            recipient=recipient,
            sender=sender or str(form.get("MessagingServiceSid", "")),
            text=str(form.get("Body", "")),
            fields=form,
        )

    def judge(self, request: Request, submission: Submission) -> Verdict:
        """Check the credentials, then take the message or answer the question."""
        path = PATH.fullmatch(request.path)
        account, rest = (path["account"], path["rest"]) if path else ("", "")
        denial = self._denial(request, account)
        if denial is not None:
            return _refused(denial)
        if submission.operation is Operation.LOOK_UP:
            return Verdict(answer=self._look_up(request, account, rest))
        if rest != ".json":
            return _refused(error_answer(20404, request.path))
        return _taken_or_not(account, submission)

    def refusal(self, *, status: int | None, code: int | None) -> Answer:
        """Word an ordered error."""
        return ordered_error(status=status, code=code)

    def _denial(self, request: Request, account: str) -> Answer | None:
        if self._account_sid is None:
            return None
        given = request.headers.get("authorization", "")
        expected = f"{self._account_sid}:{self._auth_token or ''}".encode()
        if not hmac.compare_digest(basic_credentials(given), expected):
            return unauthenticated(has_credentials=bool(given))
        if account != self._account_sid:
            return error_answer(20404, request.path)
        return None

    def _look_up(self, request: Request, account: str, rest: str) -> Answer:
        if rest == ".json" and request.method == "GET":
            return self._list(request, account)
        one = _ONE.fullmatch(rest)
        entry = self._ledger.find(one["sid"]) if one else None
        if entry is None or request.method != "GET":
            return error_answer(20404, request.path)
        return json_answer(200, _shown(account, entry))

    def _list(self, request: Request, account: str) -> Answer:
        asked = PageRequest(request.query)
        if asked.error is not None:
            return asked.error
        messages = (
            _shown(account, entry)
            for entry in self._ledger.newest_first()
            if entry.accepted and entry.provider == "twilio" and asked.fits(entry)
        )
        return json_answer(200, page(request.path, asked, messages))


def _taken_or_not(account: str, submission: Submission) -> Verdict:
    form = submission.fields
    answer = refusal(form)
    if answer is not None:
        return _refused(answer)
    sid = ("MM" if media_count(form) else "SM") + uuid.uuid4().hex
    message = new_message(
        account=account, sid=sid, form=form, received_at=submission.received_at
    )
    return Verdict(answer=json_answer(201, message), provider_message_id=sid)


def _shown(account: str, entry: Entry) -> dict[str, Any]:
    return sent_message(
        account=account,
        sid=entry.provider_message_id,
        form=entry.fields,
        received_at=entry.received_at,
    )


def _refused(answer: Answer) -> Verdict:
    code = read_json(answer.body)["code"]
    return Verdict(answer=answer, reason=f"HTTP {answer.status}, code {code}")
