"""Hundreds of bookings, faults, receipts in disorder and replies: all is explained.

For each planned message there is either proof that it arrived, or a state with a
reason in plain words; and no provider that can be asked was given one twice.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from app.chaos.reckoning import CALLED_OFF, Line
from app.domain.gate import MAY_HAVE_LEFT
from app.domain.tasks import Status
from tests.box import WEBHOOK_SECRETS, Box
from tests.correspondence import Correspondence
from tests.postgres import deadlocks
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs signals and the embedded server", allow_module_level=True)

CUSTOMERS = 500
WITHIN_S = 180.0
PROVIDERS = {
    **WEBHOOK_SECRETS,
    "TWILIO_WHATSAPP_FROM": "",
    "WHATSAPP_PHONE_NUMBER_ID": "106540352242922",
    "WHATSAPP_ACCESS_TOKEN": "token-of-the-tests",
    "EMAIL_HOST": "",
    "RESEND_API_KEY": "key-of-the-tests",
}


@pytest.fixture(name="town", scope="module")
def box_with_receipts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    with Box(tmp_path_factory.mktemp("town"), **PROVIDERS) as box:
        yield box


@pytest.mark.timeout(300)
def test_every_message_is_proved_or_explained(town: Box) -> None:
    played = Correspondence(town, seed=2026)

    played.run(CUSTOMERS)
    town.wait_until_settled(within_s=WITHIN_S)
    wait_until(
        lambda: town.simulator.control("GET", "receipts")["waiting"] == 0,
        within_s=WITHIN_S,
        what="every receipt is told",
    )
    answers = town.simulator.control("GET", "receipts")["answers"]
    reckoning = town.reckon(played.booked)

    assert set(answers) <= {"200", "204", "400"}
    unexplained = [line for line in reckoning.lines if not is_explained(line)]
    assert unexplained == []
    doubled = [line for line in reckoning.lines if line.copies > 1]
    assert [line for line in doubled if line.channel != "whatsapp"] == []
    assert len(reckoning.lines) >= 3 * CUSTOMERS
    ends = set(reckoning.statuses())
    assert {"delivered", "undelivered", "sent", "cancelled", "suppressed"} <= ends
    assert deadlocks(town.runtime.settings.data_dir) == 0


def is_explained(line: Line) -> bool:
    """Whether a message's end is proved by the ledger, or has its reason."""
    if line.status in {Status.SENT, Status.DELIVERED}:
        return line.copies > 0
    if line.status == Status.UNDELIVERED:
        return line.copies > 0 and bool(line.reason)
    if line.status in CALLED_OFF:
        may_have_left = line.copies == 1 and line.reason.endswith(MAY_HAVE_LEFT)
        return may_have_left or (line.copies == 0 and bool(line.reason))
    return line.status == Status.DEAD and bool(line.reason)
