"""What is old and finished goes, in small batches; what it counted for stays."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.domain.recipients import Channel
from app.domain.tasks import FINISHED, Status
from app.services import cleanup
from app.services.cleanup import BATCH, clean_up
from app.storage import cleaning
from app.storage.tables import (
    attempts,
    bookings,
    daily_counts,
    idempotency_keys,
    notifications,
    tasks,
)
from tests.engine import Engine, open_engine
from tests.house import change_row, count, make_booking, rows
from tests.postgres import about_sqlite

WEEK = timedelta(days=7)


def finished(
    engine: Engine, *, ago: timedelta, status: str = "sent", **plan: Any
) -> str:
    message = engine.message(**plan)
    engine.put_into(message, Status(status), finished_at=engine.clock.now - ago)
    return message


@pytest.mark.parametrize("status", sorted(FINISHED))
def test_what_ended_more_than_a_week_ago_goes(engine: Engine, status: Status) -> None:
    finished(engine, ago=WEEK + timedelta(milliseconds=1), status=status)
    stays = finished(engine, ago=WEEK, status=status)

    assert clean_up(engine.runtime) == 1
    assert [row["id"] for row in rows(engine.runtime, tasks)] == [stays]


@pytest.mark.parametrize("status", sorted(set(Status) - FINISHED))
def test_what_is_not_finished_never_goes_however_old_it_is(
    engine: Engine, status: Status
) -> None:
    message = engine.message()
    engine.put_into(message, status)

    engine.clock.advance(days=1000)
    clean_up(engine.runtime)

    assert engine.status(message) == status


def test_a_retried_message_is_not_old_any_more(engine: Engine) -> None:
    message = finished(engine, ago=2 * WEEK, status="dead")
    engine.put_into(message, Status.RETRYING, finished_at=None)

    assert clean_up(engine.runtime) == 0


def test_attempts_and_addresses_go_with_it_and_its_booking_stays(
    engine: Engine,
) -> None:
    booking = make_booking(engine.runtime, confirmed=True)
    engine.work()
    assert count(engine.runtime, attempts) == 3
    assert {row["booking_id"] for row in rows(engine.runtime, tasks)} == {booking.id}

    engine.clock.advance(days=8)
    clean_up(engine.runtime)

    left = [
        count(engine.runtime, t) for t in (tasks, notifications, attempts, bookings)
    ]
    assert left == [0, 0, 0, 1]


def test_the_daily_counts_add_up_whatever_the_batches(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "BATCH", 3)
    plans = [
        (8, Channel.SMS, "sent"),
        (8, Channel.SMS, "sent"),
        (8, Channel.EMAIL, "sent"),
        (8, Channel.SMS, "dead"),
        (9, Channel.SMS, "sent"),
        (9, Channel.SMS, "sent"),
        (9, Channel.SMS, "sent"),
    ]
    for days, channel, status in plans:
        finished(engine, ago=timedelta(days=days), channel=channel, status=status)

    assert clean_up(engine.runtime) == 7

    assert counts(engine) == {
        (8, "sms", "sent"): 2,
        (8, "email", "sent"): 1,
        (8, "sms", "dead"): 1,
        (9, "sms", "sent"): 3,
    }


def test_counts_of_one_day_are_added_over_several_cleanups(engine: Engine) -> None:
    finished(engine, ago=timedelta(days=8))
    clean_up(engine.runtime)
    finished(engine, ago=timedelta(days=8))
    clean_up(engine.runtime)
    clean_up(engine.runtime)

    assert counts(engine) == {(8, "sms", "sent"): 2}


def test_a_message_counts_for_the_utc_day_on_which_it_ended(tmp_path: Path) -> None:
    with open_engine(tmp_path, BELLHOP_TIMEZONE="Pacific/Auckland") as engine:
        message = engine.message()
        last = datetime(2026, 5, 22, 23, 59, 59, 999000, tzinfo=UTC)
        engine.put_into(message, Status.SENT, finished_at=last)
        clean_up(engine.runtime)

        (counted,) = rows(engine.runtime, daily_counts)
        assert counted["day"] == (last - datetime(1970, 1, 1, tzinfo=UTC)).days


def test_it_goes_in_small_transactions(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    real = cleaning.clean_batch

    def counted(tx: sa.Connection, **named: Any) -> int:
        sizes.append(real(tx, **named))
        return sizes[-1]

    monkeypatch.setattr(cleaning, "clean_batch", counted)
    with engine.runtime.database.write() as tx:
        tx.execute(sa.insert(tasks), [an_old_row(engine, n) for n in range(BATCH + 7)])

    assert clean_up(engine.runtime) == BATCH + 7
    assert sizes == [BATCH, 7]


def test_a_cleanup_that_is_stopped_leaves_the_rest_to_the_next_one(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping = threading.Event()
    monkeypatch.setattr(cleanup, "_stopping", stopping)
    real = cleaning.clean_batch

    def stopped_meanwhile(tx: sa.Connection, **named: Any) -> int:
        cleanup.stop()
        return real(tx, **named)

    monkeypatch.setattr(cleaning, "clean_batch", stopped_meanwhile)
    with engine.runtime.database.write() as tx:
        tx.execute(sa.insert(tasks), [an_old_row(engine, n) for n in range(BATCH + 7)])

    assert clean_up(engine.runtime) == BATCH
    stopping.clear()
    assert clean_up(engine.runtime) == 7


def test_others_have_their_turn_between_two_batches(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    class Noted(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            pauses.append(timeout or 0.0)
            return self.is_set()

    monkeypatch.setattr(cleanup, "_stopping", Noted())
    with engine.runtime.database.write() as tx:
        tx.execute(sa.insert(tasks), [an_old_row(engine, n) for n in range(BATCH + 7)])

    clean_up(engine.runtime)

    assert len(pauses) == 1
    assert pauses[0] > 0


def test_the_owner_decides_how_long_messages_are_kept(tmp_path: Path) -> None:
    policy = '[retention]\nnotifications = "1h"\n'
    (tmp_path / "bellhop.toml").write_text(policy, encoding="utf-8")
    with open_engine(tmp_path) as engine:
        finished(engine, ago=timedelta(hours=2))

        assert clean_up(engine.runtime) == 1


def test_answers_to_repeated_requests_are_kept_for_a_day(engine: Engine) -> None:
    now = engine.clock.now
    for key, age in (("old", timedelta(hours=24, seconds=1)), ("new", timedelta(0))):
        row = {
            "scope": "admin",
            "key": key,
            "fingerprint": "",
            "status": 201,
            "body": "{}",
            "created_at": now - age,
        }
        with engine.runtime.database.write() as tx:
            tx.execute(sa.insert(idempotency_keys), [row])

    clean_up(engine.runtime)

    assert [row["key"] for row in rows(engine.runtime, idempotency_keys)] == ["new"]


@about_sqlite
def test_what_was_cleaned_up_is_gone_from_the_files(
    engine: Engine, tmp_path: Path
) -> None:
    secret = "the-canary-in-the-text"
    finished(engine, ago=2 * WEEK, text=secret)
    change_row(
        engine.runtime, tasks, rows(engine.runtime, tasks)[0]["id"], reason=secret
    )

    clean_up(engine.runtime)
    with engine.runtime.database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    files = [f for f in (tmp_path / "var").glob("bellhop.db*") if f.is_file()]
    assert [f.name for f in files if secret.encode() in f.read_bytes()] == []


def counts(engine: Engine) -> dict[tuple[int, str, str], int]:
    """Return the daily counts by (days ago, channel, status)."""
    today = (engine.clock.now - datetime(1970, 1, 1, tzinfo=UTC)).days
    return {
        (today - row["day"], row["channel"], row["status"]): row["count"]
        for row in rows(engine.runtime, daily_counts)
    }


def an_old_row(engine: Engine, number: int) -> dict[str, Any]:
    long_ago = engine.clock.now - 2 * WEEK
    return {
        "id": f"old-{number}",
        "kind": "message",
        "queue": "sms",
        "lane": "sms",
        "priority": 50,
        "status": "sent",
        "args": {},
        "created_at": long_ago,
        "due_at": long_ago,
        "useful_until": long_ago,
        "finished_at": long_ago,
        "updated_at": long_ago,
    }
