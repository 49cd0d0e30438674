"""Where e-mails that did not arrive come back to."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, variable


class BounceSettings(BaseModel):
    """Where e-mails that did not arrive come back to."""

    bounce_imap_url: Secret = variable(
        "BOUNCE_IMAP_URL",
        about="The mailbox of bounces, read every five minutes",
        example="imaps://bounces%40example.com:password@imap.example.com/INBOX",
    )
