"""The task that tells the staff of something; `app/services/alerts.py` plans it."""

from __future__ import annotations

from app.services.alerts import staff_alert

__all__ = ["staff_alert"]
__bellhop_tasks__ = [staff_alert]
