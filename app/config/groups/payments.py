"""Who takes the payments."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, WebUrl, variable


class PaymentSettings(BaseModel):
    """Who takes the payments."""

    razorpay_key_id: str | None = variable(
        "RAZORPAY_KEY_ID", about="Razorpay account", example="rzp_live_xxxxxxxx"
    )
    razorpay_key_secret: Secret = variable(
        "RAZORPAY_KEY_SECRET",
        about="Verifies Razorpay payments",
        example="<secret>",
    )
    razorpay_api_base: WebUrl = variable(
        "RAZORPAY_API_BASE",
        "https://api.razorpay.com",
        about="Where Razorpay is",
        example="https://api.razorpay.com",
    )
