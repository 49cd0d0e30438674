"""What the process's environment says besides the settings.

Used by `up`, which hands its own environment on to the processes it starts.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def child_environment(added: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with some variables added or replaced."""
    return {**os.environ, **added}


def refuses_color() -> bool:
    """Tell whether the person or the terminal wants plain text (no-color.org)."""
    return bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"


def notify_socket() -> str | None:
    """Return where systemd wants to hear how a service is, if it does."""
    return os.environ.get("NOTIFY_SOCKET") or None
