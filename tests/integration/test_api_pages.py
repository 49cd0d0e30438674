"""What browsers and monitors see: headers, a booking's own page, health, readiness."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from itsdangerous import URLSafeSerializer

from app import __version__
from app.clock import utc_now
from app.domain.bookings import BookingStatus, Customer
from app.runtime import Runtime
from app.services import jobs, workers
from app.services.jobs import HEARTBEAT
from app.storage import recovering
from app.storage.tables import bookings
from tests.door import PROBLEM, Answer, Door, assert_problem, open_door
from tests.house import (
    SECRET_KEY,
    change_row,
    in_days,
    make_booking,
    make_runtime,
    make_service,
)
from tests.postgres import about_sqlite
from tests.valkey import ValkeyServer

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
]

#: How the page says it.
STATUSES = {
    BookingStatus.PENDING_PAYMENT: "Waiting for payment",
    BookingStatus.CONFIRMED: "Confirmed",
    BookingStatus.COMPLETED: "Completed",
    BookingStatus.CANCELLED: "Cancelled",
    BookingStatus.NO_SHOW: "Missed",
    BookingStatus.EXPIRED: "Expired",
}


def page_of(door: Door, booking_id: str) -> Answer:
    """Follow the link that the booking's customer was sent."""
    url = door.get(f"/bookings/{booking_id}").json["manage_url"]
    path = url.removeprefix("http://127.0.0.1:8000")
    return door.with_key(None).get(f"/{path}")


def test_every_answer_carries_the_security_headers(door: Door) -> None:
    booking = make_booking(door.runtime)
    answers = [
        door.get("/bookings"),
        door.get("/bookings/none"),
        door.get("//nowhere"),
        door.post("/bookings", {}),
        door.with_key(None).get("/bookings"),
        door.get("//api/docs"),
        door.get("//healthz"),
        door.get("//readyz"),
        page_of(door, booking.id),
    ]

    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self'")
        assert "script-src" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_customer_sees_the_own_booking_in_the_own_time(door: Door) -> None:
    alice = Customer(name="Alice", timezone="Asia/Kolkata", locale="en_GB")
    booking = make_booking(
        door.runtime, customer=alice, start=in_days(3).replace(hour=6), party_size=2
    )

    page = page_of(door, booking.id)

    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")
    for words in ("Yoga", "Alice", booking.reference, "11:30", "€45.00", "2 places"):
        assert words in page.text
    assert "noindex" in page.text


def test_what_a_stranger_wrote_is_shown_and_never_run(door: Door) -> None:
    service = make_service(door.runtime, capacity=100)
    for payload in PAYLOADS:
        booking = make_booking(door.runtime, service, customer=Customer(name=payload))

        text = page_of(door, booking.id).text

        assert "<script" not in text
        assert "<img" not in text
        assert "49" not in text.split("<dt>Name</dt>")[1].split("</dd>")[0]
        assert payload not in text or payload in ("{{ 7 * 7 }}", "javascript:alert(1)")


@pytest.mark.parametrize("status", BookingStatus)
def test_the_page_says_how_the_booking_stands(
    door: Door, status: BookingStatus
) -> None:
    booking = make_booking(door.runtime)
    change_row(door.runtime, bookings, booking.id, status=status)

    text = page_of(door, booking.id).text

    assert f'class="status {status}"' in text
    assert f">{STATUSES[status]}<" in text


def forged(door: Door) -> Iterator[str]:
    booking = make_booking(door.runtime)
    token = door.get(f"/bookings/{booking.id}").json["manage_url"].rpartition("/")[2]
    signed, _, signature = token.rpartition(".")
    last = "A" if signature[10] != "A" else "B"
    yield f"{signed}.{signature[:10]}{last}{signature[11:]}"
    yield signed
    yield f".{signature}"
    yield booking.id
    yield booking.reference
    yield signed_by("another secret", booking.id)
    yield signed_by(SECRET_KEY, booking.id, salt="unsubscribe")
    yield "%00"
    yield "x" * 5000
    yield "\u00e9"


def signed_by(secret: str, booking_id: str, *, salt: str = "manage-booking") -> str:
    """Sign as our links are signed."""
    how = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}
    return URLSafeSerializer(secret, salt=salt, signer_kwargs=how).dumps(booking_id)


def test_a_link_is_signed_with_the_secret_key_for_this_purpose(door: Door) -> None:
    booking = make_booking(door.runtime)

    answer = door.with_key(None).get(f"//b/{signed_by(SECRET_KEY, booking.id)}")

    assert booking.reference in answer.text


def test_a_forged_or_damaged_link_is_404_and_a_page_that_says_what_to_do(
    door: Door,
) -> None:
    for token in forged(door):
        answer = door.with_key(None).get(f"//b/{token}")

        assert answer.status == 404
        assert answer.headers["Content-Type"].startswith("text/html")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "This link is not complete" in answer.text
        assert "Alice" not in answer.text


def test_a_link_to_a_booking_that_is_not_kept_any_more_is_410(door: Door) -> None:
    answer = door.with_key(None).get(f"//b/{signed_by(SECRET_KEY, 'long ago')}")

    assert answer.status == 410
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "no longer here" in answer.text


def test_a_link_is_no_key(door: Door) -> None:
    booking = make_booking(door.runtime)
    token = door.get(f"/bookings/{booking.id}").json["manage_url"].rpartition("/")[2]

    assert_problem(door.with_key(token).get(f"/bookings/{booking.id}"), 401)


def test_healthz_answers_as_long_as_the_process_lives(door: Door) -> None:
    answer = door.with_key(None).get("//healthz")

    assert answer.status == 200
    assert answer.json == {"status": "alive", "version": __version__}


class Whole:
    """A box all of whose parts are well: its API, and what keeps it so."""

    def __init__(self, runtime: Runtime, queue: ValkeyServer, folder: Path) -> None:
        self.door = open_door(runtime).with_key(None)
        self.queue = queue
        self.database = folder / "var" / "bellhop.db"
        self.presence = workers.register(runtime, name="main")
        jobs.note_success(runtime, HEARTBEAT, started_at=utc_now())

    def ready(self) -> Answer:
        """Ask whether the box is ready."""
        return self.door.get("//readyz")

    def names(self) -> set[str]:
        """Return the parts that are said not to be well."""
        answer = self.ready()
        assert answer.status == 503, answer.text
        assert answer.headers["Content-Type"] == PROBLEM
        told: dict[str, str] = answer.json["checks"]
        broken = {name: said for name, said in told.items() if said != "ok"}
        for said in broken.values():
            assert said in answer.json["detail"]
        return set(broken)


@pytest.fixture(name="box")
def whole_box(tmp_path: Path) -> Iterator[Whole]:
    with (
        ValkeyServer(tmp_path) as queue,
        make_runtime(tmp_path, REDIS_URL=queue.url) as runtime,
    ):
        box = Whole(runtime, queue, tmp_path)
        yield box
        box.presence.lock.close()


def test_a_box_whose_parts_are_well_is_ready(box: Whole) -> None:
    answer = box.ready()

    assert answer.status == 200
    assert answer.json == {
        "status": "ready",
        "checks": dict.fromkeys(("database", "queue", "worker", "scheduler"), "ok"),
    }


def test_a_queue_that_is_away_is_named_and_nothing_else(box: Whole) -> None:
    box.queue.kill()

    assert box.names() == {"queue"}


def test_a_worker_that_is_silent_is_named(box: Whole) -> None:
    runtime = box.door.runtime
    with runtime.database.write() as tx:
        recovering.beat(
            tx,
            boot_id=box.presence.boot_id,
            now=utc_now() - timedelta(minutes=2),
        )

    assert box.names() == {"worker"}
    assert "python worker.py" in box.ready().json["detail"]


def test_no_worker_at_all_is_named(box: Whole) -> None:
    workers.leave(box.door.runtime, box.presence)

    assert box.names() == {"worker"}


def test_a_scheduler_that_is_silent_is_named(box: Whole) -> None:
    long_ago = utc_now() - timedelta(minutes=2)
    jobs.note_success(box.door.runtime, HEARTBEAT, started_at=long_ago)

    assert box.names() == {"scheduler"}
    assert "python scheduler.py" in box.ready().json["detail"]


@about_sqlite
@pytest.mark.parametrize("how", ["damaged", "gone"])
def test_a_database_that_cannot_be_read_is_named(box: Whole, how: str) -> None:
    box.door.runtime.database.engine.dispose()
    for rest in box.database.parent.glob("bellhop.db-*"):
        rest.unlink()
    if how == "damaged":
        box.database.write_bytes(b"no database at all" * 500)
    else:
        box.database.unlink()
        box.database.mkdir()

    assert "database" in box.names()
    assert "queue" not in box.names()
    shutil.rmtree(box.database, ignore_errors=True)


@about_sqlite
def test_a_damaged_database_is_503_and_worth_another_try(box: Whole) -> None:
    box.door.runtime.database.engine.dispose()
    box.database.write_bytes(b"no database at all" * 500)

    answer = open_door(box.door.runtime).get("/bookings")

    assert_problem(answer, 503)
    assert int(answer.headers["Retry-After"]) > 0
