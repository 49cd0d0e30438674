"""Secrets of the settings are in no error and no picture; all mistakes are told."""

from __future__ import annotations

import base64
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import Settings, names
from app.config.reading import load
from app.config.secrets import weakness
from app.errors import ConfigError

CANARY = "canary-7f3a"
#: As long as a secret must be, and not a character longer.
GOOD = "kT7_pW2xQ9-mZ4rB8vLc5NdHs1YgAu3J"
#: A value that each variable refuses, with a secret in it.
REFUSED = {
    "BELLHOP_ENV": CANARY,
    "BELLHOP_PREVIEW": CANARY,
    "BELLHOP_PORT": CANARY,
    "BELLHOP_PUBLIC_URL": f"ftp://rosa:{CANARY}@example.com",
    "DATABASE_URL": f"mysql://bellhop:{CANARY}@db/bellhop",
    "REDIS_URL": f"http://:{CANARY}@queue:6379",
    "BELLHOP_PHONE_REGION": CANARY,
    "EMAIL_PORT": CANARY,
    "TWILIO_API_BASE": CANARY,
}
SECRETS = [
    name
    for name in names()
    if name.endswith(
        (
            "_KEY",
            "_TOKEN",
            "_PASSWORD",
            "_SECRET",
            "_NOTIFY_URLS",
            "_IMAP_URL",
            "_HEADERS",
            "_BODY",
        )
    )
]


def problems_of(environ: dict[str, str], tmp_path: Path) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load(environ, dotenv=tmp_path / ".env")
    return {problem.field: problem.message for problem in caught.value.problems}


def test_the_secrets_are_those_that_are_named_so() -> None:
    kept_secret = {
        field.alias
        for field in Settings.model_fields.values()
        if "SecretStr" in str(field.annotation)
    }

    assert set(SECRETS) == kept_secret


def test_what_is_refused_is_named_and_never_shown(tmp_path: Path) -> None:
    found = problems_of(REFUSED, tmp_path)

    assert set(found) == set(REFUSED)
    assert CANARY not in str(found)
    assert all("; example: " in message for message in found.values())


def test_no_secret_is_in_a_picture_of_the_settings(tmp_path: Path) -> None:
    environ = {
        **dict.fromkeys(SECRETS, CANARY * 5),
        "DATABASE_URL": f"postgresql+psycopg://bellhop:{CANARY}@db/bellhop",
        "REDIS_URL": f"rediss://:{CANARY}@queue:6379/0",
    }

    settings = load(environ, dotenv=tmp_path / ".env")

    assert CANARY not in repr(settings)
    assert CANARY not in str(settings)
    assert CANARY not in f"{settings.model_dump()['secret_key']}"
    assert settings.redis_url == environ["REDIS_URL"]


def test_weak_secrets_are_told_together_with_every_other_mistake(
    tmp_path: Path,
) -> None:
    environ = {
        "BELLHOP_ENV": "production",
        "BELLHOP_API_KEY": "short",
        "BELLHOP_PORT": "eight",
        "BELLHOP_TYPO": "1",
    }

    found = problems_of(environ, tmp_path)

    assert set(found) == {
        "BELLHOP_API_KEY",
        "BELLHOP_SECRET_KEY",
        "BELLHOP_PORT",
        "BELLHOP_TYPO",
    }


def test_production_starts_with_secrets_that_are_long_enough(tmp_path: Path) -> None:
    environ = {
        "BELLHOP_ENV": "production",
        "BELLHOP_SECRET_KEY": GOOD,
        "BELLHOP_API_KEY": GOOD[::-1],
    }

    assert load(environ, dotenv=tmp_path / ".env").env == "production"


@pytest.mark.parametrize("name", ["BELLHOP_SECRET_KEY", "BELLHOP_API_KEY"])
def test_a_secret_that_is_one_character_too_short_is_refused(
    tmp_path: Path, name: str
) -> None:
    environ = {
        "BELLHOP_ENV": "production",
        "BELLHOP_SECRET_KEY": GOOD,
        "BELLHOP_API_KEY": GOOD[::-1],
        name: GOOD[:-1],
    }

    assert set(problems_of(environ, tmp_path)) == {name}


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("x" * 32, "different characters"),
        ("abc123" * 10, "different characters"),
        ("1234567" * 6, "different characters"),
        ("abcdefghijklmnopqrstuvwxyz0123456789", "in their order"),
        ("zyxwvutsrqponmlkjihgfedcba9876543210", "in their order"),
        ("0123456789" * 4, "in their order"),
        ("abcdefghijklmnopqrstuvwxyzAAAAAAAAAA", "in their order"),
        ("acegikmoqsuwyACEGIKMOQSUWY02468!#%')", "in their order"),
    ],
)
@pytest.mark.parametrize("name", ["BELLHOP_SECRET_KEY", "BELLHOP_API_KEY"])
def test_a_long_secret_that_anybody_would_guess_is_refused_and_not_shown(
    tmp_path: Path, name: str, secret: str, told: str
) -> None:
    environ = {
        "BELLHOP_ENV": "production",
        "BELLHOP_SECRET_KEY": GOOD,
        "BELLHOP_API_KEY": GOOD,
        name: secret,
    }

    found = problems_of(environ, tmp_path)

    assert set(found) == {name}
    assert told in found[name]
    assert secret not in str(found)


@given(seed=st.integers(), size=st.sampled_from([16, 24, 48]))
def test_what_was_made_by_chance_is_strong(seed: int, size: int) -> None:
    made = Random(seed).randbytes(size)

    assert weakness(made.hex()) == ""
    assert weakness(base64.urlsafe_b64encode(made).decode() + "=" * 8) == ""


def test_dotenv_as_a_windows_editor_saves_it_is_read_from_its_first_line(
    tmp_path: Path,
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"\xef\xbb\xbfBELLHOP_PORT=8123\r\nBELLHOP_CURRENCY=usd\r\n")

    settings = load({}, dotenv=dotenv)

    assert (settings.port, settings.currency) == (8123, "USD")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('BELLHOP_BUSINESS_NAME="Salón Rosa & Co"', "Salón Rosa & Co"),
        ("export BELLHOP_BUSINESS_NAME='Rosa'", "Rosa"),
        ("BELLHOP_BUSINESS_NAME=Rosa  # the owner", "Rosa"),
        ("# BELLHOP_BUSINESS_NAME=Rosa", "My Business"),
        ("BELLHOP_BUSINESS_NAME=", "My Business"),
        ("BELLHOP_BUSINESS_NAME", "My Business"),
    ],
)
def test_dotenv_is_read_as_people_write_it(
    tmp_path: Path, line: str, name: str
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(line + "\n", encoding="utf-8")

    assert load({}, dotenv=dotenv).business_name == name


def test_links_begin_with_the_public_address_or_with_our_own(tmp_path: Path) -> None:
    own = load({"BELLHOP_PORT": "8123"}, dotenv=tmp_path / ".env")
    public = load(
        {"BELLHOP_PUBLIC_URL": "https://book.example.com/"}, dotenv=tmp_path / ".env"
    )

    assert own.base_url == "http://127.0.0.1:8123"
    assert public.base_url == "https://book.example.com"
