"""Mistakes in settings: every one in plain words, none in those of a library."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.config import Settings, names
from app.config.reading import load
from app.config.sentences import SENTENCES, nearest
from app.errors import ConfigError

#: What people write into settings.
ODD = ("eight", "-1", "0", "1.5", "1e400", "9" * 5000, "NaN", "http://", "[]", "ß")
#: Words that are pydantic's and not ours.
THEIRS = ("Input", "input", "valid ", "pattern", "str ", "parse", "Value error")


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:8])
def test_whatever_a_setting_refuses_is_told_in_plain_words(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(dict.fromkeys(names(), text), dotenv=tmp_path / ".env")

    for problem in caught.value.problems:
        assert not any(word in problem.message for word in THEIRS), problem


def test_what_is_blank_counts_as_not_set(tmp_path: Path) -> None:
    blank = load(dict.fromkeys(names(), " "), dotenv=tmp_path / ".env")

    assert blank == load({}, dotenv=tmp_path / ".env")


@pytest.mark.parametrize("text", ODD, ids=lambda text: text[:8])
def test_every_error_that_a_setting_can_meet_has_words(text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(dict.fromkeys(names(), text))

    assert {error["type"] for error in caught.value.errors()} <= set(SENTENCES)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("BELLHOP_PORT", "eight", "must be a whole number"),
        ("BELLHOP_PORT", "0", "must be at least 1"),
        ("BELLHOP_PORT", "65536", "must be at most 65535"),
        ("BELLHOP_PREVIEW", "maybe", "must be 1 (yes) or 0 (no)"),
        ("BELLHOP_ENV", "prod", "must be 'development' or 'production'"),
        (
            "DATABASE_URL",
            "mysql://db/bellhop",
            "must begin with sqlite:/// or postgresql+psycopg://",
        ),
        (
            "REDIS_URL",
            "127.0.0.1",
            "must begin with redis://, rediss:// or unix://",
        ),
        (
            "BROKER_URL",
            "rabbit:5672",
            "must begin with amqp://, amqps://, redis://, rediss:// or unix://",
        ),
        (
            "BELLHOP_PUBLIC_URL",
            "book.example.com",
            "must be an address that begins with https:// or http://, without a path",
        ),
        ("BELLHOP_PHONE_REGION", "esp", "must be the two capital letters of a country"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_with_an_example(
    tmp_path: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load({name: text}, dotenv=tmp_path / ".env")

    (problem,) = caught.value.problems
    told, _, example = problem.message.partition("; example: ")
    assert (problem.field, told) == (name, message)
    assert example.startswith(f"{name}=")


def test_some_name_is_always_the_nearest() -> None:
    assert nearest("priorty", {"priority", "worker"}) == "priority"
    assert nearest("漢字", {"worker", "priority"}) in ("priority", "worker")
