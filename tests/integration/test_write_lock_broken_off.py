"""A time limit leaks nothing of the lock of SQLite's writer, wherever it comes."""

from __future__ import annotations

import contextlib
import dis
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any

from app.storage import lock as lock_module
from app.storage.lock import FairLock
from tests.integration.test_write_lock import (
    BreakOffError,
    can_be_taken,
    in_thread,
    wait_in_line,
)
from tests.untraced import untraced

#: After these steps Python looks whether another thread has thrown something into it.
LETS_IN = ("RESUME", "CALL", "CALL_FUNCTION_EX", "JUMP_BACKWARD")
#: Taking the lock and giving it back has more of them than this.
LEAST_STEPS = 20
LOCKS_CODE = (lock_module.__file__, contextlib.__file__)


class Striker:
    """A tracer that breaks the lock's code off, at the steps where Python would."""

    def __init__(self, step: int) -> None:
        self._steps_left = step
        #: What each frame has just done. By its id: who keeps a frame keeps the lock.
        self._done: dict[int, str] = {}

    def __call__(self, frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename not in LOCKS_CODE:
            return None
        frame.f_trace_opcodes = True
        if event == "call":
            self._done.pop(id(frame), None)
        elif event == "opcode":
            if self._done.get(id(frame)) in LETS_IN:
                self._steps_left -= 1
            if self._steps_left < 0:
                raise BreakOffError
            self._done[id(frame)] = dis.opname[frame.f_code.co_code[frame.f_lasti]]
        return self


def test_a_time_limit_leaks_nothing_at_whatever_step_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "box.lock"
    lock, other_process = FairLock(path), FairLock(path)
    step = 0

    with untraced():
        while is_struck_at(step, lock):
            assert can_be_taken(lock), f"struck at step {step}"
            assert can_be_taken(other_process), f"struck at step {step}"
            step += 1

    assert step > LEAST_STEPS
    lock.close()
    other_process.close()


def is_struck_at(step: int, lock: FairLock) -> bool:
    """Take the lock and give it back to one who waits, but break off at this step."""
    waiting: list[threading.Thread] = []
    try:
        sys.settrace(Striker(step))
        with lock.held():
            waiting.append(in_thread(lock, lambda: None))
            wait_in_line(lock, 2)
    except BreakOffError:
        return True
    finally:
        sys.settrace(None)
        for thread in waiting:
            thread.join(timeout=5)
    return False
