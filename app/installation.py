"""What a box makes for itself at its first start and keeps: its folder and secrets.

Called by the entry points. A value set in the settings always wins; one that was made
is kept in a file that only its owner can read.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from app.config import Settings
from app.errors import StartError

#: Random bytes in a secret that we make: far beyond guessing.
SECRET_BYTES = 32


@dataclass(frozen=True)
class Kept:
    """A secret, and whether it was made just now (so that it is printed once)."""

    value: str
    is_new: bool


def make_data_dir(settings: Settings) -> Path:
    """Create the data directory; raise StartError where it cannot be written."""
    folder = settings.data_dir
    # Names, numbers and addresses: what is made here is for its owner alone, even where
    # the folder itself was made by somebody who lets others look in.
    os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A name of its own: the three services look at the same moment.
        probe = folder / f".writable-{secrets.token_hex(4)}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise StartError(
            f"Bellhop cannot write to its data directory {folder.absolute()} "
            f"({reason}). Give this user the right to, or set BELLHOP_DATA_DIR."
        ) from None
    return folder


def secret_key(settings: Settings) -> Kept:
    """Return what signs links and sessions."""
    return _given_or_kept(settings.secret_key, settings.data_dir / "secret_key")


def first_api_key(settings: Settings) -> Kept:
    """Return the first API key, which has the scope `admin`."""
    return _given_or_kept(settings.api_key, settings.data_dir / "api_key")


def _given_or_kept(given: SecretStr | None, path: Path) -> Kept:
    if given is not None:
        return Kept(given.get_secret_value(), is_new=False)
    try:
        return Kept(_read(path), is_new=False)
    except FileNotFoundError:
        return _make(path)


def _read(path: Path) -> str:
    value = path.read_text(encoding="ascii").strip()
    if not value:
        raise StartError(f"{path} is empty. Delete it, and Bellhop makes a new one.")
    return value


def _make(path: Path) -> Kept:
    value = secrets.token_urlsafe(SECRET_BYTES)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(value + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        # A hard link fails where the file exists: of two processes that start at the
        # same moment one wins and both read its value.
        os.link(draft, path)
    except FileExistsError:
        return Kept(_read(path), is_new=False)
    finally:
        draft.unlink()
    return Kept(value, is_new=True)
