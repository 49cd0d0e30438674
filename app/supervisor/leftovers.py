"""Ends what an earlier `up` left running, and only that.

Each child holds a file of its own (POSIX) for as long as it or a child of it lives,
with its process group in it. Held means alive, so the group is ours: no number of a
process is ever trusted by itself. On Windows the children see to themselves.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

from app.errors import StartError
from app.held_file import HeldFile
from app.logs import fields

log = logging.getLogger(__name__)

#: Seconds for a child that ends by itself because its parent is gone.
ENDS_BY_ITSELF_S = 1.0
#: Seconds after SIGTERM (a worker finishes its message), and after SIGKILL.
STOPS_WITHIN_S = 50.0
DIES_WITHIN_S = 5.0
SUFFIX = ".lock"


def lock_of(run_dir: Path, name: str) -> Path:
    """Return the file that the child of that name holds."""
    return run_dir / f"{name}{SUFFIX}"


def end_all(run_dir: Path) -> None:
    """End every child of an earlier `up` that still runs."""
    for path in sorted(run_dir.glob(f"*{SUFFIX}")):
        with HeldFile(path) as held:
            take_over(held, name=path.stem)


def take_over(held: HeldFile, *, name: str) -> None:
    """Hold a child's file; end the process that still does, if there is one."""
    if held.try_hold():
        return
    group = held.read_note().strip()
    log.warning(
        "A part of an earlier start still runs, ending it",
        extra=fields("leftover_found", part=name, pid=group or "unknown"),
    )
    if held.hold(within_s=ENDS_BY_ITSELF_S) or (group and _end(held, int(group))):
        return
    raise StartError(
        f"A part of an earlier start ({name}, process {group or 'unknown'}) does not "
        f"end. End it by hand, then start Bellhop again."
    )


def _end(held: HeldFile, group: int) -> bool:
    _signal_group(group, signal.SIGTERM)
    if held.hold(within_s=STOPS_WITHIN_S):
        return True
    kill_group(group)
    return held.hold(within_s=DIES_WITHIN_S)


def kill_group(group: int) -> None:
    """Kill a child together with its own children (POSIX; elsewhere nothing)."""
    if sys.platform != "win32":
        _signal_group(group, signal.SIGKILL)


def _signal_group(group: int, number: signal.Signals) -> None:
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
