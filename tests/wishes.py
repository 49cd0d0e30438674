"""What Alice wants to book, as a request's body."""

from __future__ import annotations

from typing import Any

from app.domain.catalogue import Service
from tests.house import in_days

ALICE = {
    "name": "Alice",
    "email": "Alice@Example.ORG",
    "phone": "+1 415 555 0100",
    "locale": "de-AT",
    "timezone": "Europe/Vienna",
    "channels": ["email", "sms"],
}


def wish(service: Service, **more: Any) -> dict[str, Any]:
    """Alice wants one place in three days, unless said otherwise."""
    start = in_days(3).isoformat()
    asked = {"service_id": service.id, "start": start, "customer": ALICE}
    return {**asked, **more}
