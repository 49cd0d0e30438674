"""Settings, as an owner gives them, make providers that work."""

from __future__ import annotations

import pytest

from app.channels.base import Message
from app.channels.table import open_providers
from app.config import Settings
from app.domain.outcomes import Result
from app.domain.recipients import Channel
from tests.mail_house import MailHouse, letter
from tests.raw_server import RawServer
from tests.simulator import Simulator

ACCOUNT = "AC" + "0" * 32


def test_settings_of_real_providers_send_on_every_channel() -> None:
    login = ["--twilio-account-sid", ACCOUNT, "--twilio-auth-token", "t0ken"]
    mail_login = ["--smtp-user", "rosa", "--smtp-password", "s3cret"]
    with Simulator(fsync=False, flags=[*login, *mail_login]) as simulator:
        settings = Settings.model_validate(
            {
                "TWILIO_ACCOUNT_SID": ACCOUNT,
                "TWILIO_AUTH_TOKEN": "t0ken",
                "TWILIO_SMS_FROM": "+14155550199",
                "TWILIO_WHATSAPP_FROM": "+14155550199",
                "TWILIO_API_BASE": f"{simulator.http}/",
                "EMAIL_HOST": simulator.smtp_host,
                "EMAIL_PORT": str(simulator.smtp_port),
                "EMAIL_USE_TLS": "0",
                "EMAIL_HOST_USER": "rosa",
                "EMAIL_HOST_PASSWORD": "s3cret",
                "DEFAULT_FROM_EMAIL": "Salon Rosa <hello@example.com>",
            }
        )

        results = {}
        for channel, (provider,) in open_providers(settings).items():
            is_mail = channel is Channel.EMAIL
            message = Message(
                key="n-1",
                channel=channel,
                recipient="alice@example.org" if is_mail else "+4915112345678",
                subject="Your booking",
                text="See you on Monday.",
            )
            results[channel] = provider.send(message).result
            provider.close()
        sent = [entry["channel"] for entry in simulator.ledger()]

    assert results == dict.fromkeys(Channel, Result.ACCEPTED)
    assert sorted(sent) == sorted(Channel)


@pytest.mark.parametrize(
    ("values", "first_word"),
    [
        ({}, b"ehlo"),
        ({"EMAIL_USE_SSL": "1"}, b"\x16"),
        ({"EMAIL_USE_SSL": "1", "EMAIL_USE_TLS": "0"}, b"\x16"),
    ],
)
def test_mail_is_encrypted_unless_the_owner_says_otherwise(
    values: dict[str, str], first_word: bytes
) -> None:
    house = MailHouse()

    with RawServer(house.serve) as server:
        settings = Settings.model_validate(
            {
                "EMAIL_HOST": "127.0.0.1",
                "EMAIL_PORT": str(server.port),
                "DEFAULT_FROM_EMAIL": "hello@example.com",
                **values,
            }
        )
        (provider,) = open_providers(settings)[Channel.EMAIL]
        outcome = provider.send(letter())
        provider.close()

    assert outcome.result is not Result.ACCEPTED
    assert not any(b"mail" in command.lower() for command in house.commands)
    assert all(command.startswith(first_word) for command in house.commands)
