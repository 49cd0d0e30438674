"""`bench`: measures answers, deliveries and the drain rate, all in one run."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from bench import answers, deliveries
from bench.figures import Figure, table
from bench.stage import Stage, stage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("--quick", action="store_true", help="a fifth of the load")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Measure; exit 0 only if every promise is kept."""
    with stage() as found:
        figures = _measure(found, share=5 if arguments.quick else 1)
    if arguments.json:
        print(json.dumps([{**asdict(f), "kept": f.kept} for f in figures], indent=2))
    else:
        print("\n" + table(figures))
    return 0 if all(figure.kept for figure in figures) else 1


def _measure(found: Stage, *, share: int) -> list[Figure]:
    load = answers.Load(
        one_client=400 // share, steady_s=15 // share, per_client=100 // share
    )
    return [
        *answers.measure(found, load, say=_say),
        *deliveries.measure_latency(found, count=200 // share, say=_say),
        *deliveries.measure_drain(found, count=600 // share, rounds=3, say=_say),
    ]


def _say(words: str) -> None:
    print(words, file=sys.stderr)
