"""Silence counts only as far as this process could have heard something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from app.domain.heartbeats import Heartbeats

BEAT = datetime(2027, 1, 18, 9, 0, tzinfo=UTC)
LATER = BEAT + timedelta(seconds=5)
EXPIRY = timedelta(seconds=30)


def is_over(seen: Heartbeats, now_s: float, heartbeat_at: datetime = BEAT) -> bool:
    return seen.is_over("one", heartbeat_at=heartbeat_at, now_s=now_s, expiry=EXPIRY)


def test_whoever_looks_for_the_first_time_calls_nobody_dead() -> None:
    assert not is_over(Heartbeats(), 1_000_000)


def test_any_change_is_a_sign_of_life_even_to_an_earlier_moment() -> None:
    seen = Heartbeats()
    looks = [(0, LATER), (10, LATER), (20, LATER), (29, BEAT), (39, BEAT), (49, BEAT)]

    assert not any(is_over(seen, now_s, beat) for now_s, beat in looks)
    assert not is_over(seen, 58.9)
    assert is_over(seen, 59)


def test_a_long_time_without_a_look_counts_as_a_third_of_the_expiry() -> None:
    seen = Heartbeats()

    # 10 + 10 s; the hour counts as 10 s.
    assert not is_over(seen, 0)
    assert not is_over(seen, 3600)
    assert not is_over(seen, 3610)
    assert not is_over(seen, 3619.9)
    assert is_over(seen, 3620)


def test_a_worker_that_is_known_no_more_is_forgotten() -> None:
    seen = Heartbeats()
    for now_s in (0, 10, 20):
        is_over(seen, now_s)

    seen.forget_all_but({"another"})

    assert not is_over(seen, 30)
