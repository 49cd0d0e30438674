"""What the process's environment says besides the settings.

Used by `up` and the chaos run, which hand it on to the processes they start.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from app.config.reading import names


def child_environment(added: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with some variables added or replaced."""
    return {**os.environ, **added}


def bare_environment(added: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without Bellhop's settings, and with `added`.

    A `REDIS_URL` of the person who tries something must not be filled with trials.
    """
    given = {name: text for name, text in os.environ.items() if not _is_ours(name)}
    return {**given, **added}


def refuses_color() -> bool:
    """Tell whether the person or the terminal wants plain text (no-color.org)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def notify_socket() -> str | None:
    """Return where systemd wants to hear how a service is, if it does."""
    return os.environ.get("NOTIFY_SOCKET") or None


def _is_ours(name: str) -> bool:
    return name.removesuffix("_FILE") in names() or name.startswith("BELLHOP_")
