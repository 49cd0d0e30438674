"""`config`: every setting and every policy in force, and where each value came from.

For whoever wonders why Bellhop does what it does. Never prints a secret.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

from app.channels.table import channel_modes
from app.commands.printing import say, say_json, table
from app.config.example import env_example
from app.config.reading import Reading, Source, read
from app.config.settings import Settings
from app.config.shown import NOT_SET, SET, shown, without_password
from app.errors import ConfigError, Problem
from app.policy import Line, policy_lines
from app.runtime import queue_url
from app.storage.database import database_url

EMBEDDED, NOT_USED = "(the embedded server)", "(not used)"
#: What is in force where a variable is not set.
IN_FORCE: Mapping[str, Callable[[Settings], str]] = {
    "BELLHOP_PUBLIC_URL": lambda settings: settings.base_url,
    "DATABASE_URL": database_url,
    "REDIS_URL": lambda settings: (
        NOT_USED if settings.broker_url else queue_url(settings) or EMBEDDED
    ),
    "BROKER_URL": lambda settings: queue_url(settings) or EMBEDDED,
}
#: Secrets that a box makes for itself, and their files in the data directory.
KEPT = {"BELLHOP_SECRET_KEY": "secret_key", "BELLHOP_API_KEY": "api_key"}

Row = dict[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's flags."""
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print for machines")
    shape.add_argument(
        "--env-example",
        action="store_true",
        help="print .env.example: every setting there is, with its meaning",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print it; 1 where channels or policy are not right (and what is wrong)."""
    if arguments.env_example:
        say(env_example().rstrip("\n"))
        return 0
    reading = read()
    found = _found(reading)
    if arguments.json:
        say_json(found)
    else:
        say(_for_people(reading.settings, found))
    return 1 if found["problems"] else 0


def _found(reading: Reading) -> dict[str, Any]:
    settings = reading.settings
    problems: list[Problem] = []
    channels: dict[str, str] = {}
    policy: list[Row] = []
    try:
        channels = {str(c): str(m) for c, m in channel_modes(settings).items()}
    except ConfigError as error:
        problems += error.problems
    try:
        file = settings.policy_file
        policy = [_policy(line, file=str(file)) for line in policy_lines(file)]
    except ConfigError as error:
        problems += error.problems
    return {
        "settings": [_setting(reading, name) for name in reading.sources],
        "channels": channels,
        "policy": policy,
        "problems": [{"field": p.field, "message": p.message} for p in problems],
    }


def _for_people(settings: Settings, found: Mapping[str, Any]) -> str:
    parts = [_section("Settings", found["settings"])]
    if found["channels"]:
        parts.append(table(("CHANNEL", "SENDS OVER"), found["channels"].items()))
    file = settings.policy_file
    state = "" if file.is_file() else " (there is none: every value is the default)"
    parts.append(f"Policy file: {file}{state}")
    if found["policy"]:
        parts.append(_section("Policy", found["policy"]))
    if found["problems"]:
        wrong = [f"  {p['field']}: {p['message']}" for p in found["problems"]]
        parts.append("\n".join(["Bellhop cannot start with these settings:", *wrong]))
    return "\n\n".join(parts)


def _section(title: str, rows: list[Row]) -> str:
    headings = (title.upper(), "VALUE", "FROM")
    return table(headings, [(r["name"], r["value"], r["source"]) for r in rows])


def _setting(reading: Reading, name: str) -> Row:
    settings, source = reading.settings, reading.sources[name]
    value, origin = shown(settings, name), str(source)
    if source is Source.FILE:
        origin = f"file ({name}_FILE)"
    if value == NOT_SET and name in IN_FORCE:
        value = without_password(IN_FORCE[name](settings))
    if value == NOT_SET and name in KEPT:
        kept = settings.data_dir / KEPT[name]
        value = SET if kept.is_file() else NOT_SET
        origin = str(kept) if kept.is_file() else "made at the first start"
    return {"name": name, "value": value, "source": origin}


def _policy(line: Line, *, file: str) -> Row:
    source = file if line.is_given else str(Source.DEFAULT)
    return {"name": line.name, "value": _listed(line.value), "source": source}


def _listed(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
