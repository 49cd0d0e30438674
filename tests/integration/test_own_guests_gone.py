"""A group whose guest is cleaned up in the moment in which the group is planned."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from app.storage import own_tasks as store
from app.storage.tables import tasks
from app.work import group
from tests.own import Shed, open_shed
from tests.own_kinds import step, sum_up
from tests.postgres import about_postgresql

pytestmark = about_postgresql


@pytest.fixture(name="shed")
def shed_of_the_house(tmp_path: Path) -> Iterator[Shed]:
    with open_shed(tmp_path) as shed:
        yield shed


def test_a_guest_that_is_cleaned_up_just_then_is_not_waited_for(
    shed: Shed, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = step.with_options(dedupe_key="a")
    earlier = shed.plan(known.wish("a"))
    shed.work()
    insert = store.insert

    def insert_then_clean(tx: sa.Connection, *args: Any, **named: Any) -> object:
        ids = insert(tx, *args, **named)
        with shed.runtime.database.write() as cleanup:
            cleanup.execute(sa.delete(tasks).where(tasks.c.id == earlier))
        return ids

    with monkeypatch.context() as patch:
        patch.setattr(store, "insert", insert_then_clean)
        group_id = group([known.wish("a"), step.wish("b")], then=sum_up.wish())

    assert shed.group(group_id)["total"] == 1
