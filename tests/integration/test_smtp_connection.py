"""The connection to the mail server: kept, checked, replaced and given back."""

from __future__ import annotations

import smtplib
import time
from datetime import UTC, datetime

import pytest

from app.channels import smtp as smtp_module
from app.channels.smtp import Smtp
from app.channels.smtp_session import MailServer, Security
from app.domain.outcomes import Lookup, Result
from tests.mail_house import (
    ROSA,
    Deed,
    MailHouse,
    cutting,
    delivering_to,
    hanging,
    leaving,
    letter,
    saying,
)
from tests.simulator import Simulator


def test_letters_share_one_connection_which_is_checked_before_each() -> None:
    house = MailHouse()

    with delivering_to(house) as (provider, server):
        outcomes = [provider.send(letter()) for _ in range(3)]

    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * 3
    assert server.connections == 1
    assert house.commands.count(b"rset") == 2
    assert house.commands[-1] == b"quit"


def test_the_message_id_is_what_the_letter_is_known_by() -> None:
    with delivering_to(MailHouse()) as (provider, _):
        outcome = provider.send(letter("n-7"))

    assert outcome.provider_message_id == "<n-7@example.com>"


@pytest.mark.parametrize("ending", [cutting, leaving, saying(b"421 idle\r\n")])
def test_a_connection_that_died_meanwhile_is_replaced(ending: Deed) -> None:
    house = MailHouse({b"RSET": ending})

    with delivering_to(house) as (provider, server):
        outcomes = [provider.send(letter()) for _ in range(2)]

    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * 2
    assert server.connections == 2


def test_a_kept_connection_that_is_silent_does_not_use_up_the_time() -> None:
    house = MailHouse({b"RSET": hanging})

    with delivering_to(house) as (provider, server):
        outcomes = [provider.send(letter(), within_s=0.9) for _ in range(2)]

    assert [outcome.result for outcome in outcomes] == [Result.ACCEPTED] * 2
    assert server.connections == 2


def test_a_connection_is_given_back_after_its_share_of_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp_module, "MAX_LETTERS", 2)
    house = MailHouse()

    with delivering_to(house) as (provider, server):
        for _ in range(4):
            provider.send(letter())

    assert server.connections == 2
    assert house.commands.count(b"quit") == 2


def test_a_good_bye_that_is_not_answered_keeps_to_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp_module, "MAX_LETTERS", 1)

    with delivering_to(MailHouse({b"QUIT": hanging})) as (provider, _):
        began = time.monotonic()
        outcome = provider.send(letter(), within_s=0.3)
        took = time.monotonic() - began

    assert outcome.result is Result.ACCEPTED
    assert took < 0.8


def test_a_connection_that_was_idle_too_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp_module, "MAX_IDLE_S", -1.0)

    with delivering_to(MailHouse()) as (provider, server):
        for _ in range(2):
            provider.send(letter())

    assert server.connections == 2


def test_a_refused_recipient_leaves_the_connection_usable() -> None:
    house = MailHouse({b"RCPT": saying(b"550 5.1.1 <alice@example.org> unknown\r\n")})

    with delivering_to(house) as (provider, server):
        refused = provider.send(letter())
        house.odd.clear()
        taken = provider.send(letter())

    assert refused.result is Result.PERMANENT_RECIPIENT
    assert refused.code == "550 5.1.1"
    assert "alice" not in refused.reason
    assert taken.result is Result.ACCEPTED
    assert server.connections == 1


class TimeLimit(BaseException):
    """What tears a delivery out of its step."""


@pytest.mark.parametrize(
    "answers_before", range(5), ids=["RSET", "MAIL", "RCPT", "DATA", "final dot"]
)
def test_a_connection_torn_out_of_its_step_is_never_used_again(
    answers_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[int, bytes]] = []
    get_reply = smtplib.SMTP.getreply

    def interrupted(session: smtplib.SMTP) -> tuple[int, bytes]:
        if len(heard) == answers_before:
            raise TimeLimit
        heard.append(get_reply(session))
        return heard[-1]

    with delivering_to(MailHouse()) as (provider, server):
        provider.send(letter())
        with monkeypatch.context() as patched:
            patched.setattr(smtplib.SMTP, "getreply", interrupted)
            with pytest.raises(TimeLimit):
                provider.send(letter())
        second = provider.send(letter())

    assert second.result is Result.ACCEPTED
    assert server.connections == 2


def test_dots_at_the_beginning_of_lines_arrive_as_they_were() -> None:
    text = ".\n..\n.hidden\nend"

    with Simulator(fsync=False) as simulator:
        server = MailServer(
            host=simulator.smtp_host,
            port=simulator.smtp_port,
            security=Security.NONE,
        )
        provider = Smtp(server=server, sender=ROSA)
        outcome = provider.send(letter(text=text))
        provider.close()
        [entry] = simulator.ledger()

    assert outcome.result is Result.ACCEPTED
    assert entry["text"].replace("\r\n", "\n").rstrip() == text


def test_a_mail_server_cannot_be_asked_what_it_took() -> None:
    with delivering_to(MailHouse()) as (provider, server):
        answer = provider.look_up(letter(), since=datetime(2026, 11, 22, tzinfo=UTC))

    assert answer.lookup is Lookup.UNSUPPORTED
    assert server.connections == 0


def test_closing_twice_and_going_on_are_safe() -> None:
    with delivering_to(MailHouse()) as (provider, server):
        provider.close()
        provider.send(letter())
        provider.close()
        provider.close()
        outcome = provider.send(letter())

    assert outcome.result is Result.ACCEPTED
    assert server.connections == 2
