"""The real worker, which dies at one point of its work: `doomed_worker.py POINT MARKS`.

It dies as by kill -9, once for each message that comes to the point, and is born again
at once (forked, which spares each life the second that its imports take). The folder
MARKS holds a file for each death. At some points it is only sick, and is to notice.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from dramatiq import MessageProxy
from dramatiq.worker import _WorkerThread

import worker
from actors import run
from app.broker.consumer import RedisConsumer
from app.broker.rabbit_consumer import RabbitConsumer
from app.channels.base import CALL_S, LookupAnswer, Message, Provider
from app.domain.outcomes import Outcome
from app.services import opening
from app.services.courier import Courier, Ended
from app.services.taking import Taken
from app.storage import delivering
from app.supervisor.parent import FLAG

POINT, MARKS = sys.argv[1], Path(sys.argv[2])
#: Who hears the queue of this box.
CONSUMER = RabbitConsumer if "BROKER_URL" in os.environ else RedisConsumer
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
        self.repeats_safely = provider.repeats_safely

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        if POINT == "before_call":
            die_once(message.key)
        outcome = self._provider.send(message, within_s=within_s)
        if POINT == "after_answer":
            die_once(message.key)
        return outcome

    def look_up(
        self, message: Message, *, since: datetime, within_s: float = CALL_S
    ) -> LookupAnswer:
        if POINT == "look_up":
            die_once(message.key)
        return self._provider.look_up(message, since=since, within_s=within_s)

    def close(self) -> None:
        self._provider.close()


def replace(owner: object, name: str, around: Callable[[Any], Any]) -> None:
    """Put something around a function of a module or a method of a class."""
    setattr(owner, name, around(getattr(owner, name)))


def doom_calls() -> None:
    """Have it die before it calls, with the answer in its hands, or in a look-up."""

    def around(open_providers: Any) -> Any:
        def open_doomed(*arguments: Any) -> Any:
            opened = open_providers(*arguments).items()
            return {
                channel: tuple(DoomedProvider(one) for one in real)
                for channel, real in opened
            }

        return open_doomed

    replace(opening, "open_providers", around)


def doom_claim() -> None:
    """Have it die in the transaction that would claim the message."""

    def around(claim: Any) -> Any:
        def claim_and_die(*arguments: Any, task_id: str, **named: Any) -> Any:
            number = claim(*arguments, task_id=task_id, **named)
            die_once(task_id)
            return number

        return claim_and_die

    replace(delivering, "claim", around)


def doom_commit() -> None:
    """Have it die with the outcome saved, and the next message taken but not sent."""

    def around(record_and_take: Any) -> Any:
        def record_and_die(courier: Courier, ended: Ended) -> Taken:
            taken: Taken = record_and_take(courier, ended)
            die_once(ended.work.row["id"])
            return taken

        return record_and_die

    replace(run, "record_and_take", around)


def doom_ack() -> None:
    """Have it die with everything done but the doorbell's acknowledgement."""

    def around(ack: Any) -> Any:
        def die_or_ack(consumer: Any, message: MessageProxy) -> None:
            die_once(message.args[0])
            ack(consumer, message)

        return die_or_ack

    replace(CONSUMER, "ack", around)


def end_thread(*_arguments: object) -> None:
    """End the thread that comes here, as an error beyond every net would."""
    raise SystemExit


def sleep_for_ever(*_arguments: object) -> None:
    """Never come back."""
    threading.Event().wait()


def deafen() -> None:
    """Have it hang in its queue for ever, and miss that after a moment."""
    replace(CONSUMER, "__next__", lambda _usual: sleep_for_ever)
    worker.DEAF_AFTER_S = 0.5


POINTS: Mapping[str, Callable[[], None]] = {
    "before_claim": doom_claim,
    "before_call": doom_calls,
    "after_answer": doom_calls,
    "after_commit": doom_commit,
    "before_ack": doom_ack,
    "look_up": doom_calls,
    "never": lambda: None,
    # where the process lives on, and is of no use any more
    "dead_thread": lambda: replace(
        _WorkerThread, "process_message", lambda _usual: end_thread
    ),
    "dead_consumer": lambda: replace(CONSUMER, "__next__", lambda _usual: end_thread),
    "deaf_consumer": deafen,
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
