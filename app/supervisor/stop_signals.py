"""Turns Ctrl-C, SIGTERM and their like into two flags that `up` looks at.

Used by `box.py` on the main thread. The handlers only set flags: a lock taken in a
handler could be one that the interrupted code holds.
"""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Any, Self

#: Each of them asks `up` to stop; not every system has them all.
ASKING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
#: A person at the keyboard who does it twice does not want to wait.
INSISTING = ("SIGINT", "SIGBREAK")


class StopSignals:
    """While entered, no signal ends this process by itself."""

    def __init__(self) -> None:
        self.asked = False
        self.insisted = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for name in ASKING:
            number = getattr(signal, name, None)
            # nohup ignores SIGHUP for us: let it.
            if number is None or _is_ignored_hangup(number):
                continue
            self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self.asked and signal.Signals(number).name in INSISTING:
            self.insisted = True
        self.asked = True


def _is_ignored_hangup(number: int) -> bool:
    is_hangup = signal.Signals(number).name == "SIGHUP"
    return is_hangup and signal.getsignal(number) == signal.SIG_IGN
