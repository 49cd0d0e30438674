"""How soon a message is at the provider, and how fast many of them get there."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from bench import tight_loop
from bench.figures import Figure, latencies
from bench.stage import Stage

#: Promised (issue: the main job): p99 in milliseconds, on an idle box.
DELIVERY_MS = 50.0
SETTLE_WITHIN_S = 120.0
#: Pause between two bookings, so that the box is idle when the next one comes.
PAUSE_S = 0.05


def measure_latency(
    stage: Stage, *, count: int, say: Callable[[str], None]
) -> list[Figure]:
    """Return how long after the answer the provider has the message."""
    say("delivery to the provider, idle box")
    _wait_until_quiet(stage)
    since = _last_seq(stage)
    client = stage.client()
    answered: dict[str, float] = {}
    for index in range(count):
        phone = f"+49152{index:08}"
        body = _message(phone)
        client.call("POST", "/api/v1/notifications", body)
        answered[phone] = time.monotonic()
        time.sleep(PAUSE_S)
    entries = _wait_for(stage, since, count)
    waited = [
        max(0.0, entry["received_monotonic"] - answered[entry["recipient"]])
        for entry in entries
    ]
    return latencies("answer to provider", waited, p99_limit_ms=DELIVERY_MS)


def measure_drain(
    stage: Stage, *, count: int, rounds: int, say: Callable[[str], None]
) -> list[Figure]:
    """Return messages a second of the box, and of a loop without a queue, by turns."""
    box, loop = [], []
    for number in range(rounds):
        say(f"draining {count} messages, round {number + 1} of {rounds}")
        box.append(_drain(stage, count, number))
        loop.append(tight_loop.rate(stage, count))
    box_median, loop_median = sorted(box)[rounds // 2], sorted(loop)[rounds // 2]
    return [
        Figure(name="drain rate, Bellhop", value=box_median, unit="/s"),
        Figure(name="drain rate, loop without a queue", value=loop_median, unit="/s"),
        Figure(name="ratio of the two", value=box_median / loop_median, unit=""),
    ]


def _drain(stage: Stage, count: int, number: int) -> float:
    _wait_until_quiet(stage)
    since = _last_seq(stage)
    client = stage.client()
    # All are due at one moment, when they are all saved.
    due = time.time() + 4 + count / 150
    send_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(due))
    for index in range(count):
        phone = f"+49157{number}{index:07}"
        client.call("POST", "/api/v1/notifications", _message(phone, send_at=send_at))
    entries = _wait_for(stage, since, count)
    moments = sorted(entry["received_monotonic"] for entry in entries)
    # The first few are dropped: the queue fills while they are sent.
    settled = moments[len(moments) // 10 :]
    return float((len(settled) - 1) / (settled[-1] - settled[0]))


def _message(phone: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "booking_confirmed",
        "channels": ["sms"],
        "to": {"name": "Alice", "phone": phone},
        "data": {"service_name": "Haircut", "start": "2031-05-22T14:30:00+02:00"},
        **more,
    }


def _wait_for(stage: Stage, since: int, count: int) -> list[dict[str, Any]]:
    give_up_at = time.monotonic() + SETTLE_WITHIN_S
    while True:
        entries = stage.provider_ledger(since=since)
        if len(entries) >= count:
            return entries
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"only {len(entries)} of {count} messages arrived")
        # Rarely: listing the ledger takes time from what is measured.
        time.sleep(1.0)


def _wait_until_quiet(stage: Stage) -> None:
    client = stage.client()
    give_up_at = time.monotonic() + SETTLE_WITHIN_S
    for status in ("pending", "queued", "sending"):
        path = f"/api/v1/notifications?status={status}&limit=1"
        while client.call("GET", path)["data"]:
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"messages stay {status}")
            time.sleep(0.2)


def _last_seq(stage: Stage) -> int:
    entries = stage.provider_ledger()
    return max((entry["seq"] for entry in entries), default=0)
