"""What a deed costs does not depend on how much has happened before it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from app.clock import utc_now
from app.domain.tasks import CANCELLABLE, Status
from app.runtime import Runtime
from app.services import (
    dispatch,
    following,
    recovery,
    reminders,
    taking,
    workers,
)
from app.services.courier import Courier
from app.services.opening import open_courier
from app.storage import booking_lists, cleaning, messages, own_task_lists
from app.storage.tables import UNSENT
from bench.crowd.past import RARE_PHONE
from tests.crowd import make_crowd, steps
from tests.postgres import about_sqlite

pytestmark = about_sqlite

FEW, MANY = 400, 40_000
WAITING = 200
#: Promised. A tree of a hundred times as many rows is a level or two deeper.
MOST = 1.5
#: A page of ten, looked for among the first sixty. A look at every row takes 100 times
#: as many.
STEPS_OF_A_PAGE = 6_000


@dataclass(frozen=True, kw_only=True)
class House:
    runtime: Runtime
    courier: Courier


@pytest.fixture(scope="module")
def houses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, House]]:
    made = []
    for count in (FEW, MANY):
        folder = tmp_path_factory.mktemp(f"crowd-{count}")
        runtime = make_crowd(folder, finished=count, waiting=WAITING)
        presence = workers.register(runtime, name="main")
        courier = open_courier(runtime, boot_id=presence.boot_id, worker="main")
        made.append(House(runtime=runtime, courier=courier))
    yield made[0], made[1]
    for house in made:
        house.courier.close()
        house.runtime.close()


Deed = Callable[[House], object]


def steps_of(house: House, deed: Deed) -> int:
    return steps(house.runtime, lambda: deed(house))


DEEDS: dict[str, Deed] = {
    "release": lambda house: dispatch.release(house.runtime),
    "take": lambda house: taking.take(house.courier),
    "expire": lambda house: recovery.expire(house.runtime),
    "relay": lambda house: recovery.relay(house.runtime),
    "retry failed": lambda house: recovery.retry_failed(house.runtime),
    "take over": lambda house: workers.take_over(house.runtime),
    "reminders": lambda house: reminders.plan_due_reminders(house.runtime),
    "own tasks": lambda house: following.tie_loose_ends(house.runtime),
}


@pytest.mark.parametrize("name", DEEDS)
def test_a_deed_costs_no_more_among_a_hundred_times_as_many_rows(
    houses: tuple[House, House], name: str
) -> None:
    few, many = (steps_of(house, DEEDS[name]) for house in houses)

    assert 0 < many <= MOST * few


def listed(**chosen: Any) -> Deed:
    def ask(house: House) -> object:
        with house.runtime.database.read() as tx:
            wanted = messages.Filter(**chosen)
            return messages.look(tx, wanted, after=None, limit=10)

    return ask


def booked(**chosen: Any) -> Deed:
    def ask(house: House) -> object:
        with house.runtime.database.read() as tx:
            wanted = booking_lists.Filter(**chosen)
            return booking_lists.look(tx, wanted, after=None, limit=10)

    return ask


def own(**chosen: Any) -> Deed:
    def ask(house: House) -> object:
        with house.runtime.database.read() as tx:
            wanted = own_task_lists.Filter(**chosen)
            return own_task_lists.look(tx, wanted, after=None, limit=1)

    return ask


LISTS: dict[str, Deed] = {
    "all": listed(),
    "a usual status": listed(status=Status.DELIVERED),
    "a rare status": listed(status=Status.EXPIRED),
    "a status that none has": listed(status=Status.UNKNOWN),
    "what waits": listed(status=Status.PENDING),
    "a channel": listed(channel="email"),
    "a kind": listed(kind="booking_reminder"),
    "a kind that none has": listed(kind="payment_received"),
    "a kind over a channel": listed(kind="booking_confirmed", channel="sms"),
    "a recipient": listed(recipient=RARE_PHONE),
    "a booking": listed(booking_id="none"),
    "a reference": listed(q="2000001"),
    "bookings": booked(),
    "bookings of a status that none has": booked(status="cancelled"),
    "bookings of a customer": booked(customer=RARE_PHONE),
    "a booking's reference": booked(q="2000001"),
    "own tasks": own(),
    "own tasks of a kind": own(kind="thumbnail"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_looks_at_few_rows_among_many(
    houses: tuple[House, House], name: str
) -> None:
    taken = steps_of(houses[1], LISTS[name])

    assert 0 < taken <= STEPS_OF_A_PAGE


def test_a_batch_of_the_cleanup_costs_no_more(houses: tuple[House, House]) -> None:
    def clean(house: House) -> None:
        before = utc_now() - timedelta(days=7)
        with house.runtime.database.write() as tx:
            cleaning.clean_batch(tx, finished_before=before, limit=20)

    few, many = (steps_of(house, clean) for house in houses)

    assert 0 < many <= MOST * few


def test_a_name_that_nobody_has_is_looked_for_in_some_thousands_only(
    houses: tuple[House, House],
) -> None:
    with houses[1].runtime.database.read() as tx:
        wanted = messages.Filter(q="nobody is called that")
        found = messages.look(tx, wanted, after=None, limit=10)

    assert (list(found.rows), found.next is None) == ([], False)


def test_the_index_of_what_expires_knows_every_state_that_can() -> None:
    named = set(re.findall("'([a-z]+)'", UNSENT))

    assert named == set(CANCELLABLE)
