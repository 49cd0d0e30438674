"""Opting out of e-mails by one click: what a mailbox posts, what a person sees."""

from __future__ import annotations

import pytest

from app.clock import utc_now
from app.domain.consent import How, Said, Scope
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.services import consent
from app.services.links import Links, Subscriber
from app.services.planning import plan_for_booking
from app.storage.tables import consents, suppressions, tasks
from tests.door import Answer, Door
from tests.engine import Engine
from tests.house import ALICE, make_booking, nothing_saved, perform, rows

ADDRESS = ALICE.email or ""
MULTIPART = (
    '--b\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    "One-Click\r\n--b--\r\n"
)
#: What a mailbox sends (RFC 8058): a form of one field.
ONE_CLICK = (
    ("multipart/form-data; boundary=b", MULTIPART),
    ("application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"),
)


def path_of(door: Door, address: str = ADDRESS, *, locale: str = "en") -> str:
    url = Links(door.runtime).unsubscribe_url(
        Subscriber(address=address, locale=locale)
    )
    return "//" + url.removeprefix(f"{door.runtime.settings.base_url}/")


def click(door: Door, path: str, kind: str, body: str) -> Answer:
    headers = {"Content-Type": kind}
    return door.with_key(None).ask("POST", path, content=body, headers=headers)


@pytest.mark.parametrize(("kind", "body"), ONE_CLICK)
def test_one_click_opts_out_without_cookie_question_or_redirect(
    door: Door, kind: str, body: str
) -> None:
    answer = click(door, path_of(door), kind, body)

    [suppression] = rows(door.runtime, suppressions)
    assert answer.status == 200
    assert "Set-Cookie" not in answer.headers
    assert suppression["channel"] == "email"
    assert suppression["scope"] == "nonessential"
    assert suppression["reason"].startswith("The customer unsubscribed from e-mails on")


def test_a_second_click_is_answered_the_same_and_notes_nothing_more(door: Door) -> None:
    first = click(door, path_of(door), *ONE_CLICK[0])
    second = click(door, path_of(door), *ONE_CLICK[0])

    assert (first.status, first.text) == (second.status, second.text)
    assert len(rows(door.runtime, consents)) == 1


def test_looking_at_the_page_changes_nothing(door: Door) -> None:
    with nothing_saved(door.runtime):
        answer = door.with_key(None).get(path_of(door))

    assert answer.status == 200
    assert '<form method="post">' in answer.text
    assert "noindex" in answer.text


def test_the_page_names_the_address_without_giving_it_away(door: Door) -> None:
    answer = door.with_key(None).get(path_of(door))

    assert "a***@example.org" in answer.text
    assert ADDRESS not in answer.text


def test_the_page_is_in_the_reader_s_language(door: Door) -> None:
    asked = door.with_key(None).get(path_of(door, locale="es_MX"))
    done = click(door, path_of(door, locale="es_MX"), *ONE_CLICK[1])

    assert 'lang="es"' in asked.text
    assert "Darme de baja" in asked.text
    assert "Te has dado de baja" in done.text


def test_who_wants_nothing_at_all_is_not_sent_more_by_a_click(door: Door) -> None:
    said = Said(channel=Channel.EMAIL, address=ADDRESS, how=How.STAFF)
    perform(
        door.runtime,
        lambda tx: consent.opt_out(
            tx, door.runtime, said, now=utc_now(), scope=Scope.ALL
        ),
    )

    click(door, path_of(door), *ONE_CLICK[0])

    [suppression] = rows(door.runtime, suppressions)
    assert suppression["scope"] == "all"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_forged_link_changes_nothing_and_says_what_to_do(
    door: Door, method: str
) -> None:
    booking = make_booking(door.runtime)
    other_purpose = Links(door.runtime).manage_url(booking.id).rpartition("/")[2]
    whole = path_of(door).rpartition("/")[2]
    forged = [other_purpose, whole[:-1], f"x{whole}", ADDRESS, "x" * 3000, "%00"]

    for token in forged:
        with nothing_saved(door.runtime):
            answer = door.with_key(None).ask(method, f"//u/{token}")

        assert answer.status == 404
        assert "This link is not complete" in answer.text


def test_after_it_reminders_stay_and_what_must_be_known_leaves(engine: Engine) -> None:
    runtime = engine.runtime
    said = Said(channel=Channel.EMAIL, address=ADDRESS, how=How.UNSUBSCRIBE)
    scope = Scope.NONESSENTIAL
    perform(
        runtime,
        lambda tx: consent.opt_out(
            tx, runtime, said, now=engine.clock.now, scope=scope
        ),
    )
    booking = make_booking(runtime, confirmed=True, now=engine.clock.now)
    perform(
        runtime,
        lambda tx: plan_for_booking(
            tx, runtime, booking, kind=Kind.BOOKING_REMINDER, now=engine.clock.now
        ),
    )

    engine.work()

    by_mail = [m for m in engine.provider.handed if m.channel is Channel.EMAIL]
    reminders = {
        row["reason"]
        for row in rows(runtime, tasks, kind="booking_reminder", status="suppressed")
    }
    assert len(by_mail) == 1
    assert by_mail[0].subject.startswith("You're booked")
    assert any("unsubscribed from e-mails" in reason for reason in reminders)
