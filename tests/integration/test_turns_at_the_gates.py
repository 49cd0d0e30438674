"""Whoever has the turn at the gates waits for no row (PostgreSQL has many writers).

Somebody who holds a row asks for the turn at the end; were the turn held by one who
waits for that row, each would wait for the other.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.domain.consent import How, Scope
from app.domain.costs import Cost
from app.domain.outcomes import Fault, Outcome, Result
from app.storage import consent, costs, locking, releasing
from app.storage.costs import Billed
from app.storage.tables import tasks
from tests.engine import Engine
from tests.meanwhile import Deed, wait_until_held_up
from tests.postgres import about_postgresql
from tests.spending import open_priced

pytestmark = about_postgresql

DAY = "2027-01-18"
PHONE = "+14155550100"


def bill(_: Engine) -> Deed:
    """Add to the costs of the day."""
    billed = Billed(
        task_id="another",
        attempt=1,
        channel="sms",
        kind="message",
        provider="twilio",
        units=1,
        cost=Cost(1, "EUR"),
    )
    return lambda tx: costs.add(tx, billed, day=DAY)


def opt_out(engine: Engine) -> Deed:
    """Note that the recipient wants nothing more."""
    row = {
        "channel": "sms",
        "address": PHONE,
        "scope": Scope.ALL,
        "since": engine.clock.now,
        "reason": "Opted out.",
        "source": How.STAFF,
    }
    return lambda tx: consent.suppress(tx, row)


def change(_: Engine) -> Deed:
    """Change the row of whatever is being sent."""
    return lambda tx: tx.execute(
        sa.update(tasks)
        .where(locking.waited_for(tx, tasks.c.status == "sending"))
        .values(reason="")
    )


@pytest.mark.parametrize(
    ("hold", "outcome"),
    [
        (bill, Outcome(result=Result.ACCEPTED)),
        (opt_out, Outcome(result=Result.SUPPRESSED, reason="they said STOP")),
        (change, Outcome(result=Result.TRANSIENT, fault=Fault.DOWN)),
    ],
)
def test_who_records_an_answer_waits_for_rows_before_their_turn(
    tmp_path: Path, hold: Callable[[Engine], Deed], outcome: Outcome
) -> None:
    with open_priced(tmp_path) as engine, ThreadPoolExecutor(1) as pool:
        runtime = engine.runtime
        message = engine.message("Hi", recipient=PHONE)

        with runtime.database.write() as tx:

            def answer() -> Outcome:
                hold(engine)(tx)
                return outcome

            engine.provider.script.append(answer)
            worker = pool.submit(engine.work)
            wait_until_held_up(runtime, worker)

            tx.exec_driver_sql("SET LOCAL lock_timeout = '300ms'")
            releasing.take_turn(tx)
        worker.result()

        assert engine.attempts(message)[0]["outcome"] == outcome.result
