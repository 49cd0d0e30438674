"""Small real classes that stand where the house ends: a provider and a doorbell."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

from app.channels.base import CALL_S, LookupAnswer, Message
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.recipients import Channel
from app.errors import QueueUnavailableError

#: What a provider does with a message: an answer, something to happen, or an error.
Act = Outcome | Callable[[], Outcome] | BaseException
#: What it does when it is asked about one.
Telling = LookupAnswer | Callable[[], LookupAnswer] | BaseException


class FakeProvider:
    """Answers as its script says, an entry a message; accepts when it is at its end."""

    def __init__(
        self,
        *,
        name: str = "fake",
        channel: Channel = Channel.SMS,
        repeats_safely: bool = False,
    ) -> None:
        self.name = name
        self.channel = channel
        self.repeats_safely = repeats_safely
        self.script: deque[Act] = deque()
        self.look_ups: deque[Telling] = deque()
        #: Every message that was handed over, and every one that was asked for.
        self.handed: list[Message] = []
        self.asked: list[tuple[Message, datetime]] = []
        #: What it was asked to do, in order: `send`, `look_up`.
        self.calls: list[str] = []
        #: The seconds that each call was given.
        self.given_s: list[float] = []
        self.is_closed = False

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """Note the message, then do what the script says next."""
        self.calls.append("send")
        self.handed.append(message)
        self.given_s.append(within_s)
        act: Act = self.script.popleft() if self.script else self._accepted()
        if isinstance(act, BaseException):
            raise act
        return act if isinstance(act, Outcome) else act()

    def look_up(
        self, message: Message, *, since: datetime, within_s: float = CALL_S
    ) -> LookupAnswer:
        """Note the question, then answer as the script says; unsupported otherwise."""
        self.calls.append("look_up")
        self.asked.append((message, since))
        self.given_s.append(within_s)
        if not self.look_ups:
            return LookupAnswer(lookup=Lookup.UNSUPPORTED)
        answer = self.look_ups.popleft()
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, LookupAnswer) else answer()

    def close(self) -> None:
        """Note that it was closed."""
        self.is_closed = True

    def _accepted(self) -> Outcome:
        number = len(self.handed)
        return Outcome(result=Result.ACCEPTED, provider_message_id=f"fake-{number}")


class FakeDoorbell:
    """Keeps what it rings for; may be away, or fail when it is rung."""

    def __init__(self) -> None:
        self.available = True
        self.fails = False
        #: Rings that nobody has taken: (task id, worker), the oldest first.
        self.rings: list[tuple[str, str]] = []

    def ring(self, task_ids: Sequence[str], *, worker: str = "main") -> None:
        """Keep the rings, or fail."""
        self.ping()
        self.rings += [(task_id, worker) for task_id in task_ids]

    def depth(self, worker: str = "main") -> int:
        """Count what nobody has taken."""
        self.ping()
        return sum(name == worker for _, name in self.rings)

    def ping(self) -> None:
        """Fail if it is to fail."""
        if self.fails:
            raise QueueUnavailableError("The test's queue is away.")

    def close(self) -> None:
        """Do nothing: nothing is held open."""

    def take(self) -> list[str]:
        """Take every ring, as workers would; return the tasks' ids."""
        taken = [task_id for task_id, _ in self.rings]
        self.rings = []
        return taken
