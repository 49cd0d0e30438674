"""The task that reads bounces; `app/services/bounces.py` plans it."""

from __future__ import annotations

from app.services.bounces import read_bounces

__all__ = ["read_bounces"]
__bellhop_tasks__ = [read_bounces]
