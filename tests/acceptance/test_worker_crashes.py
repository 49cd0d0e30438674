"""Kill -9 of the worker at every point of a message's way: nothing is lost or doubled.

The one exception is a crash between a provider's acceptance and our commit where the
provider cannot be asked afterwards (SMTP): that e-mail may arrive twice.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services.workers import DIED
from app.storage.tables import attempts, tasks, workers
from tests.box import Box
from tests.part import SOON_S, Part
from tests.reckoning import Reckoning
from tests.shop import Booked
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

#: The exit code that has a service manager start the worker anew.
EXIT_BROKEN = 70
DOOMED = "tests/acceptance/doomed_worker.py"
#: Kills at random moments, and bookings (of three messages) before each.
KILLS = 8
BOOKINGS_A_KILL = 3


@pytest.fixture
def box(started_box: Box) -> Box:
    """A box without a worker."""
    started_box.mend(but=started_box.worker)
    started_box.worker.kill()
    return started_box


def doomed_worker(box: Box, point: str, marks: Path) -> Part:
    """Return a worker that dies at this point, to be started."""
    return box.part("doomed-worker", DOOMED, point, str(marks))


def test_crash_of_the_worker_neither_loses_nor_doubles_a_message(
    box: Box, tmp_path: Path
) -> None:
    with doomed_worker(box, "before_call", tmp_path) as worker:
        worker.start()
        booked = box.shop.several(2, channels=("sms", "email"))
        reckoning = box.reckon(booked)

    assert len(reckoning.lines) == 4
    assert_each_cost_a_life(reckoning, tmp_path)
    reckoning.assert_all_sent_once()


@pytest.mark.parametrize("point", ["before_claim", "after_commit"])
def test_crash_where_the_next_message_is_taken_loses_and_doubles_neither(
    box: Box, tmp_path: Path, point: str
) -> None:
    # Before the commit the answer about the former message is lost as well: its outcome
    # is unknown, and looked up.
    with doomed_worker(box, point, tmp_path) as worker:
        worker.start()
        booked = box.shop.several(2, channels=("sms", "whatsapp"))
        reckoning = box.reckon(booked)

    assert len(reckoning.lines) == 4
    assert_each_cost_a_life(reckoning, tmp_path)
    reckoning.assert_all_sent_once()


def test_crash_with_all_done_but_the_bell_unanswered_does_no_harm(
    box: Box, tmp_path: Path
) -> None:
    with doomed_worker(box, "before_ack", tmp_path) as worker:
        worker.start()
        booked = box.shop.several(2, channels=("sms", "email"))
        reckoning = box.reckon(booked)
        # A bell is for whatever waits, so that there are fewer bells than messages.
        wait_until(
            lambda: list(tmp_path.iterdir()), within_s=SOON_S, what="a life lost"
        )

    assert len(reckoning.lines) == 4
    reckoning.assert_all_sent_once()
    assert box.reckon(booked) == reckoning


def test_crash_after_the_answer_doubles_only_what_cannot_be_looked_up(
    box: Box, tmp_path: Path
) -> None:
    with doomed_worker(box, "after_answer", tmp_path) as worker:
        worker.start()
        booked = box.shop.several(2)
        reckoning = box.reckon(booked)

    assert len(reckoning.lines) == 6
    assert_each_cost_a_life(reckoning, tmp_path)
    reckoning.of(channel="sms").assert_all_sent_once()
    reckoning.of(channel="whatsapp").assert_all_sent_once()
    assert reckoning.of(channel="email").copies() == [2, 2]
    assert set(reckoning.statuses()) == {"sent"}


def test_kill_while_the_provider_keeps_its_answer_back_loses_nothing(box: Box) -> None:
    box.simulator.add_fault("accept_then_hang", match={"channel": "sms"}, times=1)
    box.simulator.add_fault("accept_then_hang", match={"channel": "email"}, times=1)
    box.worker.start()
    booked = box.shop.book_and_pay(channels=("sms", "email"))
    for recipient in (booked.phone, booked.email):
        box.wait_until_taken(recipient)
        box.worker.kill()
        box.worker.start()

    reckoning = box.reckon([booked])

    reckoning.of(channel="sms").assert_all_sent_once()
    assert reckoning.of(channel="sms").lines[0].attempts == 1
    assert reckoning.of(channel="email").statuses() == ["sent"]
    assert reckoning.of(channel="email").copies() == [2]


def test_crash_in_a_look_up_is_made_good_as_soon_as_it_is_noticed(
    box: Box, tmp_path: Path
) -> None:
    box.simulator.add_fault("accept_then_cut", match={"provider": "twilio"}, times=1)
    box.simulator.add_fault("cut_before_accept", match={"provider": "twilio"}, times=1)

    with doomed_worker(box, "look_up", tmp_path) as worker:
        worker.start()
        booked = box.shop.several(1, channels=("sms", "whatsapp"))
        reckoning = box.reckon(booked)

    assert len(reckoning.lines) == 2
    assert_each_cost_a_life(reckoning, tmp_path)
    reckoning.assert_all_sent_once()


def test_look_up_never_takes_one_message_for_another_with_the_same_words(
    box: Box, tmp_path: Path
) -> None:
    booked = box.shop.book()

    with doomed_worker(box, "before_call", tmp_path) as worker:
        worker.start()
        for _ in range(2):
            box.shop.message(booked, "Your table is ready.")
        reckoning = box.reckon([booked])

    assert len(reckoning.lines) == 2
    assert_each_cost_a_life(reckoning, tmp_path)
    assert reckoning.statuses() == ["sent", "sent"]
    assert len(box.simulator.ledger(recipient=booked.phone)) == 2


@pytest.mark.parametrize("point", ["dead_thread", "dead_consumer", "deaf_consumer"])
def test_worker_that_is_of_no_use_ends_itself_for_a_better_one(
    box: Box, tmp_path: Path, point: str
) -> None:
    with doomed_worker(box, point, tmp_path) as worker:
        worker.start()
        booked = box.shop.several(1)
        code = worker.ends()
    box.worker.start()

    assert code == EXIT_BROKEN
    box.reckon(booked).assert_all_sent_once()


def test_worker_killed_at_random_moments_loses_nothing(
    box: Box, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance = random.Random(seed)
    box.simulator.add_fault("delay", seconds=0.06)

    with doomed_worker(box, "never", tmp_path) as worker:
        killed = set(living(box))
        worker.start()
        booked = []
        for _ in range(KILLS):
            booked += box.shop.several(BOOKINGS_A_KILL)
            kill_next(box, killed, after_s=chance.uniform(0, 0.3))
        reckoning = box.reckon(booked)

    cut_short = attempts_cut_short(box, booked)
    sys.stdout.write(f"{KILLS} kills (seed {seed}), {cut_short} in a call: {reckoning}")
    reckoning.assert_nothing_lost()
    assert len(reckoning.lines) == 3 * BOOKINGS_A_KILL * KILLS
    reckoning.of(channel="sms").assert_all_sent_once()
    reckoning.of(channel="whatsapp").assert_all_sent_once()
    assert reckoning.duplicates <= cut_short
    assert cut_short > 0


def assert_each_cost_a_life(reckoning: Reckoning, marks: Path) -> None:
    """Fail if a worker has not died over each of these messages."""
    assert {line.id for line in reckoning.lines} <= {
        path.name for path in marks.iterdir()
    }


def attempts_cut_short(box: Box, booked: Iterable[Booked]) -> int:
    """Count the calls to a provider in whose midst the worker has died."""
    ids = [one.id for one in booked]
    query = (
        sa.select(sa.func.count())
        .select_from(attempts.join(tasks))
        .where(tasks.c.booking_id.in_(ids), attempts.c.reason == DIED)
    )
    with box.runtime.database.read() as tx:
        return tx.execute(query).scalar_one()


def living(box: Box) -> dict[str, int]:
    """Return the process id of each worker that has not been found dead."""
    known = sa.select(workers.c.boot_id, workers.c.pid)
    with box.runtime.database.read() as tx:
        return {row.boot_id: row.pid for row in tx.execute(known)}


def kill_next(box: Box, killed: set[str], *, after_s: float) -> None:
    """Kill the worker that is not among the killed, so long after it began to work."""

    def at_work() -> set[str]:
        held = sa.select(tasks.c.worker_boot_id).where(tasks.c.status == "sending")
        with box.runtime.database.read() as tx:
            return set(tx.execute(held).scalars()) & living(box).keys() - killed

    wait_until(at_work, within_s=SOON_S, what="a worker that has not been killed")
    (boot_id,) = living(box).keys() - killed
    moment = time.monotonic() + after_s
    wait_until(lambda: time.monotonic() > moment, within_s=SOON_S, what="its moment")
    os.kill(living(box)[boot_id], signal.SIGKILL)
    killed.add(boot_id)
