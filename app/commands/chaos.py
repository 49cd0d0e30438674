"""`chaos`: the proof by the provider's ledger, on a box of its own that is broken.

Sends nothing anywhere: the providers are the simulator. Never touches the box that
runs here, its database or its queue.
"""

from __future__ import annotations

import argparse
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from app.chaos import remote_queue
from app.chaos.account import Account, Fate
from app.chaos.run import Size
from app.chaos.run import run as run_chaos
from app.chaos.scratch import Scratch
from app.commands.printing import add_json, counted, say, say_json, show_progress
from app.domain.recipients import Channel
from app.errors import BellhopError

FULL = Size(messages=1000, kills=200)
QUICK = Size(messages=100, kills=20)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's flags."""
    flag = parser.add_argument
    flag("--messages", type=_count, help=f"how many are sent ({FULL.messages})")
    flag("--kills", type=_count, help=f"how often a worker is killed ({FULL.kills})")
    flag(
        "--quick",
        action="store_true",
        help=f"{QUICK.messages} messages and {QUICK.kills} kills, for a first look",
    )
    flag("--seed", type=int, help="repeat the choices of an earlier run")
    flag("--keep", action="store_true", help="keep the folder with database and logs")
    flag(
        "--database-url",
        metavar="URL",
        help="a PostgreSQL, asked for a new database, instead of SQLite",
    )
    flag(
        "--broker-url",
        metavar="URL",
        help="a RabbitMQ (amqp://) or Redis (redis://) instead of an own Valkey",
    )
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Break a box; exit 0 only if nothing was lost, and doubled but where allowed."""
    if sys.platform == "win32":
        raise BellhopError("The chaos run needs Linux or macOS: it kills with signals.")
    usual = QUICK if arguments.quick else FULL
    size = Size(
        messages=arguments.messages or usual.messages,
        kills=arguments.kills or usual.kills,
    )
    seed = secrets.randbelow(10**6) if arguments.seed is None else arguments.seed
    if arguments.broker_url is not None:
        remote_queue.knock(arguments.broker_url)
    scratch = Scratch(arguments.database_url)
    is_proof = False
    try:
        with _stopped_by_signals():
            account = run_chaos(
                scratch,
                size,
                seed=seed,
                say=show_progress,
                broker_url=arguments.broker_url,
            )
        is_proof = account.is_kept
        _tell(account, as_json=arguments.json)
    except KeyboardInterrupt:
        is_proof = True  # nothing to look into
        raise
    finally:
        if is_proof and not arguments.keep:
            scratch.remove()
        else:
            show_progress(f"Database, ledger and logs are kept in {scratch}.")
    return 0 if is_proof else 1


def _tell(account: Account, *, as_json: bool) -> None:
    if as_json:
        say_json({**figures(account), "kept": account.is_kept})
        return
    for one in account.unexplained:
        say(str(one))
    rows = [(name.replace("_", " "), value) for name, value in _flat(figures(account))]
    width = max(len(name) for name, _ in rows)
    say("\n".join(f"{name:{width}}  {value:>8}" for name, value in rows))
    say(f"\n{verdict(account)}")


def figures(account: Account) -> dict[str, Any]:
    """Return the ledger of a run, as `--json` prints it."""
    held = [one for one in account.judged if one.fate is Fate.HELD]
    return {
        "seed": account.seed,
        "planned": len(account.judged),
        "delivered_once": account.count(Fate.ONCE),
        "called_off": account.count(Fate.CALLED_OFF),
        "held_for_a_person": {
            "arrived": sum(one.copies for one in held),
            "did_not": sum(not one.copies for one in held),
        },
        "lost": account.count(Fate.LOST),
        "doubled": {
            "with_look_up": account.doubled(Channel.SMS),
            "without": account.doubled(Channel.EMAIL),
        },
        "kills": account.kills,
        "kills_inside_the_window": {
            "with_look_up": account.cuts.get(Channel.SMS, 0),
            "without": account.cuts.get(Channel.EMAIL, 0),
            "share": f"{account.cut / account.kills:.0%}",
        },
        "troubles": dict(sorted(account.troubles.items())),
        "workers_that_ended_by_themselves": sum(account.ended_alone.values()),
        "ended_by_themselves": dict(account.ended_alone),
        "requests_asked_again": account.asked_again,
        "seconds": round(account.seconds),
    }


def verdict(account: Account) -> str:
    """Return the one sentence that matters."""
    planned = counted(len(account.judged), "message")
    told = (
        f"{planned}, {counted(account.kills, 'kill')}: "
        f"{account.count(Fate.LOST)} lost, "
        f"{account.doubled(Channel.SMS)} doubled where the provider can be asked, "
        f"{account.doubled(Channel.EMAIL)} where it cannot (at most the "
        f"{account.cuts.get(Channel.EMAIL, 0)} that a kill left open)"
    )
    if account.is_kept:
        return f"Promise kept: {told}."
    return f"PROMISE BROKEN: {told}. Seed {account.seed}."


def _flat(tree: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from ((f"{name}: {inner}", count) for inner, count in value.items())
        else:
            yield name, value


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does: with everything cleaned up."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_ENDING = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)
]


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one is needed")
    return number
