"""`POST /notifications`: which kinds a site may order, and with what."""

from __future__ import annotations

from typing import Any

import pytest

from app.domain.facts import REQUIRED_NAMES
from app.domain.kinds import KINDS, Kind
from app.domain.recipients import Channel
from app.messages.examples import EXAMPLES
from tests.door import Door, assert_problem
from tests.house import nothing_saved

ORDERED = [kind for kind in Kind if KINDS[kind].is_ordered]


def message(**more: Any) -> dict[str, Any]:
    """An order to Alice by SMS, unless said otherwise."""
    to = {"name": "Alice", "phone": "+14155550100", "email": "alice@example.org"}
    return {"channels": ["sms"], "to": to, **more}


@pytest.mark.parametrize("kind", sorted(set(Kind) - set(ORDERED)))
def test_what_bellhop_alone_knows_when_to_send_cannot_be_ordered(
    door: Door, kind: Kind
) -> None:
    order = message(kind=kind, data=dict(EXAMPLES[kind]))

    with nothing_saved(door.runtime):
        answer = door.post("/notifications", order)

    assert_problem(answer, 422, "kind")


def test_every_kind_may_be_sent_with_its_own_data(door: Door) -> None:
    for kind in ORDERED:
        order = message(kind=kind, channels=list(Channel), data=dict(EXAMPLES[kind]))
        answer = door.post("/notifications", order)

        assert answer.status == 202, answer.text
        assert {row["kind"] for row in answer.json["data"]} == {kind}


def test_every_kind_names_the_data_that_it_lacks(door: Door) -> None:
    for kind in ORDERED:
        with nothing_saved(door.runtime):
            answer = door.post("/notifications", message(kind=kind, data={}))

        assert_problem(answer, 422, *(f"data.{n}" for n in REQUIRED_NAMES[kind]))
        assert set(answer.bad_fields.values()) == {"is needed for this kind of message"}
