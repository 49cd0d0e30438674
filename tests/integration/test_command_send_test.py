from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.shell import Shell
from tests.simulator import Simulator

ALICE = "+14155550100"


@pytest.fixture(scope="module")
def providers() -> Iterator[Simulator]:
    with Simulator(fsync=False) as simulator:
        yield simulator


@pytest.fixture
def simulator(providers: Simulator, shell: Shell) -> Iterator[Simulator]:
    """The fake providers, with the settings that lead to them."""
    shell.set(TWILIO_ACCOUNT_SID="AC0", TWILIO_AUTH_TOKEN="geheim")
    shell.set(TWILIO_SMS_FROM="+14155550199", TWILIO_API_BASE=providers.http)
    shell.set(EMAIL_HOST=providers.smtp_host, EMAIL_PORT=str(providers.smtp_port))
    shell.set(EMAIL_USE_TLS="0", DEFAULT_FROM_EMAIL="Rosa <rosa@example.com>")
    yield providers
    providers.reset()


def send(shell: Shell, channel: str, to: str, *words: str) -> tuple[int, str, str]:
    ran = shell("send-test", "--channel", channel, "--to", to, *words)
    return ran.code, ran.out, ran.err


def test_sms_goes_to_the_provider_at_once(shell: Shell, simulator: Simulator) -> None:
    shell.set(BELLHOP_BUSINESS_NAME="Salon Rosa")

    code, out, _ = send(shell, "sms", "+1 415 555 0100")

    (sent,) = simulator.ledger()
    assert code == 0
    assert sent["recipient"] == ALICE
    assert "Salon Rosa" in sent["text"]
    assert (
        f"twilio took the message to +14***00 (as {sent['provider_message_id']})" in out
    )
    assert ALICE not in out


def test_email_goes_out_with_the_words_of_the_kind(
    shell: Shell, simulator: Simulator
) -> None:
    code, out, _ = send(shell, "email", "me@example.org", "--kind", "message")

    (sent,) = simulator.ledger(channel="email")
    assert code == 0
    assert sent["recipient"] == "me@example.org"
    assert "smtp took the message to m***@example.org" in out


def test_refusal_is_told_with_the_reason_and_what_to_do(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.add_fault("status", status=401)

    code, out, _ = send(shell, "sms", ALICE)

    assert code == 1
    assert "twilio did not take the message to +14***00: " in out
    assert "Look at this channel's settings" in out


def test_outcome_for_machines_has_the_same_facts(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.add_fault("status", status=429)

    code, out, _ = send(shell, "sms", ALICE, "--json")

    told = json.loads(out)
    assert code == 1
    assert (told["provider"], told["recipient"]) == ("twilio", "+14***00")
    assert told["outcome"] == "transient"
    assert told["reason"]
    assert simulator.ledger() == []


def test_outcome_that_nobody_knows_is_not_called_a_refusal(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.add_fault("status", status=503)

    code, out, _ = send(shell, "sms", ALICE)

    assert code == 1
    assert "twilio may have taken the message to +14***00" in out
    assert "look before you try again" in out


def test_channel_without_credentials_beside_real_ones_is_said_to_be_off(
    shell: Shell, simulator: Simulator
) -> None:
    code, _, err = send(shell, "whatsapp", ALICE)

    assert code == 1
    assert "whatsapp is off" in err
    assert simulator.ledger() == []


def test_the_provider_that_takes_over_is_tried_by_its_name(
    shell: Shell, simulator: Simulator
) -> None:
    shell.set(VONAGE_API_KEY="k", VONAGE_API_SECRET="s", VONAGE_SMS_FROM="Rosa")
    shell.set(VONAGE_API_BASE=simulator.http)

    code, out, _ = send(shell, "sms", ALICE, "--provider", "vonage")

    assert code == 0
    assert out.startswith("vonage took the message to +14***00")


def test_a_provider_that_the_channel_has_not_is_refused_with_those_it_has(
    shell: Shell, simulator: Simulator
) -> None:
    code, _, err = send(shell, "sms", ALICE, "--provider", "vonage")

    assert code == 1
    assert "--provider: sms has only: twilio" in err
    assert simulator.ledger() == []


def on_meta(shell: Shell, simulator: Simulator, policy: str = "") -> None:
    shell.set(WHATSAPP_PHONE_NUMBER_ID="106540", WHATSAPP_ACCESS_TOKEN="geheim")
    shell.set(WHATSAPP_API_BASE=simulator.http)
    Path("bellhop.toml").write_text(policy, encoding="utf-8")


TEMPLATE = """
[whatsapp.templates.booking_confirmed.en]
name = "confirmed_v2"
language = "en_GB"
parameters = ["{{ service_name }}"]
"""


def test_whatsapp_is_tried_with_the_template_that_customers_get(
    shell: Shell, simulator: Simulator
) -> None:
    on_meta(shell, simulator, TEMPLATE)

    code, out, _ = send(shell, "whatsapp", ALICE)

    (sent,) = simulator.ledger()
    assert code == 0
    assert "confirmed_v2" in json.dumps(sent)
    assert "within a minute" in out


def test_words_over_whatsapp_are_not_promised_to_arrive(
    shell: Shell, simulator: Simulator
) -> None:
    on_meta(shell, simulator)

    code, out, _ = send(shell, "whatsapp", ALICE)

    assert code == 0
    assert "only to whoever has written to you within 24 hours" in out
    assert "within a minute" not in out


def test_a_sandbox_is_tried_with_words(shell: Shell, simulator: Simulator) -> None:
    on_meta(shell, simulator, TEMPLATE + "[whatsapp]\nfree_words = true\n")

    send(shell, "whatsapp", ALICE)

    (sent,) = simulator.ledger()
    assert "confirmed_v2" not in json.dumps(sent)


def test_preview_says_that_nothing_was_sent_and_names_the_file(
    shell: Shell, tmp_path: Path
) -> None:
    code, out, _ = send(shell, "email", "me@example.org", "--locale", "es")

    (file,) = (tmp_path / "var" / "outbox").iterdir()
    letter = message_from_bytes(file.read_bytes(), policy=default)
    assert code == 0
    assert "PREVIEW" in out
    assert "nothing was sent" in out
    assert file.name in out
    assert letter["To"] == "me@example.org"
    if sys.platform != "win32":
        assert (tmp_path / "var").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("channel", "to"),
    [("sms", "12"), ("whatsapp", "me@example.org"), ("email", ALICE)],
)
def test_what_is_no_recipient_is_refused(
    shell: Shell, channel: str, to: str, tmp_path: Path
) -> None:
    code, _, err = send(shell, channel, to)

    assert code == 1
    assert "--to: is not" in err
    assert not (tmp_path / "var" / "bellhop.db").exists()
