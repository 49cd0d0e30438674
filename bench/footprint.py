"""What a tree of processes costs: its share of memory, and of a core while it idles.

Read from Linux' `/proc`; elsewhere there are no such figures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.figures import Figure

PROC = Path("/proc")
IDLE_FOR_S = 10.0
#: Promised: per cent of a core; MB. And what is aimed at.
IDLE_LIMIT, IDLE_AIM = 3.0, 1.0
MEMORY_LIMIT_MB, MEMORY_AIM_MB = 300.0, 240.0


def can_measure() -> bool:
    """Tell whether this system has what is read here."""
    return (PROC / "self" / "smaps_rollup").exists()


def measure(root: int, *, idle_for_s: float = IDLE_FOR_S) -> list[Figure]:
    """Return the idle CPU and the memory of a process and all below it."""
    processes = tree(root)
    used_s = used_while_idle(processes, for_s=idle_for_s)
    percents = {it: 100 * seconds / idle_for_s for it, seconds in used_s.items()}
    megabytes = {it: pss_bytes(it) / 1024**2 for it in processes}
    return [
        Figure(
            name=f"idle, {len(processes)} processes together",
            value=sum(percents.values()),
            unit="% of a core",
            limit=IDLE_LIMIT,
            aim=IDLE_AIM,
            note=_shares(percents, decimals=1),
        ),
        Figure(
            name="memory of all of them (sum of PSS)",
            value=sum(megabytes.values()),
            unit="MB",
            limit=MEMORY_LIMIT_MB,
            aim=MEMORY_AIM_MB,
            note=_shares(megabytes, decimals=0),
        ),
    ]


def used_while_idle(processes: Sequence[int], *, for_s: float) -> dict[int, float]:
    """Return the seconds of a core each used in a while in which nothing was asked."""
    before = {it: cpu_s(it) for it in processes}
    time.sleep(for_s)
    return {it: cpu_s(it) - before[it] for it in processes}


def tree(root: int) -> list[int]:
    """Return a process and all its descendants."""
    parents = {
        int(path.name): int(fields[1])
        for path in PROC.glob("[0-9]*")
        if (fields := _stat(int(path.name)))
    }
    found = [root]
    for process in found:  # grows while it is gone through
        found += [child for child, parent in parents.items() if parent == process]
    return found


def cpu_s(process: int) -> float:
    """Return the seconds of processor time that a process has used so far."""
    user, system = _stat(process)[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def pss_bytes(process: int) -> int:
    """Return a process's memory; what several share is divided among them."""
    lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line[:4] == "Pss:")


def name_of(command: Sequence[str]) -> str:
    """Return the word of a command line by which a person knows the process."""
    words = [word for word in command if word and not word.startswith("-")]
    if "python" in Path(words[0]).name:
        words = words[1:]
    if words[0] == "app":
        words = words[1:]
    return Path(words[0].split()[0]).stem


def _shares(values: Mapping[int, float], *, decimals: int) -> str:
    return ", ".join(
        f"{name_of(_command(it))} {value:.{decimals}f}" for it, value in values.items()
    )


def _command(process: int) -> list[str]:
    return (PROC / str(process) / "cmdline").read_text().split("\0")


def _stat(process: int) -> list[str]:
    """Return the fields from the third on; empty where the process is gone."""
    try:
        text = (PROC / str(process) / "stat").read_text()
    except OSError:
        return []
    # The second field, the program's name, may hold spaces and parentheses.
    return text[text.rindex(")") + 2 :].split()
