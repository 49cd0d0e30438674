"""The fake SMTP server takes mail, encrypts and checks logins as a real one does."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterator
from email.policy import SMTP
from pathlib import Path

import pytest

from tests.senders import (
    ALICE_MAIL,
    BOB_MAIL,
    SALON_MAIL,
    dialogue,
    mail,
    outcomes,
    send_mail,
)
from tests.simulator import Simulator


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


def test_accepted_mail_stands_in_the_ledger_with_its_raw_bytes(
    simulator: Simulator,
) -> None:
    message = mail(subject="Grüße aus Köln", text="Bis morgen, 18 Uhr")
    wire_form = message.as_bytes(policy=SMTP)

    with dialogue(simulator) as client:
        client.ehlo()
        client.mail(SALON_MAIL)
        client.rcpt(ALICE_MAIL)
        code, reply = client.data(wire_form)

    (entry,) = simulator.ledger()
    assert code == 250
    assert reply == f"2.0.0 OK: queued as {entry['provider_message_id']}".encode()
    assert (entry["provider"], entry["channel"]) == ("smtp", "email")
    assert (entry["sender"], entry["recipient"]) == (SALON_MAIL, ALICE_MAIL)
    assert entry["subject"] == "Grüße aus Köln"
    assert entry["text"].strip() == "Bis morgen, 18 Uhr"
    assert entry["fields"]["html"].strip() == "<p>Bis morgen, 18 Uhr</p>"
    assert entry["message_id"] == "<ntf_1@example.com>"
    assert entry["fields"]["tls"] is False
    assert entry["raw"].encode("latin-1") == wire_form


def test_each_recipient_of_a_mail_has_a_line(simulator: Simulator) -> None:
    with dialogue(simulator) as client:
        client.send_message(mail(), SALON_MAIL, [ALICE_MAIL, BOB_MAIL])

    entries = simulator.ledger()
    assert [entry["recipient"] for entry in entries] == [ALICE_MAIL, BOB_MAIL]
    assert len({entry["provider_message_id"] for entry in entries}) == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no header at all",
        b"Subject: =?utf-8?b?%%%?=\r\n\r\nx",
        b"Subject: =?no-such-charset?q?x=FF?=\r\n\r\nx",
        b"Content-Type: text/plain; charset=no-such\r\n\r\n\xff",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Subject: 8-bit \xe9\r\n\r\n\xe9",
    ],
)
def test_mail_that_can_hardly_be_read_is_kept_as_it_came(
    simulator: Simulator, raw: bytes
) -> None:
    with dialogue(simulator) as client:
        client.ehlo()
        client.mail(SALON_MAIL)
        client.rcpt(ALICE_MAIL)
        code, _ = client.data(raw)

    (entry,) = simulator.ledger()
    assert code == 250
    assert entry["raw"].encode("latin-1").rstrip() == raw.rstrip()


def test_several_mails_go_over_one_connection(simulator: Simulator) -> None:
    with dialogue(simulator) as client:
        for _ in range(3):
            client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])
        client.quit()

    assert len(simulator.ledger()) == 3


CERTIFICATES = Path(__file__).parent.parent / "certificates"


@pytest.fixture
def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=CERTIFICATES / "authority.pem")


def test_starttls_is_demanded_and_works(trusting: ssl.SSLContext) -> None:
    flags = ["--smtp-starttls-cert", str(CERTIFICATES / "localhost.pem")]

    with Simulator(flags=flags) as simulator, dialogue(simulator) as client:
        client.ehlo()
        in_the_clear = client.mail(SALON_MAIL)
        client.starttls(context=trusting)
        client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])
        client.quit()
        (entry,) = simulator.ledger()

    assert in_the_clear == (530, b"Must issue a STARTTLS command first")
    assert entry["fields"]["tls"] is True


@pytest.mark.parametrize("kind", ["accept_then_cut", "accept_then_hang"])
def test_faults_strike_under_starttls_too(trusting: ssl.SSLContext, kind: str) -> None:
    flags = ["--smtp-starttls-cert", str(CERTIFICATES / "localhost.pem")]

    with (
        Simulator(flags=flags) as simulator,
        dialogue(simulator, timeout_s=0.5) as client,
    ):
        simulator.add_fault(kind)
        client.starttls(context=trusting)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])

        assert outcomes(simulator) == [(True, kind)]


def test_certificate_of_a_stranger_is_refused_by_a_careful_client() -> None:
    flags = ["--smtp-starttls-cert", str(CERTIFICATES / "localhost.pem")]

    with (
        Simulator(flags=flags) as simulator,
        dialogue(simulator) as client,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        client.starttls(context=ssl.create_default_context())


def test_tls_from_the_first_byte_works(trusting: ssl.SSLContext) -> None:
    flags = ["--smtp-tls-cert", str(CERTIFICATES / "localhost.pem")]

    with Simulator(flags=flags) as simulator:
        place = (simulator.smtp_host, simulator.smtp_port)
        with smtplib.SMTP_SSL(
            *place, local_hostname="localhost", timeout=5, context=trusting
        ) as client:
            client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])
        (entry,) = simulator.ledger()

    assert entry["fields"]["tls"] is True


@pytest.fixture(scope="module")
def guarded() -> Iterator[Simulator]:
    with Simulator(flags=["--smtp-user", "rosa", "--smtp-password", "s3cret"]) as one:
        yield one


@pytest.fixture
def with_login(guarded: Simulator) -> Simulator:
    guarded.reset()
    return guarded


Login = Callable[[smtplib.SMTP], object]


def _plain(client: smtplib.SMTP) -> object:
    return client.auth("PLAIN", client.auth_plain)


def _login(client: smtplib.SMTP) -> object:
    return client.auth("LOGIN", client.auth_login)


@pytest.mark.parametrize("log_in", [_plain, _login])
def test_right_login_is_let_in(with_login: Simulator, log_in: Login) -> None:
    with dialogue(with_login) as client:
        client.ehlo()
        client.user, client.password = "rosa", "s3cret"
        log_in(client)
        client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])

    assert with_login.ledger()[0]["fields"]["login"] == "rosa"


def test_wrong_password_is_refused(with_login: Simulator) -> None:
    with (
        dialogue(with_login) as client,
        pytest.raises(smtplib.SMTPAuthenticationError) as refused,
    ):
        client.login("rosa", "wrong")

    assert refused.value.smtp_code == 535


def test_mail_without_login_is_refused(with_login: Simulator) -> None:
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        send_mail(with_login)

    assert refused.value.smtp_code == 530


def test_login_that_passes_by_itself_may_be_ordered(with_login: Simulator) -> None:
    simulator = with_login
    simulator.add_fault("status", stage="auth", code=454, text="4.7.0 Later", times=1)

    with (
        dialogue(simulator) as client,
        pytest.raises(smtplib.SMTPAuthenticationError) as refused,
    ):
        client.login("rosa", "s3cret")

    assert refused.value.smtp_code == 454
    with dialogue(simulator) as client:
        client.login("rosa", "s3cret")


def test_any_login_will_do_where_none_is_configured(simulator: Simulator) -> None:
    with dialogue(simulator) as client:
        client.login("anyone", "anything")
        client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])

    assert simulator.ledger()[0]["fields"]["login"] == "anyone"
