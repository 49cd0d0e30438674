"""Every list of the API with each filter, asked over HTTP: near, deep, and rare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from bench.crowd.past import RARE_PHONE
from bench.figures import Figure, quantile
from bench.json_client import Client
from bench.stage import Stage

#: Promised: milliseconds for one page of fifty.
LIMIT_MS = 100.0
TIMES = 20
SHARE = 0.95

Query = Mapping[str, str]


def measure(stage: Stage, *, say: Callable[[str], None]) -> Iterator[Figure]:
    """Return how long each list takes; one request in twenty may be slower."""
    say("lists")
    client = stage.client()
    deep = {path: _deep_cursor(client, path) for path in QUERIES}
    for path, queries in QUERIES.items():
        for name, query in queries.items():
            yield _figure(client, path, name, query())
            if name == "all":
                more = {"cursor": deep[path]}
                yield _figure(client, path, "a deep page", more)


def _ago(days: float) -> str:
    moment = datetime.now(UTC) - timedelta(days=days)
    return moment.isoformat(timespec="seconds")


def _is(**query: str) -> Callable[[], Query]:
    return lambda: query


QUERIES: Mapping[str, Mapping[str, Callable[[], Query]]] = {
    "notifications": {
        "all": _is(),
        "status=pending": _is(status="pending"),
        "status=delivered": _is(status="delivered"),
        "status=dead": _is(status="dead"),
        "status=unknown (none)": _is(status="unknown"),
        "channel=sms": _is(channel="sms"),
        "channel=whatsapp": _is(channel="whatsapp"),
        "kind=booking_confirmed": _is(kind="booking_confirmed"),
        "kind=payment_received (none)": _is(kind="payment_received"),
        "status, channel and kind (none)": _is(
            status="dead", channel="whatsapp", kind="message"
        ),
        "recipient (one)": _is(recipient=RARE_PHONE),
        "recipient (none)": _is(recipient="+491"),
        "booking_id": lambda: {"booking_id": "00000000-0000-7000-8000-000000000000"},
        "since an hour": lambda: {"since": _ago(1 / 24)},
        "until ten days ago": lambda: {"until": _ago(10)},
        "one old hour": lambda: {"since": _ago(9), "until": _ago(9 - 1 / 24)},
        "q=customer (many)": _is(q="customer"),
        "q=quirk (one, old)": _is(q="quirk"),
        "q=a reference": _is(q="200001F"),
    },
    "bookings": {
        "all": _is(),
        "status=completed": _is(status="completed"),
        "status=confirmed": _is(status="confirmed"),
        "status=cancelled (none)": _is(status="cancelled"),
        "from now": lambda: {"from": _ago(0)},
        "to eight days ago": lambda: {"to": _ago(8)},
        "one old day": lambda: {"from": _ago(9), "to": _ago(8)},
        "customer (one)": _is(customer=RARE_PHONE),
        "customer (none)": _is(customer="nobody@example.org"),
        "q=customer (many)": _is(q="customer"),
        "q=quirk (one, old)": _is(q="quirk"),
        "q=a reference": _is(q="200001F"),
    },
    "tasks": {
        "all": _is(),
        "status=sent": _is(status="sent"),
        "status=failed (none)": _is(status="failed"),
        "kind=thumbnail": _is(kind="thumbnail"),
        "queue=low": _is(queue="low"),
    },
}


def _figure(client: Client, path: str, name: str, query: Query) -> Figure:
    waits = []
    found = 0
    for _ in range(TIMES):
        began = time.perf_counter()
        found = len(_ask(client, path, query)["data"])
        waits.append(1000 * (time.perf_counter() - began))
    return Figure(
        name=f"GET /{path}: {name}",
        value=quantile(waits, SHARE),
        unit="ms",
        limit=LIMIT_MS,
        note=f"{found} rows; p50 {median(waits):.1f}, max {max(waits):.1f}",
    )


def _deep_cursor(client: Client, path: str) -> str:
    """Return the cursor of a page far down: twenty thousand rows on, or the last."""
    cursor: Query = {}
    for _ in range(100):
        answer = _ask(client, path, {"limit": "200", **cursor})
        if answer["next_cursor"] is None:
            break
        cursor = {"cursor": answer["next_cursor"]}
    return cursor["cursor"]


def _ask(client: Client, path: str, query: Query) -> dict[str, Any]:
    answer: dict[str, Any] = client.call("GET", f"/api/v1/{path}?{urlencode(query)}")
    return answer
