"""The table of services: which processes `up` starts and how each is stopped.

Read by `commands/up.py`. A new service of the box is one more line here.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from app.supervisor.child import Child
from app.supervisor.parent import FLAG

ROOT = Path(__file__).resolve().parents[2]
MAIN = "main"
#: Seconds: a worker finishes its message, which may take a provider's deadline.
WORKER_STOP_S = 50.0
#: Seconds: answers and jobs in hand are short.
SERVICE_STOP_S = 20.0


def services(
    *,
    environment: Mapping[str, str],
    worker_names: Collection[str],
    main_workers: int,
) -> list[Child]:
    """Return the services in the order in which they start.

    They stop by rank: first nothing new comes in, then nothing new is handed out,
    then what is in hand is finished.
    """
    return [
        Child(
            name="api",
            command=(sys.executable, "-m", "app", "api", FLAG),
            environment=environment,
            stop_rank=1,
            stop_within_s=SERVICE_STOP_S,
        ),
        *(
            _worker(worker, label, environment)
            for worker, label in _labels(worker_names, main_workers)
        ),
        Child(
            name="scheduler",
            command=(sys.executable, str(ROOT / "scheduler.py"), FLAG),
            environment=environment,
            stop_rank=2,
            stop_within_s=SERVICE_STOP_S,
        ),
    ]


def _worker(worker: str, label: str, environment: Mapping[str, str]) -> Child:
    named = () if worker == MAIN else ("--name", worker)
    return Child(
        name=label,
        command=(sys.executable, str(ROOT / "worker.py"), *named, FLAG),
        environment=environment,
        stop_rank=3,
        stop_within_s=WORKER_STOP_S,
    )


def _labels(worker_names: Collection[str], main_workers: int) -> list[tuple[str, str]]:
    """Return each worker's name and its label: `worker`, `worker-2`, `worker-media`."""
    main = [
        (MAIN, "worker" if nth == 1 else f"worker-{nth}")
        for nth in range(1, main_workers + 1)
    ]
    others = sorted(set(worker_names) - {MAIN})
    return main + [(name, f"worker-{name}") for name in others]
