"""What the race makes of its turns, and that each peer is there to be run."""

from __future__ import annotations

import pytest

from bench.children import ROOT
from bench.contestants import PEERS, Turn
from bench.figures import Figure
from bench.race import Course, no_later, rates, ratios, waking


def turns(*rate: float) -> list[Turn]:
    return [Turn(rate=each) for each in rate]


def woken(*milliseconds: float) -> list[Turn]:
    waits = [each / 1000 for each in milliseconds]
    return [Turn(rate=1, since_return=waits, since_call=[2 * each for each in waits])]


def by_name(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures}


def test_a_rate_is_the_median_of_the_rounds() -> None:
    (figure,) = rates({"Bellhop": turns(100, 300, 220)})

    assert figure.value == 220
    assert figure.note == "rounds 100 to 300"


def test_a_ratio_compares_what_ran_in_the_same_round() -> None:
    # The machine was slow in the second round, for both alike.
    found = by_name(
        ratios({"Bellhop": turns(300, 30, 310), "Celery": turns(200, 20, 200)})
    )

    assert found["drain rate, Bellhop / Celery"].value == pytest.approx(1.5)


def test_being_behind_a_peer_breaks_a_promise_but_behind_the_loop_does_not() -> None:
    found = ratios(
        {
            "Bellhop": turns(90),
            "Huey": turns(100),
            "loop without a queue": turns(200),
        }
    )

    assert [figure.kept for figure in found] == [False, True]


def test_only_bellhop_promises_to_be_early() -> None:
    slow = woken(90, 90, 90)

    assert not any(figure.kept for figure in waking("Bellhop", slow))
    assert all(figure.kept for figure in waking("Celery", slow))


def test_latency_is_told_from_both_ends_of_the_call() -> None:
    median, _ = waking("Celery", woken(3, 4, 5))

    assert median.value == pytest.approx(4)
    assert median.note == "from the call's beginning 8.00"


def test_being_later_than_any_one_peer_breaks_a_promise() -> None:
    (figure,) = no_later({"Bellhop": woken(3), "RQ": woken(9), "Huey": woken(2)})

    assert figure.value == pytest.approx(1.5)
    assert figure.note == "Huey"
    assert not figure.kept


def test_without_peers_nobody_can_be_earlier() -> None:
    assert no_later({"Bellhop": woken(3)}) == []


def test_the_number_of_rounds_can_be_chosen() -> None:
    course = Course(rounds=5, singles=100)

    assert course.with_rounds(3).rounds == 3
    assert course.with_rounds(None) == course


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_every_peer_has_its_file(peer: object) -> None:
    module = getattr(peer, "module", "")

    assert (ROOT / "bench" / "peers" / f"{module}.py").is_file()
