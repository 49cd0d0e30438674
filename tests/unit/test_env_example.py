from __future__ import annotations

from pathlib import Path

from app.config import Settings, load, names
from app.config.example import GROUPS, env_example

ROOT = Path(__file__).resolve().parents[2]


def test_env_example_is_the_table_of_settings() -> None:
    # If not: python3 bellhop.py config --env-example > .env.example
    assert (ROOT / ".env.example").read_text(encoding="utf-8") == env_example()


def test_env_example_sets_nothing_as_it_is(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(env_example(), encoding="utf-8")

    assert load({}, dotenv=dotenv) == load({}, dotenv=tmp_path / "none")


def test_every_example_is_a_value_that_can_be_set(tmp_path: Path) -> None:
    lines = [
        line.removeprefix("#")
        for line in env_example().splitlines()
        if line.startswith("#") and not line.startswith("# ")
    ]
    dotenv = tmp_path / ".env"
    dotenv.write_text("\n".join(lines), encoding="utf-8")
    policy = tmp_path / "bellhop.toml"
    policy.touch()

    # Production would refuse the placeholders of secrets, and rightly; and a policy
    # file that is named must be there.
    own = {"BELLHOP_ENV": "development", "BELLHOP_CONFIG": str(policy)}
    settings = load(own, dotenv=dotenv)

    assert [line.partition("=")[0] for line in lines] == list(names())
    assert settings.business_name == "Salon Rosa"
    assert settings.default_from_email == "Salon Rosa <hello@example.com>"
    assert settings.sms_providers == ("twilio", "vonage")


def test_every_group_begins_at_a_setting_that_exists() -> None:
    assert set(GROUPS) <= {field.alias for field in Settings.model_fields.values()}
