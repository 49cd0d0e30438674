"""`inspect stats`: what ended how, how many leave, and of what tasks died."""

from __future__ import annotations

from app.commands.printing import table
from app.services.statistics import Statistics


def for_people(found: Statistics) -> str:
    """Write the counts as tables."""
    parts = [_ended(found), f"Done within the last minute: {found.drained_last_minute}"]
    if found.dead:
        rows = [(number, reason) for reason, number in found.dead]
        parts.append(table(("DEAD", "BECAUSE"), rows))
    return "\n\n".join(parts)


def for_machines(found: Statistics) -> object:
    """Write them for JSON."""
    return {
        "ended": found.ended,
        "drained_last_minute": found.drained_last_minute,
        "dead": [{"reason": reason, "count": number} for reason, number in found.dead],
    }


def _ended(found: Statistics) -> str:
    if not found.ended:
        return "Nothing has ended within the last seven days."
    headings = ("CHANNEL", "KIND", "STATUS", "TODAY (UTC)", "7 DAYS")
    rows = [
        (one.channel or "-", one.kind, one.status, one.today, one.seven_days)
        for one in found.ended
    ]
    return table(headings, rows)
