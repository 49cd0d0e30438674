"""Reads the settings from the environment, `.env`, secret files and credentials.

Called once by each entry point; reports every problem at once, each with the
variable's name and a way out. Secrets are never printed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import ValidationError

from app.config.secrets import MIN_SECRET_LENGTH, weakness
from app.config.sentences import nearest, sentence, unreadable
from app.config.settings import Settings
from app.errors import ConfigError, Problem

#: Names that begin so are Bellhop's: one that we do not know is a slip of the pen.
OWN_PREFIX = "BELLHOP_"
#: ... but these are the test suite's own.
TEST_PREFIX = "BELLHOP_TEST_"
#: A variable with this ending names a file that holds the value.
FILE_SUFFIX = "_FILE"
#: Secrets without which, or with weak ones, production does not start.
STRONG_SECRETS = ("BELLHOP_SECRET_KEY", "BELLHOP_API_KEY")
POLICY_FILE = "BELLHOP_CONFIG"


class Source(StrEnum):
    """Where a setting's value came from."""

    ENVIRONMENT = "environment"
    DOTENV = ".env"
    FILE = "file"  # the one that NAME_FILE names
    CREDENTIAL = "credential"  # systemd's LoadCredential
    DEFAULT = "default"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The settings, and where each variable's value came from."""

    settings: Settings
    sources: Mapping[str, Source]


def names() -> tuple[str, ...]:
    """Return the variables' names in the order in which they are documented."""
    fields = Settings.model_fields.values()
    return tuple(field.alias for field in fields if field.alias)


def load(
    environ: Mapping[str, str] | None = None, *, dotenv: Path = Path(".env")
) -> Settings:
    """Read the settings; raise ConfigError with every problem at once.

    The environment wins over `dotenv`, `NAME` over `NAME_FILE` beside it; systemd's
    credentials are read where neither gives a value.
    """
    return read(environ, dotenv=dotenv).settings


def read(
    environ: Mapping[str, str] | None = None, *, dotenv: Path = Path(".env")
) -> Reading:
    """Do as `load`, and tell where each value came from."""
    given, problems = _given(os.environ if environ is None else environ, dotenv)
    problems += _unknown_names(given)
    values, unread = _values(given)
    texts = {name: text for name, (text, _) in values.items()}
    problems += [*unread, *_weak_secrets(texts), *_missing_policy(texts)]
    try:
        settings = Settings.model_validate(texts)
    except ValidationError as error:
        raise ConfigError([*problems, *map(_problem, error.errors())]) from None
    if problems:
        raise ConfigError(problems)
    sources = {name: source for name, (_, source) in values.items()}
    return Reading(
        settings=settings,
        sources={name: sources.get(name, Source.DEFAULT) for name in names()},
    )


#: What each place gives, the one that wins first.
_Given = Mapping[Source, Mapping[str, str]]


def _given(environ: Mapping[str, str], dotenv: Path) -> tuple[_Given, list[Problem]]:
    in_file: dict[str, str | None] = {}
    try:
        problems = _broken_lines(dotenv)
        in_file = dotenv_values(dotenv)
    except (OSError, UnicodeDecodeError) as error:
        problems = [Problem(str(dotenv), unreadable(error))]
    given = {
        Source.ENVIRONMENT: environ,
        Source.DOTENV: {k: v for k, v in in_file.items() if v is not None},
    }
    return given, problems


def _broken_lines(dotenv: Path) -> list[Problem]:
    """Tell of lines that say nothing; the parser would skip them."""
    if not dotenv.is_file():
        return []
    with dotenv.open(encoding="utf-8") as file:
        broken = [found.original for found in parse_stream(file) if found.error]
    message = "must be written NAME=value, each on a line of its own"
    # The line's number alone: it may hold a secret.
    return [Problem(f"{dotenv}, line {line.line}", message) for line in broken]


def _values(
    given: _Given,
) -> tuple[dict[str, tuple[str, Source]], list[Problem]]:
    values, problems = {}, []
    for name in names():
        try:
            found = _value(name, given)
        except (OSError, UnicodeDecodeError) as error:
            file = getattr(error, "filename", None) or "that it names"
            message = f"the file {file} {unreadable(error)}"
            problems.append(Problem(name + FILE_SUFFIX, message))
            continue
        if found is not None and found[0].strip():  # an empty value means: not set
            values[name] = found
    return values, problems


def _value(name: str, given: _Given) -> tuple[str, Source] | None:
    for source, variables in given.items():
        if name in variables:
            return variables[name], source
        if path := variables.get(name + FILE_SUFFIX):
            return Path(path).read_text(encoding="utf-8").strip(), Source.FILE
    folder = given[Source.ENVIRONMENT].get("CREDENTIALS_DIRECTORY")
    if folder and (credential := Path(folder) / name).is_file():
        return credential.read_text(encoding="utf-8").strip(), Source.CREDENTIAL
    return None


def _unknown_names(given: _Given) -> list[Problem]:
    known = {variant for name in names() for variant in (name, name + FILE_SUFFIX)}
    problems = []
    for name in sorted({name for variables in given.values() for name in variables}):
        if not name.startswith(OWN_PREFIX) or name.startswith(TEST_PREFIX):
            continue
        if name not in known:
            message = f"there is no such setting; the nearest is {nearest(name, known)}"
            problems.append(Problem(name, message))
    return problems


def _problem(error: Any) -> Problem:
    name = str(error["loc"][0])
    field = next(f for f in Settings.model_fields.values() if f.alias == name)
    example = field.examples[0] if field.examples else ""
    return Problem(name, f"{sentence(error)}; example: {name}={example}")


def _weak_secrets(texts: Mapping[str, str]) -> list[Problem]:
    if texts.get("BELLHOP_ENV", "").strip() != "production":
        return []
    problems = []
    for name in STRONG_SECRETS:
        secret = texts.get(name, "").strip()
        if trouble := weakness(secret) if secret else "is not set":
            message = f"production needs at least {MIN_SECRET_LENGTH} random characters"
            hint = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
            problems.append(
                Problem(name, f"{trouble}; {message}: make some with {hint}")
            )
    return problems


def _missing_policy(texts: Mapping[str, str]) -> list[Problem]:
    """Tell where a policy is expected and there is none; the usual file may be absent.

    A slip of the pen in its name would otherwise put all that the owner decided out of
    force without a word.
    """
    named = texts.get(POLICY_FILE, "").strip()
    try:
        is_missing = bool(named) and not Path(named).exists()
    except (OSError, ValueError):
        is_missing = False  # whoever reads it says why that cannot be done
    if not is_missing:
        return []
    message = f"there is no file {named}; make it (it may be empty), or leave this out"
    return [Problem(POLICY_FILE, message)]
