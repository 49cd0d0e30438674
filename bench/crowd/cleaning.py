"""How the API answers while half a million old rows are cleaned up beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from app.storage.database import Database
from app.storage.tables import jobs, tasks
from bench.contestants import message
from bench.figures import Figure, latencies, quantile
from bench.json_client import Client
from bench.stage import Stage

#: Promised: milliseconds by which the p99 may rise.
RISE_MS = 10.0
#: A cleanup begins when it is asked for, not as the box starts.
POLICY = '[schedule]\ncleanup = "0 0 1 1 *"\n'
RATE = 50
CLIENTS = 8
LOOK_EVERY_S = 0.1
DONE_WITHIN_S = 1800.0


@dataclass(frozen=True, kw_only=True)
class Load:
    """How many requests one client sends, and for how long fifty a second come."""

    one_client: int = 600
    steady_s: int = 15


def measure(
    stage: Stage, load: Load, *, say: Callable[[str], None]
) -> Iterator[Figure]:
    """Return the answers' times without and with the cleanup, and its own pace."""
    file = stage.folder / "var" / "bellhop.db"
    _ask_alone(stage, 50)
    say("POST /notifications, nothing else going on")
    before = _answers(stage, load)
    say("POST /notifications, beside the cleanup")
    watch = _Watch(file)
    watch.start(stage.client())
    beside = _answers(stage, load)
    if not watch.is_under_way():
        raise RuntimeError("the cleanup was over before the answers were measured")
    say("the rest of the cleanup")
    watch.wait()
    watch.close()
    for name, without in before.items():
        yield from latencies(f"{name}, no cleanup", without)
        yield from latencies(f"{name}, beside the cleanup", beside[name])
        rise = quantile(beside[name], 0.99) - quantile(without, 0.99)
        yield Figure(
            name=f"{name}, p99 rises by", value=1000 * rise, unit="ms", limit=RISE_MS
        )
    yield from watch.figures()


def _answers(stage: Stage, load: Load) -> dict[str, list[float]]:
    return {
        "one client": _ask_alone(stage, load.one_client),
        f"{RATE} a second": _ask_steadily(stage, load.steady_s * RATE),
    }


def _ask_alone(stage: Stage, count: int) -> list[float]:
    client = stage.client()
    return [_post(client, time.perf_counter()) for _ in range(count)]


def _ask_steadily(stage: Stage, count: int) -> list[float]:
    """Send at fixed moments whatever happens; late answers count from their moment."""
    taken: list[float] = []
    began = time.perf_counter()

    def send(turn: int) -> None:
        client = stage.client()
        for index in range(turn, count, CLIENTS):
            due = began + index / RATE
            time.sleep(max(0.0, due - time.perf_counter()))
            taken.append(_post(client, due))

    threads = [threading.Thread(target=send, args=(turn,)) for turn in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


_posted = 0


def _post(client: Client, since: float) -> float:
    global _posted  # noqa: PLW0603 - each message has a recipient of its own
    _posted += 1
    client.call("POST", "/api/v1/notifications", message(f"+491527{_posted:07}"))
    return time.perf_counter() - since


class _Watch:
    """Looks at the cleanup from outside: its rows, its log, its file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._database = Database(f"sqlite:///{file}")
        self._largest_wal = 0
        self._began = self._took = 0.0

    def start(self, client: Client) -> None:
        """Have the scheduler clean up now."""
        self._rows_before, self._size_before = self._finished(), self._size()
        client.call("POST", "/api/v1/schedule/cleanup/run", {})
        give_up_at = time.monotonic() + DONE_WITHIN_S
        while not self.is_under_way():
            if time.monotonic() > give_up_at:
                raise RuntimeError("the cleanup does not begin")
            time.sleep(LOOK_EVERY_S)
        self._began = time.monotonic()

    def is_under_way(self) -> bool:
        """Tell whether the scheduler says that it is at it."""
        since = sa.select(jobs.c.running_since).where(jobs.c.name == "cleanup")
        with self._database.read() as tx:
            return tx.execute(since).scalar_one_or_none() is not None

    def wait(self) -> None:
        """Wait for its end."""
        while self.is_under_way():
            self._look()
            if time.monotonic() > self._began + DONE_WITHIN_S:
                raise RuntimeError("the cleanup does not end")
            time.sleep(LOOK_EVERY_S)
        self._took = time.monotonic() - self._began
        self._rows_after = self._finished()

    def figures(self) -> Iterator[Figure]:
        """Return how much was cleaned up, how fast, and what became of the file."""
        gone = self._rows_before - self._rows_after
        yield Figure(name="cleaned up", value=gone, unit="tasks")
        yield Figure(name="cleanup", value=gone / self._took, unit="tasks/s")
        yield Figure(
            name="write-ahead log, at most", value=self._largest_wal / 1e6, unit="MB"
        )
        yield Figure(
            name="database file",
            value=self._size() / 1e6,
            unit="MB",
            note=f"before the cleanup {self._size_before / 1e6:.0f}",
        )

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _look(self) -> None:
        log = self._file.with_name(self._file.name + "-wal")
        self._largest_wal = max(self._largest_wal, log.stat().st_size)

    def _size(self) -> int:
        return self._file.stat().st_size

    def _finished(self) -> int:
        finished = sa.select(sa.func.count()).where(tasks.c.finished_at.is_not(None))
        with self._database.read() as tx:
            return int(tx.execute(finished).scalar_one())
