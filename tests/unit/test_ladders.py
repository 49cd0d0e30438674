"""What a ladder does next, by the rung that is on its way."""

from __future__ import annotations

import pytest

from app.domain.ladders import Step, step
from app.domain.tasks import Status


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
