"""Which provider of a channel comes first."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Words, variable


class ProviderOrder(BaseModel):
    """Which provider of a channel comes first."""

    sms_providers: Words = variable(
        "SMS_PROVIDERS",
        (),
        about="Order of preference; by the credentials found where not set",
        example="twilio,vonage",
    )
    whatsapp_providers: Words = variable(
        "WHATSAPP_PROVIDERS", (), about="The same for WhatsApp", example="meta,twilio"
    )
    email_providers: Words = variable(
        "EMAIL_PROVIDERS", (), about="The same for e-mail", example="resend,smtp"
    )
