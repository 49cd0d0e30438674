from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import utc_now
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.runtime import Runtime
from app.storage.tables import attempts, notifications, tasks
from tests.house import ALICE, BOB, change_row, make_booking, make_service, rows
from tests.shell import Shell


@pytest.fixture
def ids(runtime: Runtime) -> dict[Channel, str]:
    """The ids of Alice's three confirmations, none of which has left."""
    make_booking(runtime, confirmed=True)
    return {
        Channel(row["channel"]): row["task_id"] for row in rows(runtime, notifications)
    }


def fail(runtime: Runtime, task_id: str, status: Status, **values: object) -> None:
    now = utc_now()
    change_row(
        runtime,
        tasks,
        task_id,
        status=status,
        reason="The number does not exist.",
        next_attempt_at=now if status is Status.FAILED else None,
        finished_at=None if status is Status.FAILED else now,
        **values,
    )


def status_of(runtime: Runtime, task_id: str) -> str:
    (row,) = rows(runtime, tasks, id=task_id)
    return str(row["status"])


def test_list_shows_the_newest_first_with_recipients_masked(
    shell: Shell, runtime: Runtime, ids: dict[Channel, str]
) -> None:
    make_booking(runtime, make_service(runtime), customer=BOB, confirmed=True)

    people, machines = (
        shell("notifications", "list"),
        shell("notifications", "list", "--json"),
    )

    assert people.code == machines.code == 0
    assert machines.json["matched"] == 6
    assert machines.json["data"][0]["recipient"].startswith("b***@")
    assert "+14***00" in people.out
    for address in (ALICE.phone, ALICE.email, BOB.phone, BOB.email):
        assert str(address) not in people.out + machines.out


def test_list_takes_the_filters_of_the_api(
    shell: Shell, runtime: Runtime, ids: dict[Channel, str]
) -> None:
    fail(runtime, ids[Channel.SMS], Status.DEAD)

    dead = shell("notifications", "list", "--status", "dead", "--since", "1h", "--json")
    none = shell("notifications", "list", "--channel", "sms", "--status", "sent")

    assert [n["id"] for n in dead.json["data"]] == [ids[Channel.SMS]]
    assert "There are none of that kind." in none.out


def test_list_says_how_many_there_are_beyond_its_limit(
    shell: Shell, ids: dict[Channel, str]
) -> None:
    ran = shell("notifications", "list", "--limit", "2")

    assert "The newest 2 of 3" in ran.out


def test_show_tells_every_attempt_and_how_it_ended(
    shell: Shell, runtime: Runtime, ids: dict[Channel, str]
) -> None:
    fail(runtime, ids[Channel.SMS], Status.DEAD, attempts=1)
    attempt = {
        "task_id": ids[Channel.SMS],
        "number": 1,
        "provider": "twilio",
        "text": "Hello Alice",
        "started_at": utc_now(),
        "ended_at": utc_now(),
        "outcome": "permanent_recipient",
        "code": "21211",
        "reason": "The number does not exist.",
    }
    with runtime.database.write() as tx:
        tx.execute(attempts.insert(), [attempt])

    people = shell("notifications", "show", ids[Channel.SMS])
    machines = shell("notifications", "show", ids[Channel.SMS], "--json")

    assert people.code == machines.code == 0
    for words in ("dead", "1 attempt:", "twilio", "21211", "does not exist"):
        assert words in people.out
    assert machines.json["attempts"][0]["code"] == "21211"
    assert "Hello Alice" not in people.out + machines.out


def test_show_says_that_a_message_was_not_tried_yet(
    shell: Shell, ids: dict[Channel, str]
) -> None:
    ran = shell("notifications", "show", ids[Channel.EMAIL])

    assert "It has not been tried yet." in ran.out


def test_one_dead_message_is_retried_by_its_id(
    shell: Shell, runtime: Runtime, ids: dict[Channel, str]
) -> None:
    fail(runtime, ids[Channel.SMS], Status.DEAD)

    ran = shell("notifications", "retry", ids[Channel.SMS])

    assert ran.code == 0
    assert status_of(runtime, ids[Channel.SMS]) == Status.RETRYING


def test_what_cannot_be_retried_is_refused_with_the_reason(
    shell: Shell, ids: dict[Channel, str]
) -> None:
    ran = shell("notifications", "retry", ids[Channel.SMS])

    assert ran.code == 1
    assert "Only failed and dead messages are retried; it is pending." in ran.err


def test_many_are_counted_first_and_nothing_is_done_without_yes(
    shell: Shell, runtime: Runtime, ids: dict[Channel, str]
) -> None:
    fail(runtime, ids[Channel.SMS], Status.FAILED)
    fail(runtime, ids[Channel.EMAIL], Status.DEAD)

    ran = shell("notifications", "retry", "--kind", "booking_confirmed")
    told = shell("notifications", "retry", "--kind", "booking_confirmed", "--json")

    assert ran.code == told.code == 1
    assert "3 notifications found, of which 2 can be tried again" in ran.out
    assert "(1 dead, 1 failed)" in ran.out
    assert "add --yes" in ran.out
    assert told.json == {"matched": 3, "movable": 2, "done": 0}
    assert status_of(runtime, ids[Channel.SMS]) == Status.FAILED


def test_many_are_retried_with_yes_and_others_left_alone(
    shell: Shell, runtime: Runtime, ids: dict[Channel, str]
) -> None:
    fail(runtime, ids[Channel.SMS], Status.FAILED)
    past = utc_now() - timedelta(minutes=1)
    fail(runtime, ids[Channel.EMAIL], Status.DEAD, useful_until=past)

    ran = shell("notifications", "retry", "--q", "Alice", "--yes")

    assert ran.code == 0
    assert "1 notification will be tried again now." in ran.out
    assert "1 left alone:" in ran.out
    assert "too late to be useful" in ran.out
    assert status_of(runtime, ids[Channel.SMS]) == Status.RETRYING
    assert status_of(runtime, ids[Channel.EMAIL]) == Status.DEAD
    assert status_of(runtime, ids[Channel.WHATSAPP]) == Status.PENDING


def test_nothing_to_retry_is_said_and_is_no_failure(
    shell: Shell, ids: dict[Channel, str]
) -> None:
    ran = shell("notifications", "retry", "--channel", "sms")

    assert ran.code == 0
    assert "none can be tried again: none is dead or failed" in ran.out


def test_bulk_answer_for_machines_is_the_apis(
    shell: Shell, runtime: Runtime, ids: dict[Channel, str]
) -> None:
    ran = shell("notifications", "cancel", "--channel", "sms", "--yes", "--json")

    assert ran.code == 0
    assert ran.json == {"matched": 1, "done": 1, "skipped": []}
    assert status_of(runtime, ids[Channel.SMS]) == Status.CANCELLED
    assert status_of(runtime, ids[Channel.EMAIL]) == Status.PENDING


@pytest.mark.parametrize("words", [("--yes",), (), ("1", "--status", "failed")])
def test_all_of_them_are_never_meant_by_mistake(
    shell: Shell,
    runtime: Runtime,
    ids: dict[Channel, str],
    words: tuple[str, ...],
) -> None:
    ran = shell("notifications", "cancel", *words)

    assert ran.code == 1
    assert "Say which" in ran.err
    assert status_of(runtime, ids[Channel.SMS]) == Status.PENDING


def test_message_that_is_not_there_is_said_to_be_missing(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("notifications", "show", "nobody's")

    assert ran.code == 1
    assert "There is no notification" in ran.err
