"""How long other hosts' workers have been silent, as one process has seen it.

Kept in the runtime and asked by `services/workers.py`. Never compares the clocks of two
hosts, nor takes for silence what nobody could hear while the database was away.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True)
class _Sighting:
    heartbeat_at: datetime
    seen_at_s: float
    silent_s: float = 0.0


class Heartbeats:
    """What this process has seen of each worker's heartbeats."""

    def __init__(self) -> None:
        self._seen: dict[str, _Sighting] = {}

    def is_over(
        self, boot_id: str, *, heartbeat_at: datetime, now_s: float, expiry: timedelta
    ) -> bool:
        """Note a worker's latest heartbeat; tell whether it has been the same too long.

        `now_s`: by this process's own steady clock. What lies between two looks counts
        as a third of the expiry at most: if we could not look, it could not beat.
        """
        expiry_s = expiry.total_seconds()
        before = self._seen.get(boot_id)
        silent_s = 0.0
        if before is not None and before.heartbeat_at == heartbeat_at:
            unseen_s = now_s - before.seen_at_s
            silent_s = before.silent_s + min(unseen_s, expiry_s / 3)
        self._seen[boot_id] = _Sighting(
            heartbeat_at=heartbeat_at, seen_at_s=now_s, silent_s=silent_s
        )
        return silent_s >= expiry_s

    def forget_all_but(self, boot_ids: Collection[str]) -> None:
        """Forget the workers that are known no more."""
        self._seen = {k: seen for k, seen in self._seen.items() if k in boot_ids}
