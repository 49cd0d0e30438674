"""Schedules: at an interval, or by a cron line in the business's time zone."""

from __future__ import annotations

from app.work import task


@task(queue="maintenance", cron="30 3 * * *")
def tidy_up(keep_days: int = 30) -> str:
    """Run every night at half past three; every argument has a default."""
    return f"kept {keep_days} days"


@task(queue="low", every="15m")
def look_at_the_door() -> bool:
    """Run every quarter of an hour."""
    return True
