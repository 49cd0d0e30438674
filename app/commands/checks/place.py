"""Where Bellhop lives: Python, its folder, the disk, who may read its secrets."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from app.commands.checks.findings import Box, Finding, broken, info, ok, warning
from app.errors import StartError
from app.installation import make_data_dir

MEGABYTE = 1024 * 1024
#: Free bytes below which a night of bookings and their log may fill the disk.
TOO_LITTLE = 200 * MEGABYTE
#: Free bytes below which it is time to make room.
LITTLE = 1024 * MEGABYTE
#: Permissions of everybody but the owner, and of everybody outside the group.
OTHERS_AND_GROUP, OTHERS = 0o077, 0o007
START = "Run `python3 bellhop.py up`, or start its three services."


def python(_box: Box) -> Iterator[Finding]:
    """Tell the version: it is the first thing that helpers ask for."""
    yield ok(f"Python {platform.python_version()} on {platform.system()}.")


def data_dir(box: Box) -> Iterator[Finding]:
    """Try to write into the data directory, where there is one."""
    folder = box.settings.data_dir.absolute()
    if not folder.exists():
        yield broken(
            f"There is no data directory {folder}.",
            "Bellhop has never been started with these settings.",
            f"{START} If it runs already, call `doctor` where it runs.",
        )
        return
    try:
        make_data_dir(box.settings)
    except StartError as error:
        yield broken(str(error), "No booking and no message can be saved.")
        return
    yield ok(f"The data directory {folder} can be written.")


def disk(box: Box) -> Iterator[Finding]:
    """Look at the free space where the data is (or will be)."""
    folder = box.settings.data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    yield room(shutil.disk_usage(folder).free)


def room(free: int) -> Finding:
    """Say whether so many free bytes are enough."""
    found = f"{free // MEGABYTE} MB are free on the data's disk."
    consequence = "Once it is full, no booking can be saved."
    if free < TOO_LITTLE:
        return broken(found, consequence, "Make room now.")
    if free < LITTLE:
        return warning(found, consequence, "Make room soon.")
    return ok(found)


def secrets(box: Box) -> Iterator[Finding]:
    """Look whether other users of this machine can read what they should not."""
    if sys.platform == "win32":
        yield info("Who may read the secrets is not looked at on Windows.")
        return
    folder = box.settings.data_dir
    private = [Path(".env"), folder / "api_key", folder / "secret_key"]
    open_to_others = [
        *(p for p in private if _allows(p, OTHERS_AND_GROUP)),
        *(p for p in [folder] if _allows(p, OTHERS)),
    ]
    for path in open_to_others:
        mode = "700" if path == folder else "600"
        yield warning(
            f"Other users of this machine can read {path}.",
            "They could book, cancel and read your customers' addresses.",
            f"chmod {mode} {path}",
        )
    if not open_to_others:
        yield ok("Other users of this machine cannot read the secrets.")


def _allows(path: Path, permissions: int) -> bool:
    return path.exists() and bool(path.stat().st_mode & permissions)
