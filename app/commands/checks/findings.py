"""What a check of `doctor` says: what it found, what that means, what to do.

Made by the checks, printed by `doctor`. Each text is a sentence for the owner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from app.config import Settings
from app.runtime import Runtime


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    INFO = "info"  # good to know; nothing to do
    WARNING = "warning"  # it works, but the owner should look at it
    BROKEN = "broken"  # something does not work until a person acts


@dataclass(frozen=True)
class Finding:
    """One thing that a check found."""

    level: Level
    finding: str
    #: What it means for the owner and the customers.
    consequence: str = ""
    #: What a person should do.
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Box:
    """What the checks look at."""

    settings: Settings
    #: None where it could not be opened; one of the checks then says why.
    runtime: Runtime | None


Check = Callable[[Box], Iterator[Finding]]


def ok(finding: str) -> Finding:
    """Say that something is as it should be."""
    return Finding(Level.OK, finding)


def info(finding: str, consequence: str = "") -> Finding:
    """Say something that is good to know."""
    return Finding(Level.INFO, finding, consequence)


def warning(finding: str, consequence: str, advice: str) -> Finding:
    """Say what the owner should look at."""
    return Finding(Level.WARNING, finding, consequence, advice)


def broken(finding: str, consequence: str, advice: str = "") -> Finding:
    """Say what does not work (and what to do, where `finding` does not tell)."""
    return Finding(Level.BROKEN, finding, consequence, advice)
