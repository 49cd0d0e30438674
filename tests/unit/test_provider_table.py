"""Who serves each channel, by the settings; and what half-given settings are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.channels.table import (
    PROVIDERS,
    Mode,
    channel_modes,
    channel_orders,
    open_providers,
)
from app.config import Settings, names
from app.domain.recipients import Channel
from app.errors import ConfigError

TWILIO = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "secret"}
SMS = {**TWILIO, "TWILIO_SMS_FROM": "+14155550199"}
WHATSAPP = {**TWILIO, "TWILIO_WHATSAPP_FROM": "+14155550199"}
MAIL = {
    "EMAIL_HOST": "smtp.example.com",
    "DEFAULT_FROM_EMAIL": "Salon Rosa <hello@example.com>",
}
VONAGE = {
    "VONAGE_API_KEY": "abcd1234",
    "VONAGE_API_SECRET": "secret",
    "VONAGE_SMS_FROM": "SalonRosa",
}
META = {"WHATSAPP_PHONE_NUMBER_ID": "106540", "WHATSAPP_ACCESS_TOKEN": "secret"}
RESEND = {"RESEND_API_KEY": "re_1", "DEFAULT_FROM_EMAIL": "hello@example.com"}
LOGIN = {"EMAIL_HOST_USER": "rosa", "EMAIL_HOST_PASSWORD": "secret"}

PREVIEWS = dict.fromkeys(Channel, Mode.PREVIEW)
OFFS = dict.fromkeys(Channel, Mode.OFF)


def settings(**values: object) -> Settings:
    return Settings.model_validate(values)


@pytest.mark.parametrize(
    ("values", "modes"),
    [
        ({}, PREVIEWS),
        ({"BELLHOP_PREVIEW": "1"}, PREVIEWS),
        ({"DEFAULT_FROM_EMAIL": "hello@example.com"}, PREVIEWS),
        (SMS, {**OFFS, Channel.SMS: Mode.TWILIO}),
        (WHATSAPP, {**OFFS, Channel.WHATSAPP: Mode.TWILIO}),
        (MAIL, {**OFFS, Channel.EMAIL: Mode.SMTP}),
        ({**MAIL, "BELLHOP_PREVIEW": "1"}, {**PREVIEWS, Channel.EMAIL: Mode.SMTP}),
        (
            {**SMS, **WHATSAPP, **MAIL, **LOGIN},
            {
                Channel.SMS: Mode.TWILIO,
                Channel.WHATSAPP: Mode.TWILIO,
                Channel.EMAIL: Mode.SMTP,
            },
        ),
        (VONAGE, {**OFFS, Channel.SMS: Mode.VONAGE}),
        (META, {**OFFS, Channel.WHATSAPP: Mode.META}),
        (RESEND, {**OFFS, Channel.EMAIL: Mode.RESEND}),
        (
            {**SMS, **VONAGE, "SMS_PROVIDERS": "vonage,twilio"},
            {**OFFS, Channel.SMS: Mode.VONAGE},
        ),
        (
            {**MAIL, **RESEND, "EMAIL_PROVIDERS": "smtp"},
            {**OFFS, Channel.EMAIL: Mode.SMTP},
        ),
        ({**SMS, "SMS_PROVIDERS": "twilio"}, {**OFFS, Channel.SMS: Mode.TWILIO}),
        ({**SMS, "SMS_PROVIDERS": "preview"}, PREVIEWS),
        (
            {**SMS, **MAIL, "EMAIL_PROVIDERS": "preview"},
            {**OFFS, Channel.SMS: Mode.TWILIO, Channel.EMAIL: Mode.PREVIEW},
        ),
    ],
)
def test_each_channel_is_served_by_what_is_configured(
    values: dict[str, str], modes: dict[Channel, Mode]
) -> None:
    assert channel_modes(settings(**values)) == modes


def test_the_providers_are_those_that_the_modes_name(tmp_path: Path) -> None:
    chosen = settings(
        **SMS, **MAIL, EMAIL_PROVIDERS="preview", BELLHOP_DATA_DIR=tmp_path
    )

    providers = open_providers(chosen)

    (sms,), whatsapp, (mail,) = (providers[channel] for channel in Channel)
    assert whatsapp == ()
    assert (sms.name, sms.channel) == ("twilio", Channel.SMS)
    assert (mail.name, mail.channel) == ("preview", Channel.EMAIL)
    sms.close()


def test_opening_makes_no_folder_and_connects_to_nobody(tmp_path: Path) -> None:
    open_providers(settings(BELLHOP_DATA_DIR=tmp_path / "var"))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (None, ("twilio", "vonage")),
        ("vonage,twilio", ("vonage", "twilio")),
        ("vonage", ("vonage",)),
        ("twilio,twilio,preview", ("twilio",)),
        ("preview,twilio", ("preview",)),
    ],
)
def test_several_providers_stand_in_the_owners_order(
    order: str | None, names: tuple[str, ...]
) -> None:
    chosen = {"SMS_PROVIDERS": order} if order else {}

    orders = channel_orders(settings(**SMS, **VONAGE, **chosen))

    assert orders[Channel.SMS] == names


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({"TWILIO_ACCOUNT_SID": "AC1"}, ["TWILIO_AUTH_TOKEN", "TWILIO_SMS_FROM"]),
        ({"TWILIO_AUTH_TOKEN": "secret"}, ["TWILIO_ACCOUNT_SID", "TWILIO_SMS_FROM"]),
        (TWILIO, ["TWILIO_SMS_FROM"]),
        (
            {"TWILIO_SMS_FROM": "+14155550199"},
            ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
        ),
        ({"EMAIL_HOST": "smtp.example.com"}, ["DEFAULT_FROM_EMAIL"]),
        (
            LOGIN,
            ["EMAIL_HOST", "DEFAULT_FROM_EMAIL"],
        ),
        ({**MAIL, "EMAIL_HOST_USER": "rosa"}, ["EMAIL_HOST_PASSWORD"]),
        ({**MAIL, "EMAIL_HOST_PASSWORD": "secret"}, ["EMAIL_HOST_USER"]),
        ({"EMAIL_PROVIDERS": "smtp"}, ["EMAIL_HOST", "DEFAULT_FROM_EMAIL"]),
        ({**MAIL, "DEFAULT_FROM_EMAIL": "Salon Rosa"}, ["DEFAULT_FROM_EMAIL"]),
        ({**SMS, "SMS_PROVIDERS": "twillio"}, ["SMS_PROVIDERS"]),
        ({**SMS, **MAIL, "SMS_PROVIDERS": "smtp"}, ["SMS_PROVIDERS"]),
        (
            {"TWILIO_ACCOUNT_SID": "AC1", "EMAIL_HOST": "smtp.example.com"},
            ["DEFAULT_FROM_EMAIL", "TWILIO_AUTH_TOKEN", "TWILIO_SMS_FROM"],
        ),
    ],
)
def test_half_given_credentials_are_named_all_at_once(
    values: dict[str, str], missing: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        channel_modes(settings(**values))

    assert [problem.field for problem in caught.value.problems] == missing
    assert "secret" not in str(caught.value)


def test_an_unknown_provider_is_told_the_nearest_one() -> None:
    with pytest.raises(ConfigError, match="the nearest is twilio"):
        channel_modes(settings(**SMS, SMS_PROVIDERS="twillio"))


@pytest.mark.parametrize(
    ("values", "variable"),
    [
        ({**MAIL, **LOGIN, "EMAIL_USE_TLS": "0"}, "EMAIL_USE_TLS"),
        ({**SMS, "TWILIO_API_BASE": "http://twilio.example.com"}, "TWILIO_API_BASE"),
    ],
)
def test_production_sends_no_password_in_clear_text(
    values: dict[str, str], variable: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        channel_modes(settings(**values, BELLHOP_ENV="production"))

    assert [problem.field for problem in caught.value.problems] == [variable]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_production_may_talk_plainly_to_its_own_machine(host: str) -> None:
    values = {**MAIL, **LOGIN, "EMAIL_HOST": host, "EMAIL_USE_TLS": "0"}

    modes = channel_modes(settings(**values, BELLHOP_ENV="production"))

    assert modes[Channel.EMAIL] is Mode.SMTP


@pytest.mark.parametrize("row", PROVIDERS, ids=lambda row: f"{row.channel}-{row.name}")
def test_the_table_names_real_variables_only(row: object) -> None:
    variables = {*row.needs, *row.wanted_by, *row.account}  # type: ignore[attr-defined]

    assert variables <= set(names())


@pytest.mark.parametrize("secret", ["whsec_", "the signing secret", "whsec_abc"])
def test_a_signing_secret_that_is_not_whole_is_told(secret: str) -> None:
    with pytest.raises(
        ConfigError, match="RESEND_WEBHOOK_SECRET: is not whole"
    ) as told:
        channel_orders(settings(**RESEND, RESEND_WEBHOOK_SECRET=secret))

    assert "signing secret" not in str(told.value)
