"""Errors and limits: what is tried again, what never, and how long it may take."""

from __future__ import annotations

from pathlib import Path

from app.work import SoftTimeLimit, report, task


@task(
    queue="low",
    retry_on=OSError,  # the disk may come back
    fatal=ValueError,  # no further try can help
    retry_delays=("10s", "1m", "10m"),
    soft_time_limit="5m",
    time_limit="6m",
)
def measure_pictures(folder: str, at_least: int = 1) -> dict[str, int]:
    """Count a folder's pictures and their bytes, and tell how far it has come."""
    pictures = sorted(Path(folder).glob("*.jpg"))
    if len(pictures) < at_least:
        raise ValueError(f"there are only {len(pictures)} pictures")
    size = 0
    for number, picture in enumerate(pictures, start=1):
        try:
            size += picture.stat().st_size
        except SoftTimeLimit:  # what is counted so far is better than nothing
            return {"pictures": number - 1, "bytes": size}
        report(number, len(pictures), note=picture.name)
    return {"pictures": len(pictures), "bytes": size}
