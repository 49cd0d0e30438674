"""The policy's values as the file writes them: for people, requests and storage."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.domain.costs import Cost, write_cost
from app.domain.durations import write_duration
from app.domain.queues import Rate
from app.domain.quiet_hours import Window
from app.policy.rates import write_rate


def plain(value: Any) -> Any:
    """Return a value in the file's words: texts, numbers and lists of them.

    None is no rate limit, or no quiet hours: what may be absent is written `0`.
    """
    if value is None or isinstance(value, Rate):
        return write_rate(value)
    if isinstance(value, Cost):
        return write_cost(value)
    if isinstance(value, Window):
        return str(value)
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, tuple):
        return [plain(part) for part in value]
    if isinstance(value, frozenset):
        return sorted(str(part) for part in value)
    return value
