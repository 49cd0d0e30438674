"""E-mail over SMTP, by the names that Django users know."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Port, Secret, variable


class SmtpSettings(BaseModel):
    """E-mail over SMTP, by the names that Django users know."""

    email_host: str | None = variable(
        "EMAIL_HOST", about="The SMTP server", example="smtp.example.com"
    )
    email_port: Port = variable(
        "EMAIL_PORT", 587, about="587 for STARTTLS, 465 for TLS", example="587"
    )
    email_host_user: str | None = variable(
        "EMAIL_HOST_USER", about="SMTP login", example="rosa@example.com"
    )
    email_host_password: Secret = variable(
        "EMAIL_HOST_PASSWORD", about="SMTP password", example="<password>"
    )
    email_use_tls: bool = variable(
        "EMAIL_USE_TLS",
        default=True,
        about="STARTTLS, certificate verified",
        example="1",
    )
    email_use_ssl: bool = variable(
        "EMAIL_USE_SSL",
        default=False,
        about="TLS from the first byte; goes before EMAIL_USE_TLS",
        example="1",
    )
    default_from_email: str | None = variable(
        "DEFAULT_FROM_EMAIL",
        about="The sender of e-mails",
        example="Salon Rosa <hello@example.com>",
    )
