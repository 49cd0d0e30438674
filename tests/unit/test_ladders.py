"""What a ladder does next, by the rung that is on its way."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from app.domain.ladders import Step, climbs_at, step
from app.domain.tasks import Status
from tests.clock import USUAL


@pytest.mark.parametrize(
    ("status", "tells", "late", "expected"),
    [
        (Status.DELIVERED, True, True, Step.REACHED),
        (Status.SENT, True, False, Step.WAIT),
        (Status.SENT, True, True, Step.CLIMB),
        (Status.SENT, False, False, Step.REACHED),  # nobody tells: sent is arrived
        (Status.UNDELIVERED, True, False, Step.CLIMB),
        (Status.DEAD, False, False, Step.CLIMB),
        (Status.SUPPRESSED, False, False, Step.CLIMB),
        (Status.EXPIRED, False, False, Step.CLIMB),
        (Status.RETRYING, True, False, Step.WAIT),
        (Status.PENDING, True, True, Step.CLIMB),
        (Status.UNKNOWN, True, True, Step.CLIMB),
        (Status.CANCELLED, True, True, Step.OVER),
        (Status.SUPERSEDED, True, False, Step.OVER),
    ],
)
def test_each_state_has_its_step(
    status: Status,
    tells: bool,  # noqa: FBT001 - as the table has it
    late: bool,  # noqa: FBT001 - likewise
    expected: Step,
) -> None:
    assert step(status, tells=tells, is_late=late) is expected


@pytest.mark.parametrize(
    ("status", "sent", "next_attempt", "expected"),
    [
        (Status.SENT, 0, None, 10),
        (Status.SENT, 8, None, 18),  # its provider has its time to tell
        (Status.PENDING, None, 0, 10),
        (Status.PENDING, None, 600, 610),  # put off until quiet hours end
        (Status.RETRYING, None, 9, 10),  # what fails is not waited for
        (Status.QUEUED, None, None, 10),
    ],
)
def test_the_time_of_a_rung_counts_from_when_it_leaves(
    status: Status, sent: int | None, next_attempt: int | None, expected: int
) -> None:
    def at(minutes: int | None) -> datetime | None:
        return None if minutes is None else USUAL + timedelta(minutes=minutes)

    climbs = climbs_at(
        USUAL + timedelta(minutes=10),
        status,
        sent_at=at(sent),
        next_attempt_at=at(next_attempt),
        wait=timedelta(minutes=10),
    )

    assert climbs == at(expected)
