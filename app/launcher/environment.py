"""The folder `.venv`: built when it is missing or broken, filled when it is behind.

Used by `words.py`. Two launchers at once take turns; one that finds everything in
place writes nothing, so it works offline and in a folder that it may only read.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from app.errors import StartError
from app.held_file import HeldFile
from app.launcher import pip, stamp
from app.launcher.stamp import Stamp

#: Held while the folder changes; inside it, so that a checkout stays clean.
LOCK_NAME = "bellhop-lock"
#: Run by the folder's Python; fails where that is too old or lost its packages.
PROBE = """
import sys, importlib.util
assert sys.version_info >= (3, 11) and importlib.util.find_spec("pip")
print("%d.%d" % sys.version_info[:2], sys.prefix)
"""


def ensure(folder: Path, *, requirements: Path) -> Path:
    """Return the Python of a folder that has the requirements, made so if need be."""
    if not _is_ready(folder, requirements):
        try:
            _make_ready(folder, requirements)
        except OSError as error:
            raise StartError(
                f"Bellhop cannot write to {folder} ({error.strerror or error}). "
                f"Start it as a user who may, once; later it only reads there."
            ) from None
    return python_of(folder)


def python_of(folder: Path) -> Path:
    """Return where the folder's Python is (or will be)."""
    is_windows = sys.platform == "win32"
    return folder / ("Scripts/python.exe" if is_windows else "bin/python")


def missing_module(version: str, *, found: frozenset[str]) -> str | None:
    """Return the sentence about the first module that is missing, if one is."""
    for name in ("venv", "ensurepip"):
        if name not in found:
            return (
                f"This Python has no module {name}, which Bellhop needs to make its "
                f"folder .venv. On Debian and Ubuntu: sudo apt install "
                f"python{version}-venv"
            )
    return None


def _is_ready(folder: Path, requirements: Path) -> bool:
    found = stamp.read(folder)
    return (
        found is not None
        and found.has(requirements)
        and found.python == _working_version(folder)
    )


def _make_ready(folder: Path, requirements: Path) -> None:
    folder.mkdir(exist_ok=True)
    is_ours = (folder / LOCK_NAME).exists()
    with HeldFile(folder / LOCK_NAME) as held:
        if not held.try_hold():
            _say("Another bellhop.py is installing; waiting for it.")
            held.hold()
        if not _is_ready(folder, requirements):
            base = _sound(folder, is_ours=is_ours) or _build(folder)
            _fill(folder, base, requirements=requirements, held=held)


def _sound(folder: Path, *, is_ours: bool) -> Stamp | None:
    """Return what a folder that can be kept holds; None where it must be built."""
    version = _working_version(folder)
    found = stamp.read(folder)
    if found is None and version is not None and not is_ours:
        # Somebody made it by hand, so it is whole: keep what else is in it.
        return Stamp(python=version)
    return found if found is not None and found.python == version else None


def _working_version(folder: Path) -> str | None:
    """Ask the folder's Python: an upgrade of the system may have taken it away."""
    try:
        answer = subprocess.run(  # noqa: S603 - our own command, no shell
            [str(python_of(folder)), "-I", "-c", PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    version, _, prefix = answer.stdout.strip().partition(" ")
    return version if Path(prefix).resolve() == folder.resolve() else None


def _build(folder: Path) -> Stamp:
    version = "{}.{}".format(*sys.version_info[:2])
    if sentence := missing_module(version, found=_modules()):
        raise StartError(sentence)
    _say(f"Making {folder.name} (once) ...")
    _empty(folder)
    made = subprocess.run(  # noqa: S603 - our own command, no shell
        # Not this Python where it is the folder's own, which was just deleted.
        [getattr(sys, "_base_executable", sys.executable), "-m", "venv", str(folder)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if made.returncode != 0:
        last = (made.stdout.strip().splitlines() or ["(it said nothing)"])[-1]
        raise StartError(f"Python could not make {folder}. Its last line: {last}")
    return Stamp(python=version)


def _fill(folder: Path, found: Stamp, *, requirements: Path, held: HeldFile) -> None:
    stamp.remove(folder)
    _say(f"Installing {requirements.name} (only when it has changed) ...")
    try:
        pip.install(python_of(folder), requirements=requirements, held=held)
    except StartError:
        # pip gave up in good order: the folder is sound, but who knows what it holds.
        stamp.write(folder, Stamp(python=found.python))
        raise
    stamp.write(folder, found.with_list(requirements))


def _modules() -> frozenset[str]:
    wanted = ("venv", "ensurepip")
    return frozenset(name for name in wanted if importlib.util.find_spec(name))


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name == LOCK_NAME:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
