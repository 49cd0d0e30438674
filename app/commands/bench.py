"""`bench`: answers, deliveries, footprint, the race with peers, and a million rows."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from bench import answers, deliveries, doorbell, footprint, peer_venv, race
from bench.crowd.measure import Crowd
from bench.crowd.measure import measure as measure_crowd
from bench.figures import Figure, table
from bench.stage import stage


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much of everything is measured."""

    answers: answers.Load
    deliveries: int
    rings: int
    idle_for_s: float
    course: race.Course
    crowd: Crowd


FULL = Size(
    answers=answers.Load(),
    deliveries=200,
    rings=500,
    idle_for_s=footprint.IDLE_FOR_S,
    course=race.Course(),
    crowd=Crowd(),
)
QUICK = Size(
    answers=answers.Load(one_client=80, steady_s=3, per_client=20),
    deliveries=40,
    rings=100,
    idle_for_s=2.0,
    course=race.Course(rounds=2, drained=120, singles=10, waiting=300),
    crowd=Crowd(finished=200_000, waiting=20_000, times=100, job_times=10),
)
#: What is measured unless `--only` names parts; the crowd takes minutes by itself.
USUAL = ("box", "doorbell", "race")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    flag = parser.add_argument
    flag(
        "--peers",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run Celery, RQ, Huey and Dramatiq too (installed into .venv-bench)",
    )
    flag(
        "--only",
        nargs="+",
        choices=[*USUAL, "crowd"],
        default=USUAL,
        help="what is measured (crowd: the costs among a million rows; 3 GB of disk)",
    )
    flag("--rounds", type=_count, help="rounds of the race (default: 5, quick: 2)")
    flag("--quick", action="store_true", help="a fifth of the load, for a first look")
    flag("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Measure; exit 0 only if every promise is kept."""
    size = QUICK if arguments.quick else FULL
    parts: Mapping[str, Callable[[], Iterable[Figure]]] = {
        "box": lambda: _measure_box(size),
        "doorbell": lambda: doorbell.measure(count=size.rings, say=_say),
        "race": lambda: _measure_race(size, arguments),
        "crowd": lambda: measure_crowd(size.crowd, say=_say),
    }
    figures = [
        figure
        for name, measure in parts.items()
        if name in arguments.only
        for figure in measure()
    ]
    if arguments.json:
        print(json.dumps([{**asdict(f), "kept": f.kept} for f in figures], indent=2))
    else:
        print("\n" + table(figures))
    return 0 if all(figure.kept for figure in figures) else 1


def _measure_box(size: Size) -> Iterator[Figure]:
    with stage() as found:
        yield from answers.measure(found, size.answers, say=_say)
        yield from deliveries.measure(found, count=size.deliveries, say=_say)
        if not footprint.can_measure():
            _say("CPU and memory are not measured: there is no /proc here.")
            return
        found.wait_until_quiet()
        _say("the idle box")
        yield from footprint.measure(found.box, idle_for_s=size.idle_for_s)


def _measure_race(size: Size, arguments: argparse.Namespace) -> list[Figure]:
    course = size.course.with_rounds(arguments.rounds)
    with_peers = arguments.peers and peer_venv.ready(say=_say)
    return race.measure(course, with_peers=with_peers, say=_say)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one round is needed")
    return number


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
