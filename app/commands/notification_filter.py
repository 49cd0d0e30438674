"""Which notifications are meant: the API's filters, as flags.

Used by `notifications`.
"""

from __future__ import annotations

import argparse
from dataclasses import fields
from datetime import datetime

from app.clock import utc_now
from app.domain.kinds import Kind
from app.domain.moments import read_moment
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.policy import parse_duration
from app.storage.messages import Filter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe one flag for each filter."""
    for name, choices in (("status", Status), ("channel", Channel), ("kind", Kind)):
        words = [str(choice) for choice in choices]
        parser.add_argument(
            f"--{name}", choices=words, metavar=name.upper(), help=", ".join(words)
        )
    parser.add_argument("--booking-id", metavar="ID", help="about this booking")
    parser.add_argument("--recipient", metavar="X", help="to this address or number")
    parser.add_argument(
        "--since",
        type=_moment,
        metavar="WHEN",
        help="planned since: 2h (ago), 7d, or 2026-05-22T14:30:00+02:00",
    )
    parser.add_argument(
        "--until", type=_moment, metavar="WHEN", help="planned before, written alike"
    )
    parser.add_argument("--q", metavar="X", help="name, or a booking's reference")


def read(arguments: argparse.Namespace) -> Filter:
    """Return the filter that the flags make."""
    return Filter(**{f.name: getattr(arguments, f.name) for f in fields(Filter)})


def _moment(text: str) -> datetime:
    try:
        return utc_now() - parse_duration(text)
    except ValueError:
        pass
    try:
        return read_moment(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error}, or how long ago: 2h") from None
