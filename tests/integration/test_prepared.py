"""Statements of the hot path: compiled once, and the same on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from app.runtime import Runtime
from app.storage.inserting import insert_new
from app.storage.prepared import Prepared
from app.storage.tables import daily_counts, services
from app.storage.types import Moment, moment_of
from tests.clock import USUAL
from tests.house import make_runtime

ROW = {"day": 1, "channel": "sms", "kind": "code", "status": "sent", "count": 2}
INSERT = Prepared(
    sa.insert(daily_counts).values({name: sa.bindparam(name) for name in ROW})
)
RAISE = Prepared(
    sa.update(daily_counts)
    .where(daily_counts.c.status == "sent", daily_counts.c.day == sa.bindparam("of"))
    .values(count=daily_counts.c.count + sa.bindparam("more"))
)


@pytest.fixture(name="runtime")
def runtime_of_a_house(tmp_path: Path) -> Iterator[Runtime]:
    with make_runtime(tmp_path) as runtime:
        yield runtime


def test_a_change_tells_how_many_rows_it_changed(runtime: Runtime) -> None:
    with runtime.database.write() as tx:
        INSERT.change(tx, ROW)
        changed = [RAISE.change(tx, {"of": day, "more": 3}) for day in (1, 2)]

    with runtime.database.read() as tx:
        assert tx.execute(sa.select(daily_counts.c.count)).scalars().all() == [5]
    assert changed == [1, 0]


def test_a_moment_goes_in_as_any_other_statement_writes_it(runtime: Runtime) -> None:
    later = Prepared(sa.select(sa.bindparam("at", type_=Moment) + sa.literal(1000)))

    with runtime.database.read() as tx:
        [(stored,)] = later.rows(tx, {"at": USUAL})

    assert (moment_of(stored) - USUAL).total_seconds() == 1


@pytest.mark.parametrize("moment", [USUAL, USUAL.date()])
def test_a_moment_whose_type_nobody_knows_is_refused(
    runtime: Runtime, moment: date
) -> None:
    untyped = Prepared(sa.text("SELECT 1 WHERE 5 < :at"))

    with (
        runtime.database.read() as tx,
        pytest.raises(TypeError, match="has not the type Moment"),
    ):
        untyped.rows(tx, {"at": moment})


def test_an_error_has_sqlalchemys_name_and_undoes_everything(runtime: Runtime) -> None:
    def insert_twice() -> None:
        with runtime.database.write() as tx:
            INSERT.change(tx, ROW)
            INSERT.change(tx, ROW)

    with pytest.raises(IntegrityError):
        insert_twice()

    with runtime.database.read() as tx:
        assert tx.execute(sa.select(daily_counts)).all() == []


def test_columns_that_are_left_out_get_their_defaults(runtime: Runtime) -> None:
    service = {"id": "yoga", "name": "Yoga", "duration_minutes": 60, "capacity": 1}
    price = {"price_amount": 4500, "price_currency": "EUR"}

    with runtime.database.write() as tx:
        made = [
            insert_new(tx, services, {**service, **price, **times}, key=["id"])
            for times in ({"created_at": USUAL, "updated_at": USUAL},) * 2
        ]

    with runtime.database.read() as tx:
        [row] = tx.execute(sa.select(services)).mappings()
    assert made == [True, False]
    assert (row["buffer_minutes"], row["active"]) == (0, True)


def test_what_cannot_be_compiled_once_is_refused(runtime: Runtime) -> None:
    in_a_list = daily_counts.c.day.in_(sa.bindparam("days", expanding=True))
    sometime = sa.Column("at", Moment, default=lambda: USUAL)
    changed = sa.Column("changed", sa.Integer, default=1, onupdate=2)
    number = sa.Column("id", sa.Integer)
    times = sa.Table("times", sa.MetaData(), number, sometime, changed)

    with runtime.database.read() as tx:
        with pytest.raises(ValueError, match="a list of values"):
            Prepared(sa.select(daily_counts).where(in_a_list)).rows(tx, {"days": [1]})
        with pytest.raises(ValueError, match="a default that is no value"):
            Prepared(sa.insert(times).values(id=1)).change(tx, {})
        with pytest.raises(ValueError, match="a default that is no value"):
            Prepared(sa.update(times).values(id=1)).change(tx, {})
