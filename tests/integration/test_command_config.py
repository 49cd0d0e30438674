from __future__ import annotations

from pathlib import Path

from tests.shell import Shell


def values(found: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
    return {row["name"]: (row["value"], row["source"]) for row in found}


def test_every_value_comes_with_its_origin(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BELLHOP_TIMEZONE=Europe/Madrid\n")
    (tmp_path / "password").write_text("geheim\n")
    (tmp_path / "bellhop.toml").write_text(
        '[schedule]\ncleanup = "30 2 * * *"\n[queues.sms]\nretry_delays = []\n'
    )
    shell.set(BELLHOP_PORT="9000", EMAIL_HOST="smtp.example.com")
    shell.set(EMAIL_HOST_USER="rosa", DEFAULT_FROM_EMAIL="rosa@example.com")
    shell.set(EMAIL_HOST_PASSWORD_FILE=str(tmp_path / "password"))

    ran = shell("config", "--json")

    settings, policy = values(ran.json["settings"]), values(ran.json["policy"])
    assert ran.code == 0
    assert settings["BELLHOP_PORT"] == ("9000", "environment")
    assert settings["BELLHOP_TIMEZONE"] == ("Europe/Madrid", ".env")
    assert settings["EMAIL_HOST_PASSWORD"] == (
        "(set)",
        "file (EMAIL_HOST_PASSWORD_FILE)",
    )
    assert settings["BELLHOP_CURRENCY"] == ("EUR", "default")
    assert policy["schedule.cleanup"] == ("30 2 * * *", "bellhop.toml")
    assert policy["schedule.relay"] == ("5s", "default")
    assert policy["queues.sms.retry_delays"] == ("none", "bellhop.toml")
    assert policy["queues.email.retry_delays"] == ("1m, 2m, 4m", "default")
    assert policy["queues.sms.rate_limit"] == ("10/m", "default")
    assert policy["queues.staff.rate_limit"] == ("0", "default")
    assert ran.json["channels"] == {"sms": "off", "whatsapp": "off", "email": "smtp"}


def test_what_follows_from_other_settings_is_shown_as_it_is_in_force(
    shell: Shell,
) -> None:
    shell.set(BELLHOP_PORT="9000", BELLHOP_API_KEY="", BELLHOP_SECRET_KEY="")
    shell.set(DATABASE_URL="")
    Path("var").mkdir()
    Path("var/api_key").write_text("geheim-geheim\n")

    settings = values(shell("config", "--json").json["settings"])

    assert settings["BELLHOP_PUBLIC_URL"][0] == "http://127.0.0.1:9000"
    assert settings["DATABASE_URL"][0].startswith("sqlite:///")
    assert settings["REDIS_URL"][0] == "(the embedded server)"
    assert settings["BELLHOP_API_KEY"] == ("(set)", str(Path("var/api_key")))
    assert settings["BELLHOP_SECRET_KEY"] == ("(not set)", "made at the first start")


def test_secrets_are_never_printed(shell: Shell) -> None:
    shell.set(TWILIO_ACCOUNT_SID="AC1", TWILIO_AUTH_TOKEN="geheim-1")
    shell.set(TWILIO_SMS_FROM="+14155550199", RAZORPAY_KEY_SECRET="geheim-2")
    shell.set(REDIS_URL="redis://:geheim-3@queue:6379/0")
    shell.set(DATABASE_URL="postgresql+psycopg://bob:geheim-4@db/bellhop")

    printed = shell("config").out + shell("config", "--json").out

    assert "redis://***@queue:6379/0" in printed
    assert "geheim" not in printed


def test_channels_that_are_half_set_up_are_told_beside_all_values(shell: Shell) -> None:
    shell.set(TWILIO_AUTH_TOKEN="geheim")

    people, machines = shell("config"), shell("config", "--json")

    assert people.code == machines.code == 1
    assert "TWILIO_AUTH_TOKEN" in people.out
    assert "TWILIO_ACCOUNT_SID: is missing" in people.out
    assert "TWILIO_ACCOUNT_SID" in {p["field"] for p in machines.json["problems"]}


def test_setting_that_cannot_be_read_ends_it_as_it_ends_a_start(shell: Shell) -> None:
    shell.set(BELLHOP_PORT="eight")

    ran = shell("config")

    assert ran.code == 78
    assert "BELLHOP_PORT" in ran.err


def test_env_example_is_printed_as_it_is_kept(shell: Shell) -> None:
    kept = Path(__file__).resolve().parents[2] / ".env.example"

    ran = shell("config", "--env-example")

    assert ran.code == 0
    assert ran.out == kept.read_text(encoding="utf-8")
