"""Who of the staff is told, and how."""

from __future__ import annotations

from pydantic import BaseModel

from app.config.types import Secret, variable


class StaffSettings(BaseModel):
    """Who of the staff is told, and how."""

    staff_notify_urls: Secret = variable(
        "STAFF_NOTIFY_URLS",
        about="Where the staff is alerted: Apprise URLs, separated by spaces",
        example="ntfys://ntfy.sh/salon-rosa-4711 mailtos://user:pass@example.com",
    )
