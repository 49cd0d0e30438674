"""SMS over any company that takes them by HTTP."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, WebUrl, variable


class GatewaySettings(BaseModel):
    """SMS over any company that takes them by HTTP."""

    sms_http_url: WebUrl | None = variable(
        "SMS_HTTP_URL",
        about="Where the gateway takes an SMS by POST",
        example="https://sms.example.com/v1/send",
    )
    sms_http_headers: Secret = variable(
        "SMS_HTTP_HEADERS",
        about="Its headers, as JSON",
        example='{"Authorization": "Bearer <token>"}',
    )
    sms_http_body: Secret = variable(
        "SMS_HTTP_BODY",
        about="What is posted, as JSON or as a form, with to, digits, text and key",
        example='{"to": "{{ to }}", "text": "{{ text }}", "reference": "{{ key }}"}',
    )
    sms_http_accepted: str | None = variable(
        "SMS_HTTP_ACCEPTED",
        about="What a yes says in its JSON; any status of 200 to 299 where not set",
        example="messages.0.status=queued|sent",
    )
    sms_http_later: str | None = variable(
        "SMS_HTTP_LATER",
        about="What a no says in the same place that is to be tried again later",
        example="busy|throttled",
    )
    sms_http_id: str | None = variable(
        "SMS_HTTP_ID",
        about="Where a yes names the message in its JSON",
        example="messages.0.id",
    )
