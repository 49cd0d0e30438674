"""The peers' own folder `.venv-bench`, built as the launcher builds `.venv`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from app.errors import StartError
from app.launcher.environment import ensure
from app.supervisor import valkey
from bench.children import ROOT

FOLDER = ROOT / ".venv-bench"
REQUIREMENTS = ROOT / "bench" / "requirements.txt"


def ready(*, say: Callable[[str], None]) -> bool:
    """Make the folder ready; False (and one sentence) where the peers cannot run."""
    if valkey.program() is None:
        say("The peers are not measured: there is no Valkey for this system.")
        return False
    try:
        ensure(FOLDER, requirements=REQUIREMENTS)
    except StartError as error:
        say(
            f"The peers are not measured ({error}). With a network, the next "
            f"`python3 bellhop.py bench` installs them into {FOLDER.name}."
        )
        return False
    return True


def program(name: str) -> str:
    """Return a program of the folder: `python`, or one that a peer brought along."""
    is_windows = sys.platform == "win32"
    place = Path("Scripts" if is_windows else "bin", name)
    return str(FOLDER / place.with_suffix(".exe" if is_windows else ""))
