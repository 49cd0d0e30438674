"""WhatsApp over Meta's Cloud API."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, WebUrl, variable


class MetaSettings(BaseModel):
    """WhatsApp over Meta's Cloud API."""

    whatsapp_phone_number_id: str | None = variable(
        "WHATSAPP_PHONE_NUMBER_ID",
        about="The sender's phone number ID at Meta (not the number itself)",
        example="106540352242922",
    )
    whatsapp_access_token: Secret = variable(
        "WHATSAPP_ACCESS_TOKEN",
        about="A permanent token of a system user",
        example="<token>",
    )
    whatsapp_app_secret: Secret = variable(
        "WHATSAPP_APP_SECRET",
        about="Verifies what Meta's webhooks tell; without it they are refused",
        example="<secret>",
    )
    whatsapp_verify_token: Secret = variable(
        "WHATSAPP_VERIFY_TOKEN",
        about="Words of your own, written into Meta's webhook form as well",
        example="<words of your own>",
    )
    whatsapp_api_base: WebUrl = variable(
        "WHATSAPP_API_BASE",
        "https://graph.facebook.com",
        about="Where Meta is; the simulator's address for a trial",
        example="http://127.0.0.1:9200",
    )
