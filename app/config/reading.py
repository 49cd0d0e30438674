"""Reads the settings from the environment, `.env`, secret files and credentials.

Called once by each entry point; reports every problem at once, each with the
variable's name and a way out. Secrets are never printed.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from app.config.settings import Settings
from app.errors import ConfigError, Problem

#: Names that begin so are Bellhop's: one that we do not know is a slip of the pen.
OWN_PREFIX = "BELLHOP_"
#: ... but these are the test suite's own.
TEST_PREFIX = "BELLHOP_TEST_"
#: A variable with this ending names a file that holds the value.
FILE_SUFFIX = "_FILE"
#: Characters of a secret below which production does not start.
MIN_SECRET_LENGTH = 32


def names() -> tuple[str, ...]:
    """Return the variables' names in the order in which they are documented."""
    fields = Settings.model_fields.values()
    return tuple(field.alias for field in fields if field.alias)


def load(
    environ: Mapping[str, str] | None = None, *, dotenv: Path = Path(".env")
) -> Settings:
    """Read the settings; raise ConfigError with every problem at once.

    The environment wins over `dotenv`; `NAME_FILE` and systemd's credentials are read
    where `NAME` itself is not given.
    """
    given = _given(os.environ if environ is None else environ, dotenv)
    problems = _unknown_names(given)
    values, unread = _values(given)
    problems += unread
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError([*problems, *map(_problem, error.errors())]) from None
    problems += _weak_secrets(settings)
    if problems:
        raise ConfigError(problems)
    return settings


def _given(environ: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    from_file = {k: v for k, v in dotenv_values(dotenv).items() if v is not None}
    return {**from_file, **environ}


def _values(given: Mapping[str, str]) -> tuple[dict[str, str], list[Problem]]:
    values, problems = {}, []
    credentials = given.get("CREDENTIALS_DIRECTORY")
    for name in names():
        try:
            value = _value(name, given, credentials)
        except (OSError, UnicodeDecodeError) as error:
            message = f"the file it names cannot be read ({error})"
            problems.append(Problem(name + FILE_SUFFIX, message))
            continue
        if value:  # an empty value means: not set
            values[name] = value
    return values, problems


def _value(name: str, given: Mapping[str, str], credentials: str | None) -> str | None:
    if name in given:
        return given[name]
    if path := given.get(name + FILE_SUFFIX):
        return Path(path).read_text(encoding="utf-8").strip()
    if credentials and (credential := Path(credentials) / name).is_file():
        return credential.read_text(encoding="utf-8").strip()
    return None


def _unknown_names(given: Mapping[str, str]) -> list[Problem]:
    known = {variant for name in names() for variant in (name, name + FILE_SUFFIX)}
    problems = []
    for name in sorted(given):
        if not name.startswith(OWN_PREFIX) or name.startswith(TEST_PREFIX):
            continue
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            message = f"there is no such setting; the nearest is {near[0]}"
            problems.append(Problem(name, message))
    return problems


def _problem(error: Any) -> Problem:
    name = str(error["loc"][0])
    field = next(f for f in Settings.model_fields.values() if f.alias == name)
    example = field.examples[0] if field.examples else ""
    message = error["msg"].removeprefix("Value error, ")
    return Problem(name, f"{message}; example: {name}={example}")


def _weak_secrets(settings: Settings) -> list[Problem]:
    if settings.env != "production":
        return []
    problems = []
    for name, secret in [
        ("BELLHOP_SECRET_KEY", settings.secret_key),
        ("BELLHOP_API_KEY", settings.api_key),
    ]:
        if secret is None or len(secret.get_secret_value()) < MIN_SECRET_LENGTH:
            message = f"production needs at least {MIN_SECRET_LENGTH} random characters"
            hint = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            problems.append(Problem(name, f"{message}; make some with {hint}"))
    return problems
