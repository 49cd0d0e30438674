"""What holds for every provider, over its real protocol against the simulator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from app.channels.base import Message, Provider
from app.channels.email_message import Sender
from app.channels.http import HttpClient
from app.channels.preview import Preview
from app.channels.smtp import Smtp
from app.channels.smtp_session import MailServer, Security
from app.channels.twilio import Twilio
from app.domain.outcomes import Lookup, Outcome, Result
from app.domain.recipients import Channel
from app.simulator.garbage import GARBAGE
from tests.simulator import Simulator

ACCOUNT = "AC" + "0" * 32
PASSWORD = "s3cret-t0ken"
ROSA = Sender(name="Salon Rosa", address="hello@example.com")
#: Seconds given to a call that hangs, and what it may take over that.
TOTAL_S = 0.4
SLACK_S = 0.6

PHONE = "+4915112345678"
ADDRESS = "alice@example.org"
TEXT = "Hello Alice, see you on Monday at 10:00."


@dataclass(frozen=True, kw_only=True)
class Place:
    http: str
    smtp: tuple[str, int]
    outbox: Path
    password: str = PASSWORD
    total_s: float = 10.0


def twilio_sms(place: Place, channel: Channel = Channel.SMS) -> Provider:
    return Twilio(
        channel=channel,
        account_sid=ACCOUNT,
        auth_token=place.password,
        sender="+14155550199",
        api_base=place.http,
        client=HttpClient(total_s=place.total_s),
    )


def twilio_whatsapp(place: Place) -> Provider:
    return twilio_sms(place, Channel.WHATSAPP)


def smtp(place: Place) -> Provider:
    server = MailServer(
        host=place.smtp[0],
        port=place.smtp[1],
        security=Security.NONE,
        user="rosa",
        password=place.password,
    )
    return Smtp(server=server, sender=ROSA, total_s=place.total_s)


def preview(place: Place) -> Provider:
    return Preview(channel=Channel.SMS, outbox=place.outbox, sender=ROSA)


Maker = Callable[[Place], Provider]

REMOTE = [twilio_sms, twilio_whatsapp, smtp]
EVERY = [*REMOTE, preview]

#: The same trouble as each protocol says it.
BUSY: dict[str, dict[str, Any]] = {
    "http": {"status": 429, "headers": {"Retry-After": "7"}},
    "smtp": {"code": 450, "text": "4.2.0 Greylisted, try again in 7 seconds"},
}


@pytest.fixture(scope="module")
def running() -> Iterator[Simulator]:
    twilio_login = ["--twilio-account-sid", ACCOUNT, "--twilio-auth-token", PASSWORD]
    smtp_login = ["--smtp-user", "rosa", "--smtp-password", PASSWORD]
    with Simulator(fsync=False, flags=[*twilio_login, *smtp_login]) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: Simulator) -> Simulator:
    running.reset()
    return running


def place(simulator: Simulator, tmp_path: Path, **changes: Any) -> Place:
    smtp_at = (simulator.smtp_host, simulator.smtp_port)
    return Place(
        **{"http": simulator.http, "smtp": smtp_at, "outbox": tmp_path, **changes}
    )


def message_for(provider: Provider) -> Message:
    is_mail = provider.channel is Channel.EMAIL
    return Message(
        key="n-1",
        channel=provider.channel,
        recipient=ADDRESS if is_mail else PHONE,
        recipient_name="Alice",
        subject="Your booking" if is_mail else "",
        text=TEXT,
    )


def send(provider: Provider) -> Outcome:
    """Send, and see that nothing secret is in what is shown."""
    outcome = provider.send(message_for(provider))
    told = f"{outcome.reason} {outcome.code}".lower()
    for secret in (PHONE, PHONE[1:], ADDRESS, "alice", "monday", PASSWORD, ACCOUNT):
        assert secret.lower() not in told
    assert bool(outcome.reason) is (outcome.result is not Result.ACCEPTED)
    return outcome


@pytest.mark.parametrize("make", EVERY)
def test_a_message_is_accepted_and_named(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    outcome = send(provider)
    provider.close()

    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_message_id


@pytest.mark.parametrize("make", REMOTE)
def test_what_arrives_is_what_was_sent(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    send(provider)
    provider.close()

    [entry] = simulator.ledger()
    assert entry["channel"] == provider.channel
    assert entry["recipient"] == message_for(provider).recipient
    assert entry["text"].rstrip() == TEXT


@pytest.mark.parametrize("make", [smtp, preview])
def test_a_repetition_bears_the_same_name(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    first, second = send(provider), send(provider)
    provider.close()

    assert first.provider_message_id == second.provider_message_id


@pytest.mark.parametrize("make", REMOTE)
def test_a_server_that_is_busy_is_asked_again_when_it_says(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault("status", **BUSY["smtp" if make is smtp else "http"])

    outcome = send(provider)
    provider.close()

    assert outcome.result is Result.TRANSIENT
    assert outcome.retry_after == timedelta(seconds=7)
    assert simulator.ledger() == []


@pytest.mark.parametrize("make", REMOTE)
def test_a_line_that_is_cut_after_the_message_was_taken_leaves_it_unknown(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault("accept_then_cut", times=1)
    since = datetime.now(UTC)

    outcome = send(provider)
    answer = provider.look_up(message_for(provider), since=since)
    second = send(provider)
    provider.close()

    [entry, _] = simulator.ledger()
    assert outcome.result is Result.AMBIGUOUS
    assert second.result is Result.ACCEPTED
    if answer.lookup is not Lookup.UNSUPPORTED:
        assert answer.lookup is Lookup.FOUND
        assert answer.provider_message_id == entry["provider_message_id"]


@pytest.mark.parametrize("make", REMOTE)
@pytest.mark.parametrize("fault", ["hang_before_accept", "accept_then_hang", "trickle"])
def test_a_server_that_hangs_holds_us_no_longer_than_the_deadline(
    fault: str, make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path, total_s=TOTAL_S))
    simulator.add_fault(fault, times=1)
    began = time.monotonic()

    outcome = send(provider)
    took = time.monotonic() - began
    provider.close()

    assert took < TOTAL_S + SLACK_S
    assert outcome.result is Result.AMBIGUOUS


@pytest.mark.parametrize(
    ("make", "body"),
    [
        *product([twilio_sms, twilio_whatsapp], sorted(GARBAGE)),
        (smtp, "html"),
    ],
)
def test_an_answer_that_is_garbage_leaves_it_unknown(
    make: Maker, body: str, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))
    simulator.add_fault("garbage", body=body)

    outcome = send(provider)
    provider.close()

    assert outcome.result is Result.AMBIGUOUS


@pytest.mark.parametrize("make", REMOTE)
def test_a_server_that_is_not_there_is_tried_again_later(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    nowhere = place(
        simulator, tmp_path, http="http://127.0.0.1:1", smtp=("127.0.0.1", 1)
    )

    outcome = send(make(nowhere))

    assert outcome.result is Result.TRANSIENT
    assert "refused" in outcome.reason


@pytest.mark.parametrize("make", REMOTE)
def test_wrong_credentials_are_a_matter_for_a_person(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path, password="another"))

    outcome = send(provider)
    answer = provider.look_up(message_for(provider), since=datetime.now(UTC))
    provider.close()

    assert outcome.result is Result.CONFIG
    assert answer.lookup in {Lookup.UNANSWERED, Lookup.UNSUPPORTED}
    assert simulator.ledger() == []


@pytest.mark.parametrize("make", EVERY)
def test_closing_is_safe_at_any_time(
    make: Maker, simulator: Simulator, tmp_path: Path
) -> None:
    provider = make(place(simulator, tmp_path))

    provider.close()
    send(provider)
    provider.close()
    provider.close()
    outcome = send(provider)
    provider.close()

    assert outcome.result is Result.ACCEPTED


@pytest.mark.parametrize("make", REMOTE)
def test_closing_is_safe_when_the_server_is_gone(make: Maker, tmp_path: Path) -> None:
    with Simulator(fsync=False) as mortal:
        provider = make(place(mortal, tmp_path))
        provider.send(message_for(provider))
        mortal.kill()

        provider.close()
        outcome = send(provider)

    assert outcome.result is Result.TRANSIENT
