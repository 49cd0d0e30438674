from __future__ import annotations

from pathlib import Path

import pytest

from app.config.reading import Source, load, names, read
from app.errors import ConfigError

NAME = "TWILIO_AUTH_TOKEN"


def token(environ: dict[str, str], dotenv: Path) -> tuple[str | None, Source]:
    reading = read(environ, dotenv=dotenv)
    secret = reading.settings.twilio_auth_token
    return secret.get_secret_value() if secret else None, reading.sources[NAME]


def test_value_that_nobody_gives_is_the_default(tmp_path: Path) -> None:
    reading = read({}, dotenv=tmp_path / ".env")

    assert set(names()) == set(reading.sources)
    assert {Source.DEFAULT} == set(reading.sources.values())


def test_environment_wins_over_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"{NAME}=from-dotenv\n")

    assert token({}, dotenv) == ("from-dotenv", Source.DOTENV)
    assert token({NAME: "mine"}, dotenv) == ("mine", Source.ENVIRONMENT)


def test_file_is_read_without_the_line_break_at_its_end(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("from-file\n")

    found = token({f"{NAME}_FILE": str(secret)}, tmp_path / ".env")

    assert found == ("from-file", Source.FILE)


def test_file_that_the_environment_names_wins_over_dotenv(tmp_path: Path) -> None:
    secret, dotenv = tmp_path / "token", tmp_path / ".env"
    secret.write_text("from-file\n")
    dotenv.write_text(f"{NAME}=from-dotenv\n")

    found = token({f"{NAME}_FILE": str(secret)}, dotenv)

    assert found == ("from-file", Source.FILE)


def test_value_wins_over_the_file_beside_it(tmp_path: Path) -> None:
    environ = {NAME: "mine", f"{NAME}_FILE": str(tmp_path / "not-there")}

    found = token(environ, tmp_path / ".env")

    assert found == ("mine", Source.ENVIRONMENT)


def test_systemd_credential_is_read_where_nothing_else_is_given(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("from-systemd\n")
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}

    found = token(environ, tmp_path / ".env")

    assert found == ("from-systemd", Source.CREDENTIAL)
    assert token(environ | {NAME: "mine"}, tmp_path / ".env")[0] == "mine"


def test_empty_value_means_not_set_even_where_dotenv_has_one(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"{NAME}=from-dotenv\n")

    assert token({NAME: ""}, dotenv) == (None, Source.DEFAULT)


def test_a_secret_of_spaces_is_none(tmp_path: Path) -> None:
    # An empty key would let anybody sign.
    settings = load({"WHATSAPP_APP_SECRET": "  "}, dotenv=tmp_path / ".env")

    assert settings.whatsapp_app_secret is None


def test_every_mistake_is_told_at_once_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BELLHOP_PORT=eight\n")
    environ = {
        "BELLHOP_TIMEZONE": "Europe/Madird",
        "BELLHOP_HSOT": "127.0.0.1",
        f"{NAME}_FILE": str(tmp_path / "not-there"),
    }

    with pytest.raises(ConfigError) as caught:
        load(environ, dotenv=tmp_path / ".env")

    found = {problem.field: problem.message for problem in caught.value.problems}
    assert set(found) == {
        "BELLHOP_PORT",
        "BELLHOP_TIMEZONE",
        "BELLHOP_HSOT",
        f"{NAME}_FILE",
    }
    assert found[f"{NAME}_FILE"] == (
        f"the file {tmp_path / 'not-there'} cannot be read: No such file or directory"
    )
    assert "BELLHOP_PORT=8000" in found["BELLHOP_PORT"]
    assert "Europe/Madrid" in found["BELLHOP_TIMEZONE"]
    assert "BELLHOP_HOST" in found["BELLHOP_HSOT"]


@pytest.mark.parametrize("rest", ["/bellhop", "/b/", "?x=1", "#top"])
def test_a_public_address_below_which_no_page_would_work_is_refused(
    tmp_path: Path, rest: str
) -> None:
    with pytest.raises(ConfigError, match="without a path"):
        load(
            {"BELLHOP_PUBLIC_URL": f"https://book.example.com{rest}"},
            dotenv=tmp_path / ".env",
        )

    closed = load(
        {"BELLHOP_PUBLIC_URL": "https://book.example.com:8443/"},
        dotenv=tmp_path / ".env",
    )
    assert closed.base_url == "https://book.example.com:8443"


def test_production_refuses_weak_and_missing_secrets_without_showing_them(
    tmp_path: Path,
) -> None:
    environ = {"BELLHOP_ENV": "production", "BELLHOP_SECRET_KEY": "hunter2"}

    with pytest.raises(ConfigError) as caught:
        load(environ, dotenv=tmp_path / ".env")

    fields = {problem.field for problem in caught.value.problems}
    assert fields == {"BELLHOP_SECRET_KEY", "BELLHOP_API_KEY"}
    assert "hunter2" not in str(caught.value)


def test_dotenv_that_is_no_text_is_named(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"BELLHOP_BUSINESS_NAME=Sal\xf3n\n")

    with pytest.raises(ConfigError, match=r"\.env: is no text in UTF-8"):
        load({}, dotenv=dotenv)


def test_a_policy_file_that_is_named_and_not_there_stops_the_start(
    tmp_path: Path,
) -> None:
    file = tmp_path / "belhop.toml"

    with pytest.raises(ConfigError) as caught:
        load({"BELLHOP_CONFIG": str(file)}, dotenv=tmp_path / ".env")

    (problem,) = caught.value.problems
    assert problem.field == "BELLHOP_CONFIG"
    assert problem.message.startswith(f"there is no file {file};")


def test_a_policy_file_may_be_absent_where_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load({"BELLHOP_CONFIG": ""}, dotenv=tmp_path / ".env")

    assert settings.policy_file == Path("bellhop.toml")


def test_a_policy_file_that_is_named_and_there_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.touch()

    settings = load({"BELLHOP_CONFIG": str(file)}, dotenv=tmp_path / ".env")

    assert settings.policy_file == file


def test_lines_of_dotenv_that_say_nothing_are_told_with_all_the_rest(
    tmp_path: Path,
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("BELLHOP_PORT=eight\n=geheim\n")

    with pytest.raises(ConfigError) as caught:
        load({"EMAIL_PORT": "0"}, dotenv=dotenv)

    assert [problem.field for problem in caught.value.problems] == [
        f"{dotenv}, line 2",
        "BELLHOP_PORT",
        "EMAIL_PORT",
    ]
    assert "geheim" not in str(caught.value)


def test_names_of_the_test_suite_are_left_alone(tmp_path: Path) -> None:
    settings = load({"BELLHOP_TEST_REQUIRE_SERVICES": "1"}, dotenv=tmp_path / ".env")

    assert settings.env == "development"
