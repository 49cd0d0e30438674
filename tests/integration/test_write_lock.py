"""The lock of SQLite's one writer: in order, freed by the dead, never leaked."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.storage.lock import FairLock, FileLock
from tests.untraced import untraced
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]

#: Takes the lock so many times; each time it writes a line, and then keeps the lock
#: until somebody else waits for it.
WRITER = """
import sys
from pathlib import Path
from app.storage.lock import FairLock
from tests.integration.test_write_lock import wait_for_somebody
path, turns, lines = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
lock = FairLock(path)
for turn in range(1, turns + 1):
    with lock.held(), open(lines, "a") as file:
        print("written", file=file, flush=True)
        if turn < turns:
            wait_for_somebody(path)
"""
#: Takes the lock, says so, and keeps it until it is killed.
KEEPER = """
import sys
from pathlib import Path
from app.storage.lock import FairLock
with FairLock(Path(sys.argv[1])).held():
    print("held", flush=True)
    sys.stdin.read()
"""


class BreakOffError(BaseException):
    """What a time limit throws into a thread, wherever it is."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "box.lock"


@pytest.fixture
def lock(path: Path) -> Iterator[FairLock]:
    made = FairLock(path)
    yield made
    made.close()


def test_threads_get_the_lock_in_the_order_in_which_they_came(lock: FairLock) -> None:
    order: list[int] = []
    threads = []

    with lock.held():
        for number in range(8):
            thread = in_thread(lock, lambda number=number: order.append(number))
            threads.append(thread)
            wait_in_line(lock, number + 2)
    for thread in threads:
        thread.join()

    assert order == list(range(8))


def test_who_gives_the_lock_back_goes_behind_a_thread_that_waits(
    lock: FairLock,
) -> None:
    order = []

    with lock.held():
        thread = in_thread(lock, lambda: order.append("the one that waited"))
        wait_in_line(lock, 2)
    with lock.held():
        order.append("the one that had it")

    thread.join()
    assert order == ["the one that waited", "the one that had it"]


def test_who_gives_the_lock_back_goes_behind_a_process_that_waits(
    lock: FairLock, path: Path, tmp_path: Path
) -> None:
    lines = tmp_path / "lines"
    turns = 20
    seen = []

    with running(WRITER, path, turns, lines, held_meanwhile=lock):
        for turn in range(1, turns + 1):
            with lock.held():
                seen.append(len(lines.read_text().splitlines()))
                if turn < turns:
                    wait_for_somebody(path)

    assert seen == list(range(1, turns + 1))


def test_a_lock_that_a_killed_process_held_is_free_at_once(
    lock: FairLock, path: Path
) -> None:
    with running(KEEPER, path) as keeper:
        assert keeper.stdout is not None
        assert keeper.stdout.readline() == "held\n"
        assert not FileLock(path).try_acquire()
        keeper.kill()
        keeper.wait()

        thread = in_thread(lock, lambda: None)
        thread.join(timeout=5)

    assert not thread.is_alive()


def test_an_error_while_it_is_held_gives_the_lock_back(lock: FairLock) -> None:
    with pytest.raises(BreakOffError), lock.held():
        raise BreakOffError

    assert can_be_taken(lock)


def test_a_time_limit_at_the_end_of_a_wait_for_a_process_leaks_nothing(
    lock: FairLock, path: Path
) -> None:
    other_process = FairLock(path)
    threads_end: list[BaseException] = []

    with untraced():
        with other_process.held():
            thread = in_thread(lock, lambda: None, threads_end)
            wait_for_somebody(path)
            throw_into(thread)
        thread.join()

    assert [type(error) for error in threads_end] == [BreakOffError]
    assert can_be_taken(lock)
    assert can_be_taken(other_process)
    other_process.close()


def test_a_time_limit_at_the_end_of_a_wait_for_a_thread_leaks_nothing(
    lock: FairLock,
) -> None:
    threads_end: list[BaseException] = []

    with untraced():
        with lock.held():
            thread = in_thread(lock, lambda: None, threads_end)
            wait_in_line(lock, 2)
            throw_into(thread)
        thread.join()

    assert [type(error) for error in threads_end] == [BreakOffError]
    assert can_be_taken(lock)


def in_thread(
    lock: FairLock,
    deed: Callable[[], object],
    errors: list[BaseException] | None = None,
) -> threading.Thread:
    """Do the deed under the lock, in a thread of its own; note how it ended."""

    def work() -> None:
        try:
            with lock.held():
                deed()
        except BaseException as error:
            if errors is None:
                raise
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def throw_into(thread: threading.Thread) -> None:
    """Do what Dramatiq's time limit does to a thread."""
    assert thread.ident is not None
    thrown = ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_long(thread.ident), ctypes.py_object(BreakOffError)
    )
    assert thrown == 1


def can_be_taken(lock: FairLock) -> bool:
    thread = in_thread(lock, lambda: None)
    thread.join(timeout=5)
    return not thread.is_alive()


def wait_in_line(lock: FairLock, length: int) -> None:
    wait_until(
        lambda: len(lock._line) == length, within_s=5, what=f"{length} in the line"
    )


def wait_for_somebody(path: Path) -> None:
    """Wait until somebody stands at the gate of the lock at this path."""
    wait_until(
        lambda: somebody_is_at_the_gate(path), within_s=20, what="somebody waits"
    )


def somebody_is_at_the_gate(path: Path) -> bool:
    gate = FileLock(path.with_name(path.name + ".gate"))
    try:
        return not gate.try_acquire()
    finally:
        gate.close()


@contextmanager
def running(
    script: str, path: Path, *arguments: object, held_meanwhile: FairLock | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run a child; where a lock is given, hold it until the child waits for it."""
    command = [sys.executable, "-c", script, str(path), *map(str, arguments)]
    with ExitStack() as until_it_waits:
        if held_meanwhile is not None:
            until_it_waits.enter_context(held_meanwhile.held())
        child = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        if held_meanwhile is not None:
            wait_for_somebody(path)
    with child:
        yield child
        child.kill()
