"""`up`: the whole box on this machine, from the first check to the clean stop."""

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType

from app.channels.table import OUTBOX, channel_modes
from app.config import load
from app.errors import BellhopError
from app.logs import fields
from app.policy import Policy, load_policy
from app.supervisor import box, migration
from app.supervisor.child import Child
from app.supervisor.services import services

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "--demo",
        action="store_true",
        help="book, pay and move a few appointments, to have something to see",
    )
    parser.add_argument(
        "--workers",
        type=_count,
        default=1,
        metavar="N",
        help="how many workers named main to run (default: 1)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the box until Ctrl-C."""
    settings = load()
    policy = load_policy(settings.policy_file)
    modes = channel_modes(settings)
    if arguments.demo:
        _demo().check_preview(modes)
    outbox = settings.data_dir / OUTBOX
    plan = box.Plan(
        services=partial(_services, policy=policy, main_workers=arguments.workers),
        migrate=migration.migrate,
        modes=modes,
        on_ready=partial(_play_demo, outbox=outbox) if arguments.demo else None,
    )
    return box.run(settings, plan=plan)


def _services(
    environment: Mapping[str, str], *, policy: Policy, main_workers: int
) -> Sequence[Child]:
    names = {queue.worker for queue in policy.queues.values()}
    return services(
        environment=environment, worker_names=names, main_workers=main_workers
    )


def _play_demo(base_url: str, api_key: str, *, outbox: Path) -> None:
    """Play beside the watching of the children, so that Ctrl-C is heard meanwhile."""
    threading.Thread(
        target=_run_demo, args=(base_url, api_key, outbox), daemon=True
    ).start()


def _run_demo(base_url: str, api_key: str, outbox: Path) -> None:
    try:
        _demo().run_against(base_url, api_key, outbox=outbox)
    except BellhopError as error:
        log.warning("The demo stopped", extra=fields("demo_stopped", why=str(error)))


def _demo() -> ModuleType:
    # Loaded where it is asked for: it brings formats and tables of currencies.
    from app.commands import demo  # noqa: PLC0415 - see above

    return demo


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least one worker is needed")
    return number
