"""Whatever JSON comes to whatever endpoint: an answer below 500, and a true one."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.bookings import Booking
from tests.door import PROBLEM, Answer, Door
from tests.house import make_booking, make_service

#: Examples of each property; together they take a few seconds.
EXAMPLES = 150
#: A house is built once and asked often: what is left in it cannot matter here.
AT_LENGTH = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

#: Texts that have hurt other systems, beside those that chance brings.
NASTY = st.sampled_from(
    [
        "",
        "\x00",
        "\r\nBcc: eve@example.com",
        "=?UTF-8?Q?=0A?=",
        "\u202e",
        "\ufeff",
        "\U0001f9d8" * 50,
        "{{ 7 * 7 }}",
        "${jndi:ldap://x}",
        "' OR 1=1 --",
        "9" * 400,
        "-0",
        "NaN",
        "1e400",
        "2099-01-01T10:00:00Z",
        "2099-01-01T10:00:00",
        "0000-00-00T00:00:00Z",
        "2099-W01-1T10:00:00+23:59",
        "+14155550100",
        "alice@example.org",
        "a@[127.0.0.1]",
        "sms",
        "message",
        "EUR",
        "en_US_POSIX",
        "Etc/GMT+12",
        "24h",
    ]
)
TEXTS = NASTY | st.text(max_size=40)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, -1, 1, 2**31, 2**53 + 1, 2**63, 2**64, 2**70, -(2**70)])
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


def mostly(good: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly what is right, now and then anything at all."""
    return st.integers(0, 7).flatmap(lambda nth: JSON if nth == 0 else good)


def objects(
    needed: dict[str, st.SearchStrategy[Any]], **more: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with the needed fields and some of the others, each mostly right."""
    return st.fixed_dictionaries(
        {name: mostly(good) for name, good in needed.items()},
        optional={name: mostly(good) for name, good in more.items()},
    )


MONEY = objects(
    {"amount": st.integers(0, 10**13), "currency": st.sampled_from(["EUR", "JPY"])}
)
IN_2098 = st.integers(4_039_372_800, 4_070_908_799)
MOMENTS = mostly(IN_2098.map(lambda s: datetime.fromtimestamp(s, UTC).isoformat()))
PHONES = st.just("+14155550100") | st.from_regex(r"\+[0-9]{5,15}", fullmatch=True)
LOCALES = st.sampled_from(["en", "es-MX", "zh-Hant-TW", "en_US_POSIX"]) | TEXTS
CHANNELS = st.sampled_from(["sms", "whatsapp", "email"])
NAMES = st.text(min_size=1, max_size=20) | NASTY
ADDRESSES = {
    "name": NAMES,
    "email": st.just("alice@example.org") | st.emails(),
    "phone": PHONES,
}
FILTER = objects(
    {"status": st.sampled_from(["dead", "sent", "pending"])},
    channel=CHANNELS,
    kind=st.just("message"),
    booking_id=TEXTS,
    recipient=TEXTS,
    since=MOMENTS,
    until=MOMENTS,
    q=TEXTS,
)
REASON = objects({}, reason=NAMES)
MESSAGE = objects({"text": NAMES}, subject=NAMES)
REMINDER = objects(
    {"service_name": NAMES, "start": MOMENTS},
    price=MONEY,
    manage_url=st.just("https://example.com/b/1") | TEXTS,
    party_size=st.integers(0, 1001),
)
#: What each POST is sent; `{booking}` and `{service}` are some that exist.
BODIES: dict[str, st.SearchStrategy[Any]] = {
    "/services": objects(
        {"name": NAMES, "duration_minutes": st.integers(0, 11_000)},
        capacity=st.integers(0, 1001),
        price=MONEY,
        buffer_minutes=st.integers(-1, 11_000),
        reminders=st.lists(st.sampled_from(["24h", "90s"]) | TEXTS, max_size=3),
    ),
    "/bookings": objects(
        {
            "service_id": st.just("{service}"),
            "start": MOMENTS,
            "customer": objects(
                {"name": NAMES},
                email=ADDRESSES["email"],
                phone=PHONES,
                locale=LOCALES,
                timezone=st.sampled_from(["UTC", "Europe/Vienna"]) | TEXTS,
                channels=st.lists(CHANNELS, max_size=3),
            ),
        },
        party_size=st.integers(0, 9),
        notes=TEXTS,
        metadata=st.dictionaries(TEXTS, JSON, max_size=3),
    ),
    "/bookings/{booking}/verify-payment": objects(
        {"provider": st.just("razorpay"), "order_id": NAMES, "payment_id": NAMES},
        signature=TEXTS,
    )
    | objects({"provider": st.just("manual"), "reference": NAMES, "amount": MONEY}),
    "/bookings/{booking}/confirm": REASON,
    "/bookings/{booking}/cancel": REASON,
    "/bookings/{booking}/complete": REASON,
    "/bookings/{booking}/no-show": REASON,
    "/bookings/{booking}/reschedule": objects({"start": MOMENTS}, reason=NAMES),
    "/notifications": st.sampled_from(
        [("message", MESSAGE), ("booking_reminder", REMINDER)]
    ).flatmap(
        lambda kind: objects(
            {
                "kind": st.just(kind[0]),
                "channels": st.lists(CHANNELS, min_size=1, max_size=3),
                "to": objects(ADDRESSES, locale=LOCALES),
                "data": kind[1],
            },
            priority=st.integers(0, 101),
            send_at=MOMENTS,
            useful_until=MOMENTS,
            dedupe_key=NAMES,
            booking_id=st.just("{booking}"),
        )
    ),
    "/notifications/retry": FILTER,
    "/notifications/cancel": FILTER,
}
REQUESTS = st.sampled_from(sorted(BODIES)).flatmap(
    lambda path: st.tuples(st.just(path), mostly(BODIES[path]))
)
QUERIES = st.tuples(
    st.sampled_from(
        ["/services", "/bookings", "/notifications", "/bookings/{booking}"]
    ),
    st.dictionaries(
        st.sampled_from(
            ["limit", "cursor", "status", "from", "to", "customer", "recipient", "q"]
        ),
        TEXTS,
        max_size=3,
    ),
)


def is_answered_well(answer: Answer) -> None:
    """Fail unless the answer is a good one, or a problem document below 500."""
    told = f"{answer.asked}\n{answer.status} {answer.text}"
    assert answer.status < 500, told
    strict = json.loads(answer.text, parse_constant=lambda name: 1 / 0)
    if answer.status >= 400:
        assert answer.headers["Content-Type"] == PROBLEM, told
        assert strict["status"] == answer.status, told
        assert strict["detail"], told


class Shop:
    """The house that is asked, with one thing of each kind in it."""

    def __init__(self, door: Door) -> None:
        self._runtime = door.runtime
        self._service = make_service(door.runtime, capacity=1000)
        self._booking: Booking = make_booking(door.runtime, self._service)

    def renew(self) -> None:
        """Book anew, as the last booking may have come to its end."""
        self._booking = make_booking(self._runtime, self._service)

    def filled(self, text: str) -> str:
        """Put the ids that exist into a path or a body."""
        known = {"{booking}": self._booking.id, "{service}": self._service.id}
        for name, key in known.items():
            text = text.replace(name, key)
        return text


def test_no_json_makes_the_house_stumble(door: Door) -> None:
    shop = Shop(door)

    @AT_LENGTH
    @given(REQUESTS)
    def ask(request: tuple[str, Any]) -> None:
        path, body = request
        if "{booking}" in path:
            shop.renew()
        content = shop.filled(json.dumps(body))
        is_answered_well(door.ask("POST", shop.filled(path), content=content))

    ask()


def test_no_bytes_make_the_house_stumble(door: Door) -> None:
    shop = Shop(door)
    pieces = st.sampled_from(
        [
            b"{",
            b"}",
            b"[",
            b"]",
            b'"',
            b":",
            b",",
            b"\\u",
            b"\\ud800",
            b"e9",
            b"-",
            b"0.",
        ]
    )
    bodies = st.binary(max_size=60) | st.lists(pieces | st.binary(max_size=4)).map(
        b"".join
    )

    @AT_LENGTH
    @given(st.sampled_from(sorted(BODIES)), bodies)
    def ask(path: str, content: bytes) -> None:
        is_answered_well(door.ask("POST", shop.filled(path), content=content))

    ask()


def test_no_query_makes_the_house_stumble(door: Door) -> None:
    shop = Shop(door)

    @AT_LENGTH
    @given(QUERIES)
    def ask(request: tuple[str, dict[str, str]]) -> None:
        path, query = request
        is_answered_well(door.get(shop.filled(path), **query))

    ask()
