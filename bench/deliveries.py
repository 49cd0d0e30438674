"""How soon a message is at the provider, after the API's answer, on an idle box."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.contestants import message
from bench.figures import Figure, latencies
from bench.stage import Stage

#: Promised (issue: the main job): p99 in milliseconds, on an idle box.
DELIVERY_MS = 50.0
SETTLE_WITHIN_S = 120.0
#: Pause between two messages, so that the box is idle when the next one comes.
PAUSE_S = 0.05


def measure(stage: Stage, *, count: int, say: Callable[[str], None]) -> list[Figure]:
    """Return how long after the answer the provider has the message."""
    say("delivery to the provider, idle box")
    stage.wait_until_quiet()
    before = stage.provider.count()
    client = stage.client()
    answered: dict[str, float] = {}
    for index in range(count):
        phone = f"+49152{index:08}"
        client.call("POST", "/api/v1/notifications", message(phone))
        answered[phone] = time.monotonic()
        time.sleep(PAUSE_S)
    stage.provider.wait_for(before + count, within_s=SETTLE_WITHIN_S)
    arrivals = stage.provider.arrivals()
    waited = [max(0.0, arrivals[phone] - moment) for phone, moment in answered.items()]
    return latencies("answer to provider", waited, p99_limit_ms=DELIVERY_MS)
