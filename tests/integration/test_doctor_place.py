from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.commands.checks import place, settings
from app.commands.checks.findings import Box, Check, Finding, Level
from tests.house import make_settings

GIGABYTE = 1024**3
TWILIO = {
    "TWILIO_ACCOUNT_SID": "AC0",
    "TWILIO_AUTH_TOKEN": "geheim",
    "TWILIO_SMS_FROM": "+14155550199",
}
VONAGE = {
    "VONAGE_API_KEY": "k",
    "VONAGE_API_SECRET": "geheim",
    "VONAGE_SMS_FROM": "Rosa",
}
PRODUCTION = {"BELLHOP_ENV": "production"}

needs_posix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows keeps permissions in another way"
)


def look(check: Check, tmp_path: Path, **env: str) -> list[Finding]:
    box = Box(settings=make_settings(tmp_path, **env), runtime=None)
    return list(check(box))


def levels(found: list[Finding]) -> list[Level]:
    return [finding.level for finding in found]


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        (GIGABYTE // 10, Level.BROKEN),
        (GIGABYTE // 2, Level.WARNING),
        (2 * GIGABYTE, Level.OK),
    ],
)
def test_little_room_is_told_before_there_is_none(free: int, expected: Level) -> None:
    assert place.room(free).level is expected


def test_room_is_looked_at_even_before_the_data_directory_is_there(
    tmp_path: Path,
) -> None:
    (found,) = look(place.disk, tmp_path)

    assert "MB are free" in found.finding


def test_data_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("in the way")

    (found,) = look(place.data_dir, tmp_path)

    assert found.level is Level.BROKEN
    assert "cannot write to its data directory" in found.finding


@needs_posix
def test_key_that_others_can_read_is_told_with_the_cure(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir(mode=0o700)
    key = folder / "api_key"
    key.touch(mode=0o644)
    key.chmod(0o644)

    (before,) = look(place.secrets, tmp_path)
    key.chmod(0o600)
    (after,) = look(place.secrets, tmp_path)

    assert before.level is Level.WARNING
    assert before.advice == f"chmod 600 {key}"
    assert after.level is Level.OK


@needs_posix
def test_data_directory_that_all_can_enter_is_told(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var").chmod(0o755)

    (found,) = look(place.secrets, tmp_path)

    assert found.advice == f"chmod 700 {tmp_path / 'var'}"


def test_short_key_is_told_and_not_shown(tmp_path: Path) -> None:
    found = look(settings.settings, tmp_path, BELLHOP_API_KEY="geheim")

    assert levels(found) == [Level.OK, Level.WARNING]
    assert "BELLHOP_API_KEY" in found[1].finding
    assert "geheim" not in str(found)


def test_channels_tell_who_sends_and_which_are_off(tmp_path: Path) -> None:
    found = look(settings.channels, tmp_path, **TWILIO)

    assert levels(found) == [Level.OK, Level.INFO, Level.INFO]
    assert found[0].finding == "sms goes out over twilio."
    assert found[1].finding.startswith("whatsapp is off")


def test_channel_kept_in_preview_beside_a_real_one_is_loud(tmp_path: Path) -> None:
    found = look(settings.channels, tmp_path, **TWILIO, BELLHOP_PREVIEW="1")

    assert found[0].level is Level.WARNING
    assert found[0].finding.startswith("PREVIEW: whatsapp and email only write files")


def test_the_provider_that_takes_over_is_told(tmp_path: Path) -> None:
    found = look(settings.channels, tmp_path, **TWILIO, **VONAGE)

    first = "sms goes out over twilio, and over vonage when that fails."
    assert found[0].finding == first


@pytest.mark.parametrize("variable", ["TWILIO_API_BASE", "VONAGE_API_BASE"])
def test_simulator_in_a_providers_place_is_told(tmp_path: Path, variable: str) -> None:
    base = {variable: "http://127.0.0.1:9200"}

    found = look(settings.channels, tmp_path, **TWILIO, **VONAGE, **base)

    assert [f.level for f in found].count(Level.WARNING) == 1
    assert found[-1].level is Level.WARNING
    assert variable in found[-1].finding


def test_credentials_that_are_half_given_are_told(tmp_path: Path) -> None:
    found = look(settings.channels, tmp_path, TWILIO_AUTH_TOKEN="geheim")

    assert set(levels(found)) == {Level.BROKEN}
    assert any("TWILIO_ACCOUNT_SID" in finding.finding for finding in found)


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, Level.OK),
        (TWILIO, Level.WARNING),
        (PRODUCTION, Level.BROKEN),
        (PRODUCTION | {"BELLHOP_PUBLIC_URL": "http://localhost:8000"}, Level.BROKEN),
        (PRODUCTION | {"BELLHOP_HOST": "0.0.0.0"}, Level.BROKEN),
        (PRODUCTION | {"BELLHOP_PUBLIC_URL": "http://rosa.example"}, Level.WARNING),
        (PRODUCTION | {"BELLHOP_PUBLIC_URL": "https://rosa.example"}, Level.OK),
    ],
)
def test_links_must_lead_customers_somewhere(
    tmp_path: Path, env: dict[str, str], expected: Level
) -> None:
    (found,) = look(settings.public_url, tmp_path, **env)

    assert found.level is expected


def test_business_without_a_name_is_told_only_where_customers_read_it(
    tmp_path: Path,
) -> None:
    named = {"BELLHOP_BUSINESS_NAME": "Rosa", "BELLHOP_TIMEZONE": "Europe/Madrid"}

    assert look(settings.business, tmp_path) == []
    assert len(look(settings.business, tmp_path, **TWILIO)) == 2
    assert look(settings.business, tmp_path, **TWILIO, **named) == []


def test_policy_is_told_with_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path.parent)
    (usual,) = look(settings.policy, tmp_path, BELLHOP_CONFIG="")
    (tmp_path / "bellhop.toml").write_text('[schedule]\ncleanup = "2h"\n')
    (own,) = look(settings.policy, tmp_path)

    assert usual.finding.endswith("the usual policy is in force.")
    assert own.finding == f"The policy in {tmp_path / 'bellhop.toml'} can be read."
