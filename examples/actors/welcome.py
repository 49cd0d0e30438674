"""Events: a task for each booking that is paid, and for events of one's own."""

from __future__ import annotations

from app.work import emit, task


@task(queue="loyalty", on="booking.paid")
def give_points(booking_id: str, amount: int, currency: str) -> int:
    """Give a point for each whole unit of money; tell the others."""
    points = amount // 100 if currency == "EUR" else 0
    emit("points.given", {"booking_id": booking_id, "points": points})
    return points


@task(queue="analytics", on=("booking.*", "points.given"))
def count_events(event: str, points: int = 0) -> str:
    """Get only those facts that it has arguments for."""
    return f"{event} +{points}" if points else event
