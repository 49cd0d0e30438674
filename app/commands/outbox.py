"""Finds the files into which messages in preview are written.

Used by `send-test` and `demo`, to tell a person where to look.
"""

from __future__ import annotations

from pathlib import Path


def file_of(outbox: Path, key: str) -> Path | None:
    """Return the file of the message with this key (its notification's id)."""
    return next(outbox.glob(f"*-{key}.*"), None)
