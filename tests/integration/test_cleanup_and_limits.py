"""Cleanup forgets nothing that a rate limit counts, however short the retention."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.services import queues
from app.services.cleanup import clean_up
from app.storage.tables import attempts
from tests.engine import Engine, open_engine
from tests.house import count

SHORT = """
[queues]
sms = { rate_limit = "3/m" }

[retention]
notifications = "5s"
"""


@pytest.mark.parametrize(
    ("limits", "counted"),
    [
        ({}, timedelta(minutes=1)),
        ({"loyalty": "300/d"}, timedelta(days=1)),
        ({"email": "3/h"}, timedelta(hours=1)),
    ],
    ids=["the file's", "one set while all runs", "one of a channel, set so"],
)
def test_what_a_rate_limit_still_counts_is_kept(
    tmp_path: Path, limits: dict[str, str], counted: timedelta
) -> None:
    with open_engine(tmp_path, policy=SHORT) as engine:
        for queue, rate in limits.items():
            set_limit(engine, queue, rate)
        for number in range(5):
            engine.message(recipient=f"+1415555{number:04}", priority=1)
        engine.work()

        engine.clock.advance(seconds=counted.total_seconds() - 1)
        clean_up(engine.runtime)

        assert count(engine.runtime, attempts) >= 3
        engine.clock.advance(seconds=2)
        clean_up(engine.runtime)
        assert count(engine.runtime, attempts) == 0


def test_a_cleanup_lets_no_more_leave_than_a_rate_limit(tmp_path: Path) -> None:
    with open_engine(tmp_path, policy=SHORT) as engine:
        for number in range(12):
            engine.message(recipient=f"+1415555{number:04}", priority=1)

        for _ in range(5):
            engine.work()
            engine.clock.advance(seconds=10)
            clean_up(engine.runtime)

        assert len(engine.texts) == 3


def set_limit(engine: Engine, queue: str, rate: str) -> None:
    values = {"rate_limit": rate}
    with engine.runtime.database.write() as tx:
        queues.change(tx, engine.runtime, queue, values, by="admin")
