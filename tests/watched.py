"""A provider that keeps the order: it checks each message, and knows what it took."""

from __future__ import annotations

from collections import deque
from datetime import datetime

import sqlalchemy as sa

from app.channels.base import CALL_S, LookupAnswer, Message
from app.domain.outcomes import Lookup, Outcome
from app.domain.tasks import UNDER_WAY
from app.storage.tables import tasks
from tests.engine import Engine
from tests.fakes import FakeProvider
from tests.house import rows


class Watched(FakeProvider):
    """Checks each message that it is handed, and remembers what it has taken."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        #: How often each message was taken, known to us or not.
        self.taken: dict[str, int] = {}
        #: What goes wrong with the next questions; after these the truth is told.
        self.trouble: deque[LookupAnswer | BaseException] = deque()

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        row = self._engine.row(message.key)
        assert row["status"] == "sending"
        assert not self._earlier_under_way(row), "a later message went first"
        if not self.script:
            self.take(message)
        return super().send(message, within_s=within_s)

    def take(self, message: Message) -> None:
        self.taken[message.key] = self.taken.get(message.key, 0) + 1

    def look_up(
        self, message: Message, *, since: datetime, within_s: float = CALL_S
    ) -> LookupAnswer:
        if self.trouble:
            answer = self.trouble.popleft()
            if isinstance(answer, BaseException):
                raise answer
            return answer
        if self.taken.get(message.key):
            return LookupAnswer(lookup=Lookup.FOUND, provider_message_id=message.key)
        return LookupAnswer(lookup=Lookup.NOT_FOUND)

    def _earlier_under_way(self, row: sa.RowMapping) -> list[str]:
        return [
            other["id"]
            for other in rows(self._engine.runtime, tasks, order_key=row["order_key"])
            if other["seq"] < row["seq"] and other["status"] in UNDER_WAY
        ]
