"""`/inbox`: what customers wrote, where it stands, and that somebody dealt with it."""

from __future__ import annotations

from app.clock import utc_now
from app.storage.tables import inbox
from tests.door import Door, assert_problem
from tests.house import ALICE, make_booking, nothing_saved, rows
from tests.replying import ALICES_PHONE, BOBS_PHONE, write


def test_a_message_for_a_person_is_open_until_it_is_done(door: Door) -> None:
    entry = write(
        door.runtime, "Do you have parking?", profile_name="Bobby", sender=BOBS_PHONE
    )

    (open_one,) = door.get("/inbox", state="open").json["data"]
    done = door.post(f"/inbox/{entry['id']}/done")

    assert open_one["text"] == "Do you have parking?"
    assert open_one["address"] == BOBS_PHONE
    assert open_one["name"] == "Bobby"
    assert (open_one["state"], open_one["done_at"]) == ("open", None)
    assert done.status == 200
    assert done.json["state"] == "done"
    assert door.get("/inbox", state="open").json["data"] == []
    assert door.get("/inbox").json["data"] == [done.json]


def test_a_message_that_was_obeyed_tells_of_its_booking(door: Door) -> None:
    booking = make_booking(door.runtime, customer=ALICE, confirmed=True)
    write(door.runtime, "yes", profile_name="Ali")

    (entry,) = door.get("/inbox", state="answered").json["data"]

    assert entry["meaning"] == "confirm"
    assert entry["booking_id"] == booking.id
    assert entry["booking_reference"] == booking.reference
    assert entry["name"] == "Alice"
    assert entry["address"] == ALICES_PHONE


def test_a_customer_who_is_known_is_named_whatever_they_write(door: Door) -> None:
    make_booking(door.runtime, customer=ALICE)
    write(door.runtime, "Do you have parking?", profile_name="Ali")

    (entry,) = door.get("/inbox", state="open").json["data"]

    assert entry["name"] == "Alice"


def test_what_is_done_twice_was_done_when_it_was_first(door: Door) -> None:
    entry = write(door.runtime, "Hello?")
    first = door.post(f"/inbox/{entry['id']}/done").json

    second = door.post(f"/inbox/{entry['id']}/done")

    assert second.json == first
    (row,) = rows(door.runtime, inbox)
    assert row["done_at"] <= utc_now()


def test_the_inbox_comes_in_pages_the_newest_first(door: Door) -> None:
    written = [write(door.runtime, f"Hello {n}")["id"] for n in range(3)]

    first = door.get("/inbox", limit=2).json
    second = door.get("/inbox", limit=2, cursor=first["next_cursor"]).json

    assert [e["id"] for e in first["data"] + second["data"]] == written[::-1]
    assert second["next_cursor"] is None


def test_bad_questions_are_refused(door: Door) -> None:
    assert_problem(door.get("/inbox", state="read"), 422, "state")
    assert_problem(door.get("/inbox", cursor="mine"), 422, "cursor")
    with nothing_saved(door.runtime):
        assert_problem(door.post("/inbox/nothing/done"), 404)
