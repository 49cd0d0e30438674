from __future__ import annotations

from pathlib import Path

import pytest

from app.config import Settings, load, names
from app.config.shown import shown, without_password


def settings(tmp_path: Path, **environ: str) -> Settings:
    return load(environ, dotenv=tmp_path / ".env")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("BELLHOP_API_KEY", "geheim-geheim", "(set)"),
        ("BELLHOP_LOG_DIR", "", "(not set)"),
        ("BELLHOP_PREVIEW", "yes", "1"),
        ("SMS_PROVIDERS", "twilio preview", "twilio,preview"),
        ("BELLHOP_PORT", "9000", "9000"),
        ("REDIS_URL", "redis://:geheim@queue:6379/0", "redis://***@queue:6379/0"),
    ],
)
def test_value_is_shown_as_it_would_be_written(
    tmp_path: Path, name: str, value: str, expected: str
) -> None:
    assert expected == shown(settings(tmp_path, **{name: value}), name)


def test_every_setting_can_be_shown(tmp_path: Path) -> None:
    chosen = settings(tmp_path)

    assert all(shown(chosen, name) for name in names())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
        ("redis://bob:geheim@queue/0", "redis://***@queue/0"),
        ("redis://queue/0?password=geheim", "redis://queue/0?***"),
        ("redis://:ge/he@im@queue/0", "redis://***@queue/0"),
        ("redis://:ge?heim@queue/0", "redis://***"),
        ("redis://queue/0?password=ge@heim", "redis://***"),
        ("sqlite:////var/lib/bellhop.db", "sqlite:////var/lib/bellhop.db"),
        ("Salon Rosa <rosa@example.com>", "Salon Rosa <rosa@example.com>"),
    ],
)
def test_password_in_an_address_is_hidden(address: str, expected: str) -> None:
    assert expected == without_password(address)
