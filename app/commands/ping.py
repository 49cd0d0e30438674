"""`ping`: a task that does nothing, sent through the whole pipeline, with its time.

For whoever wants to know whether the box works: database, queue and worker are asked,
and no provider.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import sqlalchemy as sa

from app import config
from app.clock import utc_now
from app.commands.printing import add_json, say, say_json, show_progress
from app.domain.own_tasks import State, state_of
from app.domain.tasks import CANCELLABLE, Status
from app.runtime import Runtime, open_runtime
from app.services import dispatch, health, own_tasks, patience
from app.services.actors_found import load_actors

KIND = "ping"
#: Seconds in which a worker answers, unless it has something long in hand.
WITHIN_S = 15.0
BUSY = (
    "Everything seems to be there, but the worker is busy with something long: "
    "`python3 bellhop.py inspect active` shows what."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's flags."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Send one; 0 only if a worker has answered."""
    with open_runtime(config.load(), registry=load_actors()) as runtime:
        if not arguments.json:
            show_progress("Waiting for a worker …")
        began = time.monotonic()
        task_id = _send(runtime)
        patience.wait_for_end(runtime, task_id, within_s=WITHIN_S)
        took_ms = round((time.monotonic() - began) * 1000, 1)
        with runtime.database.read() as tx:
            row = own_tasks.find(tx, task_id)
        is_done = state_of(Status(row["status"])) is State.DONE
        why = [] if is_done else _what_is_wrong(runtime, row)
        if not is_done:
            _call_off(runtime, row)
    if arguments.json:
        say_json(_answer(row, took_ms=took_ms, why=why))
    else:
        say(_told(row, took_ms=took_ms, why=why))
    return 0 if is_done else 1


def _send(runtime: Runtime) -> str:
    wish = runtime.registry.find(KIND).with_options().wish()
    return dispatch.perform(
        runtime, lambda tx: own_tasks.insert_task(tx, runtime, wish, now=utc_now())
    )


def _what_is_wrong(runtime: Runtime, row: sa.RowMapping) -> list[str]:
    """Say why no worker has answered, as far as the rows and the servers tell."""
    found = [row["reason"]] if row["reason"] else []
    found += [
        f"{check.name.capitalize()}: {check.detail}"
        for check in health.checks(runtime)
        if not check.ok
    ]
    return found or [BUSY]


def _call_off(runtime: Runtime, row: sa.RowMapping) -> None:
    """Leave nothing behind that would be answered later for nobody."""
    if Status(row["status"]) in CANCELLABLE:
        dispatch.perform(
            runtime,
            lambda tx: own_tasks.cancel(tx, runtime, row["id"], now=utc_now()),
        )


def _answer(row: sa.RowMapping, *, took_ms: float, why: list[str]) -> dict[str, Any]:
    return {
        "ok": not why,
        "ms": took_ms,
        "task_id": row["id"],
        "status": row["status"],
        "worker": row["result"],
        "problems": why,
    }


def _told(row: sa.RowMapping, *, took_ms: float, why: list[str]) -> str:
    if not why:
        worker = row["result"]
        place = f"process {worker['pid']} on {worker['host']}"
        return f"pong: {took_ms:g} ms, by the worker in {place}."
    lines = "\n".join(f"- {line}" for line in why)
    return f"No worker has answered in {took_ms / 1000:.0f} s.\n{lines}"
