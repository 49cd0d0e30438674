"""Looks after all children of `up`: one keeper each, stopped in order.

Made and used by `box.py` on its main thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from app.errors import StartError
from app.logs import fields
from app.supervisor.child import Child
from app.supervisor.console import Console
from app.supervisor.keeper import Keeper

log = logging.getLogger(__name__)

#: Seconds between two looks while something is awaited.
LOOK_AGAIN_S = 0.05
#: A part that ended this often before the box was ever ready will not come up.
HOPELESS_AFTER = 3
#: Seconds for a killed process to be gone.
DIES_WITHIN_S = 5.0


class Supervisor:
    """The children that run, in the order in which they were started."""

    def __init__(self, *, console: Console, run_dir: Path) -> None:
        self._console = console
        self._run_dir = run_dir
        self._keepers: list[Keeper] = []
        self._someone_has_bad_settings = False

    def start(self, child: Child) -> Keeper:
        """Start a child and keep it running."""
        keeper = Keeper(
            child,
            console=self._console,
            run_dir=self._run_dir,
            on_bad_settings=self._note_bad_settings,
        )
        self._keepers.append(keeper)
        keeper.start()
        return keeper

    def with_bad_settings(self) -> Keeper | None:
        """Return the keeper whose child cannot run with these settings, if any."""
        if not self._someone_has_bad_settings:
            return None
        return next(k for k in self._keepers if k.has_bad_settings)

    def check_hope(self) -> None:
        """Raise StartError when a child keeps ending before the box was ready."""
        for keeper in self._keepers:
            if keeper.deaths >= HOPELESS_AFTER:
                raise StartError(
                    f"{keeper.child.name} does not come up "
                    f"(it ended {keeper.deaths} times). Its last words:\n"
                    + "\n".join(keeper.last_lines)
                )

    def forget(self, keeper: Keeper) -> None:
        """Kill a child that never came up, and look after it no more."""
        keeper.kill()
        keeper.has_stopped(within_s=DIES_WITHIN_S)
        self._keepers.remove(keeper)

    def stop(self, *, in_a_hurry: Callable[[], bool]) -> bool:
        """Stop all children, rank by rank; tell whether none had to be killed."""
        in_order = sorted(self._keepers, key=lambda k: k.child.stop_rank)
        all_clean = True
        for _rank, group in groupby(in_order, key=lambda k: k.child.stop_rank):
            all_clean &= self._stop_together(list(group), in_a_hurry)
        return all_clean

    def _stop_together(
        self, keepers: list[Keeper], in_a_hurry: Callable[[], bool]
    ) -> bool:
        for keeper in keepers:
            log.info("Stopping", extra=fields("part_stopping", part=keeper.child.name))
            keeper.tell_to_stop()
        within_s = max(keeper.child.stop_within_s for keeper in keepers)
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline and not in_a_hurry():
            if all(keeper.has_stopped(within_s=LOOK_AGAIN_S) for keeper in keepers):
                return True
        return self._kill(keepers)

    def _kill(self, keepers: Iterable[Keeper]) -> bool:
        was_needed = False
        for keeper in keepers:
            if keeper.has_stopped(within_s=0):
                continue
            was_needed = True
            log.warning("Killing", extra=fields("part_killed", part=keeper.child.name))
            keeper.kill()
            keeper.has_stopped(within_s=DIES_WITHIN_S)
        return not was_needed

    def _note_bad_settings(self) -> None:
        self._someone_has_bad_settings = True
