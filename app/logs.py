"""How the house logs: one line per change of state, for people or for machines.

Every process calls `configure` once; every other module uses its own logger and
`fields`. Nothing that is logged holds a phone number, an address or a message's text.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from app.config import Settings
from app.errors import BellhopError

#: One log file grows to this many bytes, and so many older ones are kept.
LOG_FILE_BYTES = 10 * 1024 * 1024
LOG_FILES_KEPT = 5
#: Libraries that speak too much at `info`.
QUIET_LIBRARIES = ("apscheduler", "dramatiq", "alembic", "urllib3", "mail.log")


def fields(action: str, **facts: object) -> dict[str, Any]:
    """Make the `extra` of a log line: a stable action for machines, and its facts.

    Used as `log.info("Notification sent", extra=fields("notification_sent", id=7))`.
    """
    return {"action": action, "facts": facts}


def configure(settings: Settings, *, process: str) -> None:
    """Send this process's lines to standard error, and to a file where one is set."""
    formatter = _formatter(settings)
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if settings.log_dir is not None:
        handlers.append(_log_file(settings, process))
    for handler in handlers:
        handler.setFormatter(formatter)
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(level=level, handlers=handlers, force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


class TextFormatter(logging.Formatter):
    """Writes a line for people: time, level, event, then key=value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line (and its traceback, where it has one)."""
        moment = datetime.fromtimestamp(record.created, UTC)
        parts = [
            moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z",
            f"{record.levelname.lower():7}",
            record.getMessage(),
        ]
        facts = getattr(record, "facts", {})
        if facts:
            parts.append(" " + " ".join(f"{k}={_shown(v)}" for k, v in facts.items()))
        line = " ".join(parts)
        error = _error_of(record)
        return line if error is None else f"{line}\n{_trace(error)}"


class JsonFormatter(logging.Formatter):
    """Writes a JSON object a line, with a stable `action`."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one JSON object."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "action": getattr(record, "action", None),
            "logger": record.name,
        }
        for name, value in getattr(record, "facts", {}).items():
            entry.setdefault(name, value)
        error = _error_of(record)
        if error is not None:
            entry["traceback"] = _trace(error)
        return json.dumps(entry, default=str, ensure_ascii=False)


def _formatter(settings: Settings) -> logging.Formatter:
    return JsonFormatter() if settings.log_format == "json" else TextFormatter()


def _log_file(settings: Settings, process: str) -> logging.Handler:
    assert settings.log_dir is not None  # noqa: S101 - for the type checker
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    # One file per process: on Windows a file that two hold open cannot be rotated.
    return logging.handlers.RotatingFileHandler(
        settings.log_dir / f"{process}.log",
        maxBytes=LOG_FILE_BYTES,
        backupCount=LOG_FILES_KEPT,
        encoding="utf-8",
    )


def _error_of(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _trace(error: BaseException) -> str:
    """Tell where an error was raised and what it came from, the first cause first.

    Its own words may hold a customer's number or text: only ours are shown.
    """
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and found not in chain:
        chain.append(found)
        hidden = found.__suppress_context__
        found = found.__cause__ or (None if hidden else found.__context__)
    return "\n\nThat led to:\n\n".join(map(_trace_of_one, reversed(chain)))


def _trace_of_one(error: BaseException) -> str:
    where = "".join(traceback.format_tb(error.__traceback__))
    words = f": {error}" if isinstance(error, BellhopError) else ""
    kind = type(error)
    return f"{where}{kind.__module__}.{kind.__qualname__}{words}"


def _shown(value: object) -> str:
    text = str(value)
    if not text.isprintable():
        return json.dumps(text)  # escapes what could pass for a line of its own
    is_plain = text and " " not in text and '"' not in text
    return text if is_plain else json.dumps(text, ensure_ascii=False)
