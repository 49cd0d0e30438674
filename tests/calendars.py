"""Reads calendar files as somebody else's calendar does."""

from __future__ import annotations

from typing import Any

import vobject


def read_calendar(text: str) -> Any:
    """Parse a file, and fail where a component lacks what the standard demands."""
    zones = [line.partition(":")[2] for line in text.splitlines() if "TZID:" in line]
    for zone in zones:  # it counts as this file describes it, not as an earlier one
        vobject.icalendar.registerTzid(zone, None)
    calendar = vobject.readOne(text)
    calendar.validate(raiseException=True)
    return calendar
