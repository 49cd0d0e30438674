"""Log lines: one a change of state, for people or machines, and nobody's business."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app import logs
from app.errors import StorageUnavailableError
from app.logs import JsonFormatter, TextFormatter, fields
from tests.house import make_settings

PHONE = "+14155550100"


@pytest.fixture(autouse=True)
def usual_logging() -> Iterator[None]:
    """Put pytest's own logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in logs.QUIET_LIBRARIES}
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, was in levels.items():
        logging.getLogger(name).setLevel(was)


def record(event: str = "Notification sent", **facts: object) -> logging.LogRecord:
    made = logging.LogRecord("app.x", logging.INFO, "x.py", 1, event, (), None)
    made.created = 1_800_000_000.25
    made.__dict__ |= fields("notification_sent", **facts)
    return made


def failed(error: BaseException) -> logging.LogRecord:
    """Return the record of an error that was raised in a function."""

    def stumble_here() -> None:
        raise error

    made = record("Task stumbled", id=7)
    try:
        stumble_here()
    except BaseException:  # noqa: BLE001 - it is looked at below
        made.exc_info = sys.exc_info()
    return made


def test_a_line_for_people_tells_time_level_event_and_facts() -> None:
    line = TextFormatter().format(record(id=7, channel="sms", ms=212))

    assert line == (
        "2027-01-15T08:00:00.250Z info    Notification sent  id=7 channel=sms ms=212"
    )


def test_a_line_without_facts_ends_with_its_event() -> None:
    assert TextFormatter().format(record()).endswith("info    Notification sent")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("two words", '"two words"'),
        ("", '""'),
        ("a\nforged line", '"a\\nforged line"'),
        ("a\nb", '"a\\nb"'),
        ("a\rb", '"a\\rb"'),
        ("a\x1b[31mb", '"a\\u001b[31mb"'),
        ("a\u2028b", '"a\\u2028b"'),
        ('say="yes"', '"say=\\"yes\\""'),
        ("naïve", "naïve"),
        (None, "None"),
    ],
)
def test_no_value_can_forge_a_line_or_a_fact(value: object, shown: str) -> None:
    line = TextFormatter().format(record(reason=value))

    assert line.endswith(f"  reason={shown}")
    assert len(line.splitlines()) == 1


def test_a_line_for_machines_is_one_json_object_with_a_stable_action() -> None:
    line = JsonFormatter().format(record(id=7, reason="two\nlines"))

    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2027-01-15T08:00:00.250000+00:00",
        "level": "info",
        "event": "Notification sent",
        "action": "notification_sent",
        "logger": "app.x",
        "id": 7,
        "reason": "two\nlines",
    }


def test_what_json_does_not_know_is_written_as_text() -> None:
    line = JsonFormatter().format(record(cause=ValueError("odd"), path=Path("/x")))

    assert json.loads(line)["cause"] == "odd"
    assert json.loads(line)["path"] == "/x"


def test_a_fact_never_replaces_the_time_level_or_event() -> None:
    made = record()
    made.__dict__["facts"] = {"time": "never", "level": "none", "event": "nothing"}

    entry = json.loads(JsonFormatter().format(made))
    assert entry["time"].startswith("2027-")
    assert (entry["level"], entry["event"]) == ("info", "Notification sent")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_an_unforeseen_error_shows_where_it_was_but_not_its_words(
    formatter: logging.Formatter,
) -> None:
    cause = ValueError(f"cannot call {PHONE}")
    error = RuntimeError(f"no letter to alice@example.org, {PHONE}")
    error.__cause__ = cause

    line = formatter.format(failed(error))

    assert "RuntimeError" in line
    assert "ValueError" in line
    assert "stumble_here" in line
    assert PHONE not in line
    assert "alice@example.org" not in line


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_an_error_of_our_own_is_shown_in_its_words(
    formatter: logging.Formatter,
) -> None:
    line = formatter.format(failed(StorageUnavailableError("The disk is full.")))

    assert "StorageUnavailableError: The disk is full." in line


def test_an_error_that_leads_back_to_itself_is_shown_once() -> None:
    error = RuntimeError("round")
    other = ValueError("and round")
    error.__cause__, other.__cause__ = other, error

    line = TextFormatter().format(failed(error))

    assert line.count("ValueError") == 1


@pytest.mark.parametrize(("given", "is_json"), [("text", False), ("json", True)])
def test_the_owner_chooses_the_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], given: str, is_json: Any
) -> None:
    configure(tmp_path, BELLHOP_LOG_FORMAT=given)

    logging.getLogger("app.x").info("Worker started", extra=fields("worker_started"))

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("{") == is_json


def test_the_owner_chooses_how_much_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(tmp_path, BELLHOP_LOG_LEVEL="warning")

    logging.getLogger("app.x").info("Routine")
    logging.getLogger("app.x").warning("Trouble")

    assert "Routine" not in (shown := capsys.readouterr().err)
    assert "Trouble" in shown


def test_libraries_are_quiet_about_their_routine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(tmp_path, BELLHOP_LOG_LEVEL="debug")

    for name in logs.QUIET_LIBRARIES:
        logging.getLogger(name).info("Routine of %s", name)
        logging.getLogger(name).warning("Trouble of %s", name)

    shown = capsys.readouterr().err
    assert "Routine" not in shown
    assert shown.count("Trouble") == len(logs.QUIET_LIBRARIES)


def test_each_process_has_a_file_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    settings = make_settings(tmp_path, BELLHOP_LOG_DIR=str(folder))

    for name in ("api", "worker-main"):
        logs.configure(settings, process=name)
        logging.getLogger("app.x").info("Hello from %s", name)

    assert "Hello from api" in (folder / "api.log").read_text(encoding="utf-8")
    assert "Hello from worker-main" in (folder / "worker-main.log").read_text()
    for handler in logging.getLogger().handlers:
        handler.close()


def configure(folder: Path, **env: str) -> None:
    logs.configure(make_settings(folder, **env), process="test")
