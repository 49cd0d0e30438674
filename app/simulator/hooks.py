"""A sink for webhooks that Bellhop sends, `POST /hooks/{name}`: point of sale and such.

Everything that can be read is taken; the headers are kept, so that a test can check
the signature.
"""

from __future__ import annotations

import uuid

from app.simulator.submissions import Submission, Verdict
from app.simulator.wire import Answer, Request, json_answer


class Hooks:
    """The receiver of webhooks; its name in the path stands as the recipient."""

    def read(self, request: Request) -> Submission:
        """Take over the whole request."""
        text = request.body.decode("utf-8", errors="replace")
        return Submission(
            provider="hook",
            channel="webhook",
            recipient=request.path.removeprefix("/hooks/"),
            text=text,
            message_id=request.headers.get("webhook-id", ""),
            fields={"headers": dict(request.headers)},
        )

    def judge(self, request: Request, submission: Submission) -> Verdict:
        """Take every POST."""
        if request.method != "POST":
            refused = json_answer(405, {"error": "Hooks take POST only."})
            return Verdict(answer=refused, reason="not a POST")
        own_id = f"hook_{uuid.uuid4().hex}"
        taken = json_answer(200, {"id": own_id, "hook": submission.recipient})
        return Verdict(answer=taken, provider_message_id=own_id)

    def refusal(self, *, status: int | None, code: int | None) -> Answer:
        """Answer as a plain web server does."""
        return json_answer(status or 503, {"error": "ordered", "code": code})
