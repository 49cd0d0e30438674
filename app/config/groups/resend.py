"""E-mail over Resend's HTTP API."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, WebUrl, variable


class ResendSettings(BaseModel):
    """E-mail over Resend's HTTP API."""

    resend_api_key: Secret = variable(
        "RESEND_API_KEY", about="Resend account; no SMTP is needed then", example="re_…"
    )
    resend_webhook_secret: Secret = variable(
        "RESEND_WEBHOOK_SECRET",
        about="Verifies what Resend's webhooks tell; without it they are refused",
        example="whsec_…",
    )
    resend_api_base: WebUrl = variable(
        "RESEND_API_BASE",
        "https://api.resend.com",
        about="Where Resend is; the simulator's address for a trial",
        example="http://127.0.0.1:9200",
    )
