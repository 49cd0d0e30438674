"""What `.venv` holds: which requirements were installed into it, and by which Python.

Used by `environment.py`. The stamp is away while the folder is being built or changed,
so a folder without one is half made, whatever it looks like.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.errors import StartError

#: The stamp's name inside the folder.
STAMP_NAME = "bellhop-stamp.json"


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """A finished folder: its Python (`3.11`) and the digest of each installed list."""

    python: str
    installed: Mapping[str, str] = field(default_factory=dict)

    def with_list(self, requirements: Path) -> Stamp:
        """Return the stamp of a folder that has these requirements as well."""
        lists = {**self.installed, requirements.name: digest(requirements)}
        return Stamp(python=self.python, installed=lists)

    def has(self, requirements: Path) -> bool:
        """Tell whether these requirements are installed as they are written now."""
        return self.installed.get(requirements.name) == digest(requirements)


def read(folder: Path) -> Stamp | None:
    """Return the folder's stamp; None where it is half made or was never made."""
    try:
        found = json.loads((folder / STAMP_NAME).read_text(encoding="utf-8"))
        return Stamp(python=found["python"], installed=dict(found["installed"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(folder: Path, stamp: Stamp) -> None:
    """Declare the folder finished."""
    text = json.dumps({"python": stamp.python, "installed": dict(stamp.installed)})
    draft = folder / f"{STAMP_NAME}.draft"
    draft.write_text(text, encoding="utf-8")
    draft.replace(folder / STAMP_NAME)


def remove(folder: Path) -> None:
    """Declare the folder half made, before anything in it changes."""
    (folder / STAMP_NAME).unlink(missing_ok=True)


def digest(requirements: Path) -> str:
    """Return the digest of a requirements file and of those that it includes."""
    total = hashlib.sha256()
    for text in _with_included(requirements):
        total.update(text.encode() + b"\0")
    return total.hexdigest()


def _with_included(requirements: Path) -> list[str]:
    try:
        text = requirements.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise StartError(
            f"{requirements} is missing: this copy of Bellhop is not whole."
        ) from None
    texts = [text]
    for line in text.splitlines():
        option, _, name = line.partition(" ")
        if option in ("-r", "--requirement"):
            texts += _with_included(requirements.parent / name.strip())
    return texts
