"""Ids: UUIDs of version 7 that rise, whatever the clock does; references to say."""

from __future__ import annotations

import threading
import time
from uuid import UUID

import pytest

from app.domain import ids
from app.domain.ids import new_id, new_reference


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_front() -> None:
    before = time.time_ns() // 1_000_000
    made = UUID(new_id())
    after = time.time_ns() // 1_000_000

    assert made.version == 7
    assert made.variant == "specified in RFC 4122"
    assert before <= made.int >> 80 <= after + 1_000  # others may have run ahead


def test_ids_rise_within_one_millisecond(monkeypatch: pytest.MonkeyPatch) -> None:
    stop_clock(monkeypatch)

    made = [new_id() for _ in range(10_000)]  # more than the counter's 4,096

    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {UUID(one).version for one in made} == {7}


def test_ids_rise_although_the_clock_is_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = new_id()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_000_000_000)

    assert before < new_id() < new_id()


def test_ids_of_many_threads_are_never_the_same() -> None:
    made: list[list[str]] = [[] for _ in range(8)]
    threads = [
        threading.Thread(target=lambda mine=mine: mine.extend(many())) for mine in made
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    everything = [one for mine in made for one in mine]
    assert len(set(everything)) == len(everything) == 8_000
    assert all(mine == sorted(mine) for mine in made)


def test_the_random_part_is_another_one_each_time() -> None:
    made = [UUID(new_id()).int & (2**62 - 1) for _ in range(100)]

    assert len(set(made)) == 100


def test_a_reference_has_no_letters_that_sound_or_look_alike() -> None:
    letters = {letter for _ in range(1_000) for letter in new_reference()}

    assert not letters & set("01OILU")
    assert {len(new_reference()) for _ in range(10)} == {7}


def many() -> list[str]:
    return [new_id() for _ in range(1_000)]


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time_ns()
    monkeypatch.setattr(ids.time, "time_ns", lambda: now)
