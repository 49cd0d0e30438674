"""Lets `up` migrate the database without ever loading what that takes.

Called by `commands/up.py`. The command `migrate` runs beside it, to its end: SQLAlchemy
and Alembic would stay in `up`'s memory (40 MB) for as long as the box runs.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from app.config.surroundings import child_environment
from app.errors import StartError, StorageUnavailableError

#: What stands before the one sentence of a command that could not be done.
SENTENCE = "bellhop migrate: "


def migrate() -> None:
    """Run the command; raise StorageUnavailableError with what it says is wrong."""
    done = subprocess.run(
        (sys.executable, "-m", "app", "migrate"),
        env=child_environment({"PYTHONIOENCODING": "utf-8:backslashreplace"}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
        **_apart(),
    )
    if done.returncode == 0:
        return
    said = done.stderr.strip()
    _, is_named, sentence = said.rpartition(SENTENCE)
    if is_named:
        raise StorageUnavailableError(sentence)
    raise StartError(f"The database could not be brought to this version:\n{said}")


def _apart() -> dict[str, Any]:
    """A Ctrl-C is for `up`, which lets the migration end first."""
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        apart = {"start_new_session": True}
    return apart
