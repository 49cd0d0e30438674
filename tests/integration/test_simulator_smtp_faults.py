"""The fake SMTP server fails at every stage of the dialogue, as ordered."""

from __future__ import annotations

import smtplib
import socket
import time
from collections.abc import Iterator

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
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def started() -> Iterator[Simulator]:
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def simulator(started: Simulator) -> Simulator:
    started.reset()
    return started


@pytest.mark.parametrize(
    ("stage", "code", "error"),
    [
        ("connect", 554, smtplib.SMTPConnectError),
        ("ehlo", 550, smtplib.SMTPHeloError),
        ("mail", 452, smtplib.SMTPSenderRefused),
        ("rcpt", 550, smtplib.SMTPRecipientsRefused),
        ("data", 451, smtplib.SMTPDataError),
        ("final_dot", 552, smtplib.SMTPDataError),
    ],
)
def test_ordered_reply_comes_at_its_stage(
    simulator: Simulator, stage: str, code: int, error: type[smtplib.SMTPException]
) -> None:
    simulator.add_fault("status", stage=stage, code=code, text="5.0.0 No", times=1)

    with pytest.raises(error) as refused:
        send_mail(simulator)

    answers = getattr(refused.value, "recipients", None) or {
        ALICE_MAIL: (getattr(refused.value, "smtp_code", 0), None)
    }
    assert answers[ALICE_MAIL][0] == code
    assert simulator.ledger() == []
    (entry,) = simulator.ledger(accepted=False)
    assert entry["reason"] == f"fault status at {stage}"
    send_mail(simulator)
    assert len(simulator.ledger()) == 1


def test_ordered_words_reach_the_client(simulator: Simulator) -> None:
    simulator.add_fault("status", stage="rcpt", code=550, text="5.1.1 User unknown")

    with dialogue(simulator) as client:
        client.ehlo()
        client.mail(SALON_MAIL)
        answer = client.rcpt(ALICE_MAIL)

    assert answer == (550, b"5.1.1 User unknown")


def test_fault_for_one_recipient_leaves_the_other_alone(simulator: Simulator) -> None:
    simulator.add_fault(
        "status",
        stage="rcpt",
        code=450,
        match={"recipient": BOB_MAIL, "channel": "email"},
    )

    with dialogue(simulator) as client:
        refused = client.send_message(mail(), SALON_MAIL, [ALICE_MAIL, BOB_MAIL])

    assert refused.keys() == {BOB_MAIL}
    assert [entry["recipient"] for entry in simulator.ledger()] == [ALICE_MAIL]


def test_fault_may_look_at_the_words(simulator: Simulator) -> None:
    simulator.add_fault("status", code=554, match={"text_contains": "spam"})

    send_mail(simulator, text="See you")
    with pytest.raises(smtplib.SMTPDataError):
        send_mail(simulator, text="spam")

    assert outcomes(simulator) == [(True, ""), (False, "status")]


def test_status_without_a_reply_code_is_a_passing_error(simulator: Simulator) -> None:
    simulator.add_fault("status", status=503, match={"provider": "smtp"})

    with pytest.raises(smtplib.SMTPDataError) as refused:
        send_mail(simulator)

    assert refused.value.smtp_code == 451


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "final_dot"])
def test_421_ends_the_connection(simulator: Simulator, stage: str) -> None:
    simulator.add_fault("status", stage=stage, code=421, text="4.3.2 Going down")

    with dialogue(simulator) as client:
        with pytest.raises(smtplib.SMTPException):
            client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])
        with pytest.raises(smtplib.SMTPServerDisconnected):
            client.noop()

    assert simulator.ledger() == []


def test_error_other_than_421_leaves_the_connection_usable(
    simulator: Simulator,
) -> None:
    simulator.add_fault("status", stage="rcpt", code=450, times=1)

    with dialogue(simulator) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])
        client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])

    assert outcomes(simulator) == [(False, "status"), (True, "")]


def test_accept_then_cut_resets_after_the_final_dot(simulator: Simulator) -> None:
    simulator.add_fault("accept_then_cut")

    with dialogue(simulator) as client, pytest.raises(smtplib.SMTPServerDisconnected):
        client.send_message(mail(), SALON_MAIL, [ALICE_MAIL])

    assert outcomes(simulator) == [(True, "accept_then_cut")]


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data"])
def test_cut_before_accept_resets_at_any_stage(
    simulator: Simulator, stage: str
) -> None:
    simulator.add_fault("cut_before_accept", stage=stage)

    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        send_mail(simulator)

    assert outcomes(simulator) == [(False, "cut_before_accept")]


def test_cut_is_a_reset_on_the_wire(simulator: Simulator) -> None:
    simulator.add_fault("cut_before_accept", stage="connect")
    place = (simulator.smtp_host, simulator.smtp_port)

    with (
        socket.create_connection(place, timeout=5) as line,
        pytest.raises(ConnectionResetError),
    ):
        line.recv(1)


@pytest.mark.parametrize(
    ("kind", "taken"), [("accept_then_hang", 1), ("hang_before_accept", 0)]
)
def test_hang_never_replies_to_the_final_dot(
    simulator: Simulator, kind: str, taken: int
) -> None:
    simulator.add_fault(kind)

    with pytest.raises(smtplib.SMTPServerDisconnected):
        send_mail(simulator, timeout_s=0.3)

    assert outcomes(simulator) == [(bool(taken), kind)]


def test_hang_at_connect_sends_no_banner(simulator: Simulator) -> None:
    simulator.add_fault("hang_before_accept", stage="connect")

    with pytest.raises(smtplib.SMTPServerDisconnected):
        send_mail(simulator, timeout_s=0.3)


def test_lifting_the_faults_cuts_off_who_hangs(simulator: Simulator) -> None:
    simulator.add_fault("hang_before_accept", stage="connect")
    place = (simulator.smtp_host, simulator.smtp_port)

    with socket.create_connection(place, timeout=5) as line:
        wait_until(
            lambda: simulator.ledger(accepted=False), within_s=5, what="it hangs"
        )
        simulator.clear_faults()
        rest = line.recv(1)

    assert rest == b""


def test_delay_is_an_ordinary_reply_later(simulator: Simulator) -> None:
    simulator.add_fault("delay", seconds=0.3)
    before = time.monotonic()

    send_mail(simulator)

    assert time.monotonic() - before >= 0.3
    assert outcomes(simulator) == [(True, "delay")]


def test_mail_is_taken_long_before_a_late_answer(simulator: Simulator) -> None:
    simulator.add_fault("late_answer", seconds=60)

    with dialogue(simulator) as client:
        client.ehlo()
        client.mail(SALON_MAIL)
        client.rcpt(ALICE_MAIL)
        client.docmd("DATA")
        assert client.sock is not None
        client.sock.sendall(b"Subject: x\r\n\r\nx\r\n.\r\n")
        wait_until(
            lambda: outcomes(simulator) == [(True, "late_answer")],
            within_s=10,
            what="it is taken before it is answered",
        )
        simulator.clear_faults()
        reply = client.getreply()

    assert reply[0] == 250


def test_trickled_reply_comes_byte_by_byte(simulator: Simulator) -> None:
    simulator.add_fault("trickle")

    with dialogue(simulator) as client:
        client.ehlo()
        client.mail(SALON_MAIL)
        client.rcpt(ALICE_MAIL)
        client.docmd("DATA")
        assert client.sock is not None
        client.sock.sendall(b"Subject: x\r\n\r\nx\r\n.\r\n")
        first = client.sock.recv(100)
        client.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.sock.recv(100)

    assert first == b"2"
    assert outcomes(simulator) == [(True, "trickle")]


def test_garbage_reply_is_no_smtp(simulator: Simulator) -> None:
    simulator.add_fault("garbage")

    with pytest.raises(smtplib.SMTPException):
        send_mail(simulator)

    assert outcomes(simulator) == [(True, "garbage")]
