"""`/templates`: an owner edits the words without code, and takes edits back."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.domain.kinds import Kind
from tests.door import Door, assert_problem
from tests.house import ALICE, make_booking, make_service, nothing_saved
from tests.wording import MESSAGE, REMINDER, published, saved

TEXT = "{{ service_name }}: {{ start | short_day }}, {{ start | time }}"


def test_at_first_our_words_are_in_force(door: Door) -> None:
    told = door.get(REMINDER).json

    assert told["version"] == 0
    assert told["texts"]["text"].startswith("{{ business_name }}: see you soon!")
    assert {"name": "start", "required": True} in told["names"]
    assert {"name": "price", "required": False} in told["names"]


def test_every_text_is_listed_with_its_version(door: Door) -> None:
    version = published(door, TEXT, path=REMINDER)

    listed = door.get("/templates").json["data"]

    own = [text for text in listed if text["version"]]
    assert [(text["kind"], text["version"]) for text in own] == [
        ("booking_reminder", version)
    ]
    assert {text["language"] for text in listed} == {"en", "es"}


def test_what_is_saved_is_a_draft_until_it_is_published(door: Door) -> None:
    made = saved(door, TEXT, path=REMINDER, note="Shorter")

    assert (made["version"], made["state"], made["note"]) == (1, "draft", "Shorter")
    assert made["created_by"] == "first key"
    assert made["published_at"] is None
    assert door.get(REMINDER).json["version"] == 0
    door.post(f"{REMINDER}/versions/1/publish")
    assert door.get(REMINDER).json["texts"]["text"] == TEXT


def test_the_same_words_again_make_no_other_version(door: Door) -> None:
    saved(door, TEXT, path=REMINDER)

    assert saved(door, TEXT, path=REMINDER)["version"] == 1
    assert saved(door, f"{TEXT}!", path=REMINDER)["version"] == 2


def test_versions_are_listed_page_by_page(door: Door) -> None:
    for number in range(1, 6):
        published(door, f"{number}: {{{{ text }}}}")

    first = door.get(f"{MESSAGE}/versions", limit=3).json
    rest = door.get(f"{MESSAGE}/versions", cursor=first["next_cursor"]).json

    listed = [*first["data"], *rest["data"]]
    assert [version["version"] for version in listed] == [5, 4, 3, 2, 1]
    assert [version["state"] for version in listed] == ["live", *["retired"] * 4]
    assert rest["next_cursor"] is None


def test_rolling_back_goes_one_step_back_each_time(door: Door) -> None:
    for number in (1, 2, 3):
        published(door, f"{number}: {{{{ text }}}}")

    steps = [door.post(f"{MESSAGE}/rollback").json["version"] for _ in range(3)]
    answer = door.post(f"{MESSAGE}/rollback")

    assert steps == [2, 1, 0]
    assert_problem(answer, 409)


def test_a_version_that_was_taken_back_is_no_step_of_the_way(door: Door) -> None:
    for number in (1, 2):
        published(door, f"{number}: {{{{ text }}}}")
    door.post(f"{MESSAGE}/rollback")
    published(door, "3: {{ text }}")

    steps = [door.post(f"{MESSAGE}/rollback").json["version"] for _ in range(2)]

    assert steps == [1, 0]


def test_of_two_who_publish_at_once_one_is_in_force(door: Door) -> None:
    for number in (1, 2):
        saved(door, f"{number}: {{{{ text }}}}")
    both = threading.Barrier(2)

    def publish(number: int) -> int:
        both.wait()
        return door.post(f"{MESSAGE}/versions/{number}/publish").status

    with ThreadPoolExecutor() as threads:
        statuses = list(threads.map(publish, (1, 2)))

    listed = door.get(f"{MESSAGE}/versions").json["data"]
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert [version["state"] for version in listed].count("live") == 1


def test_of_two_who_save_at_once_each_has_a_number_of_its_own(door: Door) -> None:
    both = threading.Barrier(2)

    def save(number: int) -> int:
        both.wait()
        return door.put(MESSAGE, {"text": f"{number}: {{{{ text }}}}"}).status

    with ThreadPoolExecutor() as threads:
        statuses = list(threads.map(save, (1, 2)))

    listed = door.get(f"{MESSAGE}/versions").json["data"]
    assert set(statuses) <= {200, 409}
    assert len(listed) == statuses.count(200) >= 1
    assert len({version["version"] for version in listed}) == len(listed)


def test_an_older_version_can_be_published_again(door: Door) -> None:
    published(door, "1: {{ text }}")
    published(door, "2: {{ text }}")

    door.post(f"{MESSAGE}/versions/1/publish")

    assert door.get(MESSAGE).json["version"] == 1
    assert door.post(f"{MESSAGE}/rollback").json["version"] == 2


def test_deleting_brings_our_words_back_and_keeps_the_versions(door: Door) -> None:
    published(door, "1: {{ text }}")

    told = [door.ask("DELETE", MESSAGE).json["version"] for _ in range(2)]

    assert told == [0, 0]
    assert len(door.get(f"{MESSAGE}/versions").json["data"]) == 1


def test_every_mistake_is_refused_at_once_and_nothing_is_saved(door: Door) -> None:
    body = {
        "subject": "{{ custmer_name }}",
        "text": "Hi\n{{ start | tme }}",
        "html": "{% for n in [1] %}{% endfor %}",
    }
    with nothing_saved(door.runtime):
        answer = door.put("/templates/booking_reminder/email/en", body)

    assert_problem(answer, 422, "subject", "text", "html")
    assert answer.bad_fields == {
        "subject": "line 1: there is no name 'custmer_name'; "
        "the nearest is 'customer_name'",
        "text": "line 2: there is no filter 'tme'; the nearest is 'time'",
        "html": "line 1: loops are not for messages: no fact is a list",
    }


def test_a_reminder_without_its_time_is_saved_with_a_warning(door: Door) -> None:
    made = saved(door, "{{ service_name }} on {{ start | day }}", path=REMINDER)

    assert made["warnings"] == [
        {
            "field": "text",
            "message": "does not tell the time (start) of this booking_reminder",
        }
    ]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/templates/booking_remindr/sms/en", "The nearest is 'booking_reminder'."),
        ("/templates/booking_reminder/smss/en", "The nearest is 'sms'."),
        ("/templates/booking_reminder/sms/fr", "There is no language 'fr'."),
        ("/templates/booking_reminder/sms/..", "There is no language '..'."),
    ],
)
def test_a_text_that_there_cannot_be_is_not_found(
    door: Door, path: str, told: str
) -> None:
    for answer in (door.get(path), door.put(path, {"text": TEXT})):
        assert_problem(answer, 404)
        assert told in answer.json["detail"]


def test_a_version_that_there_is_not_is_not_found(door: Door) -> None:
    assert_problem(door.post(f"{MESSAGE}/versions/7/publish"), 404)
    assert_problem(door.post(f"{MESSAGE}/preview", {"version": 7}), 404)


def test_a_preview_tells_what_an_sms_costs_in_letters(door: Door) -> None:
    body = {"text": f"Mañana está ☺ {TEXT}"}

    with nothing_saved(door.runtime):
        told = door.post(f"{REMINDER}/preview", body).json

    assert told["text"] == "Mañana está ☺ Haircut & colour: Fri, May 22, 12:30 PM"
    assert told["sms"] == {
        "encoding": "UCS-2",
        "units": 53,
        "segments": 1,
        "unfit": ["á", "☺"],
    }


def test_a_preview_tells_of_a_real_booking(door: Door) -> None:
    service = make_service(door.runtime, name="Yoga")
    booking = make_booking(door.runtime, service, customer=ALICE)

    told = door.post(f"{REMINDER}/preview", {"booking_id": booking.id}).json

    assert "Yoga" in told["text"]
    assert booking.reference in told["text"]
    assert_problem(door.post(f"{REMINDER}/preview", {"booking_id": "no"}), 404)


@pytest.mark.parametrize("kind", list(Kind))
def test_what_a_booking_does_not_tell_is_the_example_s(door: Door, kind: str) -> None:
    booking = make_booking(door.runtime)

    answer = door.post(
        f"/templates/{kind}/email/es/preview", {"booking_id": booking.id}
    )

    assert answer.status == 200, answer.text
    assert answer.json["html"].startswith("<!doctype html>")


def test_a_preview_shows_any_version(door: Door) -> None:
    published(door, "1: {{ text }}")
    saved(door, "2: {{ text }}")

    begin = [
        door.post(f"{MESSAGE}/preview", body).json["text"][:3]
        for body in ({}, {"version": 2}, {"version": 1}, {"version": 0})
    ]

    assert begin == ["1: ", "2: ", "1: ", "We "]


def test_a_preview_of_what_cannot_be_sent_is_refused(door: Door) -> None:
    assert_problem(door.post(f"{MESSAGE}/preview", {"text": "{{ nme }}"}), 422, "text")


def test_a_mail_of_plain_text_gets_html_in_the_usual_frame(door: Door) -> None:
    path = "/templates/booking_reminder/email/en"
    published(door, f"Dear guest\n\n{TEXT} <b>", path=path, subject="See you")

    told = door.post(f"{path}/preview").json

    assert told["subject"] == "See you"
    assert told["text"].startswith("Dear guest\n\nHaircut & colour:")
    assert "Haircut &amp; colour:" in told["html"]
    assert "&lt;b&gt;" in told["html"]


def test_a_browser_gets_a_preview_as_a_page(door: Door) -> None:
    path = "/templates/booking_reminder/email/en/preview"

    answer = door.ask("POST", f"{path}", headers={"Accept": "text/html"})

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<iframe sandbox" in answer.text
    assert "&lt;!doctype html&gt;" in answer.text
