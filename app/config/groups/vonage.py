"""SMS over Vonage."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, WebUrl, variable


class VonageSettings(BaseModel):
    """SMS over Vonage."""

    vonage_api_key: Secret = variable(
        "VONAGE_API_KEY", about="Vonage account", example="<key>"
    )
    vonage_api_secret: Secret = variable(
        "VONAGE_API_SECRET", about="Vonage password", example="<secret>"
    )
    vonage_signature_secret: Secret = variable(
        "VONAGE_SIGNATURE_SECRET",
        about="Verifies what Vonage's webhooks tell; without it they are refused",
        example="<secret>",
    )
    vonage_sms_from: str | None = variable(
        "VONAGE_SMS_FROM",
        about="Sender of SMS over Vonage: a number or a name",
        example="SalonRosa",
    )
    vonage_api_base: WebUrl = variable(
        "VONAGE_API_BASE",
        "https://rest.nexmo.com",
        about="Where Vonage is; the simulator's address for a trial",
        example="http://127.0.0.1:9200",
    )
