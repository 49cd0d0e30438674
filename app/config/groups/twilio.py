"""SMS and WhatsApp over Twilio."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, WebUrl, variable


class TwilioSettings(BaseModel):
    """SMS and WhatsApp over Twilio."""

    twilio_account_sid: str | None = variable(
        "TWILIO_ACCOUNT_SID",
        about="Twilio account",
        example="ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    )
    twilio_auth_token: Secret = variable(
        "TWILIO_AUTH_TOKEN", about="Twilio password", example="<token>"
    )
    twilio_sms_from: str | None = variable(
        "TWILIO_SMS_FROM",
        about="Sender of SMS: a number, a name, or a MG… messaging service",
        example="+14155550199",
    )
    twilio_whatsapp_from: str | None = variable(
        "TWILIO_WHATSAPP_FROM",
        about="Sender of WhatsApp messages over Twilio",
        example="+14155550199",
    )
    twilio_api_base: WebUrl = variable(
        "TWILIO_API_BASE",
        "https://api.twilio.com",
        about="Where Twilio is; the simulator's address for a trial",
        example="http://127.0.0.1:9200",
    )
