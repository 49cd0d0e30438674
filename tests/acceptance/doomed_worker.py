"""The real worker, which dies at one point of its work: `doomed_worker.py POINT MARKS`.

It dies as by kill -9, once for each message that comes to the point, and is born again
at once (forked, which spares each life the second that its imports take). The folder
MARKS holds a file for each death.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import worker
from app.channels.base import LookupAnswer, Message, Provider
from app.domain.outcomes import Outcome
from app.services import delivery, recording
from app.services.courier import Courier
from app.storage import delivering
from app.supervisor.parent import FLAG

POINT, MARKS = sys.argv[1], Path(sys.argv[2])
#: What a shell tells of a process that was ended by SIGKILL.
EXIT_KILLED = 137


def die_once(task_id: str) -> None:
    """End this process at once, unless this message has cost a life already."""
    try:
        (MARKS / task_id).touch(exist_ok=False)
    except FileExistsError:
        return
    os._exit(EXIT_KILLED)


class DoomedProvider:
    """A real provider, with a worker that dies around its calls."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self.name = provider.name
        self.channel = provider.channel

    def send(self, message: Message) -> Outcome:
        if POINT == "before_call":
            die_once(message.key)
        outcome = self._provider.send(message)
        if POINT == "after_answer":
            die_once(message.key)
        return outcome

    def look_up(self, message: Message, *, since: datetime) -> LookupAnswer:
        if POINT == "look_up":
            die_once(message.key)
        return self._provider.look_up(message, since=since)

    def close(self) -> None:
        self._provider.close()


def doom_providers() -> None:
    """Have the worker die before it calls, or with the answer in its hands."""
    open_courier = getattr(worker, OPEN_COURIER)

    def open_doomed(*arguments: Any, **named: Any) -> Courier:
        courier: Courier = open_courier(*arguments, **named)
        doomed = {
            channel: provider and DoomedProvider(provider)
            for channel, provider in courier.providers.items()
        }
        return replace(courier, providers=doomed)

    setattr(worker, OPEN_COURIER, open_doomed)


def doom(module: ModuleType, name: str, *, task_of: Callable[..., str]) -> None:
    """Have the worker die right after this function, whatever it was called with."""
    act = getattr(module, name)

    def act_and_die(*arguments: Any, **named: Any) -> Any:
        result = act(*arguments, **named)
        die_once(task_of(*arguments, **named))
        return result

    setattr(module, name, act_and_die)


def of_transaction(_tx: object, *, task_id: str, **_more: object) -> str:
    return task_id


def of_claim(_courier: object, claim: recording.Claim, *_more: object) -> str:
    return str(claim.row["id"])


OPEN_COURIER = "open_courier"
POINTS: Mapping[str, Callable[[], None]] = {
    # in the transaction that would claim the message
    "before_claim": lambda: doom(delivering, "claim", task_of=of_transaction),
    "before_call": doom_providers,
    "after_answer": doom_providers,
    # with the outcome saved, and what is due next not rung for
    "after_commit": lambda: doom(recording, "_write_patiently", task_of=of_claim),
    # with everything done but the doorbell's acknowledgement
    "before_ack": lambda: doom(delivery, "record", task_of=of_claim),
    "look_up": doom_providers,
    "never": lambda: None,
}


def main() -> int:
    """Live on and on; return the exit code of a life that ended by itself."""
    POINTS[POINT]()
    while True:
        child = os.fork()
        if not child:
            os._exit(worker.main([FLAG]))
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code not in (EXIT_KILLED, -signal.SIGKILL):
            return code


if __name__ == "__main__":
    sys.exit(main())
