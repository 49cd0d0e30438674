"""Bounces, from a mailbox or a mail server's pipe, end up at their messages."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.channels.email_headers import message_id
from app.channels.mailbox import Mailbox, MailboxError, read_reports
from app.channels.table import channel_orders
from app.config import Settings
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.errors import ConfigError, Retry
from app.services.bounces import plan_reading, read_bounces, read_mailbox
from app.services.desk import RowDesk
from app.storage.tables import consents, provider_events
from app.work import connected
from tests.bouncing import DOMAIN, bounce
from tests.engine import Engine, another_worker, open_engine
from tests.fakes import FakeProvider
from tests.house import rows
from tests.imap_house import MailboxHouse, serving
from tests.postgres import about_sqlite
from tests.shell import Shell

LETTER = b"Subject: Hello\nContent-Type: text/plain\n\nWhen do you open?\n"


@pytest.fixture(name="house")
def empty_mailbox() -> MailboxHouse:
    return MailboxHouse()


@pytest.fixture(name="engine")
def engine_with_a_mailbox(tmp_path: Path, house: MailboxHouse) -> Iterator[Engine]:
    with (
        serving(house) as address,
        open_engine(tmp_path, BOUNCE_IMAP_URL=address) as engine,
    ):
        smtp = another_worker(engine, FakeProvider(name="smtp", channel=Channel.EMAIL))
        yield smtp
        smtp.presence.lock.close()


def sent(engine: Engine) -> str:
    task_id = engine.message("Hi", channel=Channel.EMAIL, recipient="alice@example.org")
    name = message_id(task_id, domain=DOMAIN)  # as `Smtp` says
    engine.provider.script.append(
        Outcome(result=Result.ACCEPTED, provider_message_id=name)
    )
    engine.work()
    assert engine.status(task_id) == "sent"
    return task_id


def test_a_bounce_ends_its_message_and_the_address(
    engine: Engine, house: MailboxHouse
) -> None:
    task_id = sent(engine)
    house.mails += [LETTER, bounce(task_id)]

    told = read_mailbox(engine.runtime)

    assert told == "1 read"
    assert engine.status(task_id) == "undelivered"
    assert "does not exist" in engine.row(task_id)["reason"]
    assert house.read == {2}
    (refusal,) = rows(engine.runtime, consents)
    assert (refusal["channel"], refusal["address"]) == ("email", "alice@example.org")
    assert [e["body"] for e in rows(engine.runtime, provider_events)] == [""]


def test_a_full_mailbox_keeps_its_address(engine: Engine, house: MailboxHouse) -> None:
    task_id = sent(engine)
    house.mails.append(bounce(task_id, status="5.2.2"))

    read_mailbox(engine.runtime)

    assert engine.status(task_id) == "undelivered"
    assert rows(engine.runtime, consents) == []


def test_a_bounce_that_is_read_twice_counts_once(
    engine: Engine, house: MailboxHouse
) -> None:
    task_id = sent(engine)
    house.mails.append(bounce(task_id))
    read_mailbox(engine.runtime)
    house.read.clear()

    read_mailbox(engine.runtime)

    assert len(rows(engine.runtime, provider_events)) == 1


def test_a_report_that_cannot_be_taken_stays_unread(house: MailboxHouse) -> None:
    house.mails.append(bounce("n-1"))

    def fail(content: bytes) -> None:
        raise RuntimeError("the disk is full")

    with serving(house) as address, pytest.raises(RuntimeError):
        read_reports(Mailbox.parse(address), fail)

    assert house.read == set()


def test_a_report_that_the_server_does_not_hand_out_stays_unread(
    house: MailboxHouse,
) -> None:
    house.mails += [bounce("n-1"), bounce("n-2")]
    house.withheld = {1}
    taken: list[bytes] = []

    with serving(house) as address:
        count = read_reports(Mailbox.parse(address), taken.append)

    assert (count, len(taken)) == (1, 1)
    assert house.read == {2}


def test_a_search_that_the_server_refuses_is_told(house: MailboxHouse) -> None:
    house.searches = False

    with serving(house) as address, pytest.raises(MailboxError, match="searched"):
        read_reports(Mailbox.parse(address), print)


def test_a_refused_login_is_told_without_the_password(house: MailboxHouse) -> None:
    with serving(house) as address, pytest.raises(MailboxError) as told:
        read_reports(Mailbox.parse(address.replace("word", "words")), print)

    assert "refused the login" in str(told.value)
    assert "pass" not in str(told.value)


def test_a_mailbox_that_cannot_be_reached_is_tried_again(tmp_path: Path) -> None:
    with serving(MailboxHouse()) as gone:
        pass

    with (
        open_engine(tmp_path, BOUNCE_IMAP_URL=gone) as engine,
        pytest.raises(Retry, match="could not be reached"),
    ):
        read_mailbox(engine.runtime)


@pytest.mark.parametrize(
    "address",
    [
        "imap.example.org",
        "https://a:b@example.com",
        "imaps://example.com",
        "imaps://a:b@example.com:x",
        "imaps://a:p%C3%A4ss@example.com",
        "imaps://a:b@example.com/R%C3%BCckl%C3%A4ufer",
        "imaps://a:b@example.com/%22Bounced",
    ],
)
def test_an_address_of_no_mailbox_stops_the_start(address: str) -> None:
    with pytest.raises(ConfigError, match="BOUNCE_IMAP_URL") as told:
        channel_orders(Settings.model_validate({"BOUNCE_IMAP_URL": address}))

    assert address not in str(told.value)


def test_a_reading_is_planned_once_in_five_minutes(engine: Engine) -> None:
    planned = [plan_reading(engine.runtime) for _ in range(2)]
    engine.clock.advance(minutes=5)
    planned.append(plan_reading(engine.runtime))

    assert planned == [1, 0, 1]


def test_the_task_reads_the_mailbox(engine: Engine, house: MailboxHouse) -> None:
    task_id = sent(engine)
    house.mails.append(bounce(task_id))

    with connected(RowDesk(engine.runtime)):
        told = read_bounces.function()

    assert told == "1 read"
    assert engine.status(task_id) == "undelivered"


def test_without_a_mailbox_nothing_is_planned(tmp_path: Path) -> None:
    with open_engine(tmp_path) as engine:
        assert plan_reading(engine.runtime) == 0


@pytest.mark.usefixtures("runtime")
def test_the_command_takes_a_bounce_from_a_pipe(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pipe(content: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    pipe(bounce("n-1"))
    taken = shell("bounce")
    pipe(LETTER)
    ignored = shell("bounce", "--json")

    assert (taken.code, taken.out) == (0, "It tells of 1 of our messages.\n")
    assert (ignored.code, ignored.json) == (0, {"messages": 0})


@about_sqlite
def test_a_mail_server_keeps_what_cannot_be_taken_now(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(bounce("n-1"))))

    ran = shell("bounce")

    assert ran.code == 75
    assert "no database" in ran.err
