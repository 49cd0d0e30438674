"""Every error of the house, one family; each prints as one useful sentence.

Raised by any floor, caught where something can be done: `web/problems.py` turns them
into problem documents, `commands/` into one line and an exit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


class BellhopError(Exception):
    """Raised when Bellhop cannot do what it was asked, for a reason it can name."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, and what a person should do about it."""

    field: str
    message: str


class ConfigError(BellhopError):
    """Raised when the settings cannot be used; carries all problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [f"{problem.field}: {problem.message}" for problem in self.problems]
        super().__init__("\n".join(lines))


class StartError(BellhopError):
    """Raised when a part cannot start (a taken port, a second copy, no disk)."""


class QueueUnavailableError(BellhopError):
    """Raised when the queue server cannot take a doorbell; the rows stay safe."""


class StorageUnavailableError(BellhopError):
    """Raised when the database cannot be written: full, locked or out of reach."""


class DeadlockError(StorageUnavailableError):
    """Raised where two transactions waited for each other; a second try helps."""


class NotFoundError(BellhopError):
    """Raised when there is no such thing (or it is not the caller's to see)."""

    def __init__(self, noun: str, key: str, *, nearest: str = "") -> None:
        hint = f" The nearest is {nearest!r}." if nearest else ""
        super().__init__(f"There is no {noun} {key!r}.{hint}")


class InvalidError(BellhopError):
    """Raised when what was asked cannot be accepted; names every bad field."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{p.field}: {p.message}" for p in self.problems))


class ConflictError(BellhopError):
    """Raised when the thing's present state does not allow what was asked."""


class IllegalMoveError(ConflictError):
    """Raised when a booking or task may not go from one state to another."""

    def __init__(self, noun: str, current: str, wanted: str) -> None:
        super().__init__(f"A {noun} that is {current} cannot become {wanted}.")
        self.current = current
        self.wanted = wanted


class PlaceTakenError(ConflictError):
    """Raised when the wanted time has too few places left."""

    def __init__(self, alternatives: Sequence[datetime]) -> None:
        super().__init__("There are not enough free places at that time.")
        self.alternatives = tuple(alternatives)


class QueueFullError(BellhopError):
    """Raised when more rows would wait in a queue than may; nothing was planned."""

    def __init__(
        self,
        queue: str,
        *,
        waiting: int,
        wanted: int,
        max_length: int,
        retry_after_s: int,
    ) -> None:
        room = max_length - waiting
        why = (
            f"The queue {queue!r} has room for {room}, and not for the {wanted} of this"
            if room > 0
            else f"The queue {queue!r} is full: {waiting} are waiting already"
        )
        later = (
            f"Try again in {retry_after_s} s"
            if wanted <= max_length
            else f"No more than {max_length} may wait: send at most {max_length} at a "
            "time"
        )
        super().__init__(
            f"{why}; nothing was planned. {later}, or raise its max_length."
        )
        self.retry_after_s = retry_after_s


class TooManyCodesError(BellhopError):
    """Raised when enough one-time codes were sent; nothing was planned."""

    def __init__(self, reason: str, *, retry_after_s: int, is_attack: bool) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        #: So many that somebody may earn money by them.
        self.is_attack = is_attack


class SignatureError(BellhopError):
    """Raised when a payment's or a webhook's signature does not fit."""


class WordingError(BellhopError):
    """Raised when a message cannot be worded: an unknown name or an empty text."""


class DeclarationError(BellhopError):
    """Raised when a task of one's own is declared in a way that cannot work."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place = place
        self.message = message


class NotConnectedError(BellhopError):
    """Raised when a task is enqueued in a process that knows no Bellhop."""


class Retry(BellhopError):  # noqa: N818 - what its author asks for, no mistake
    """Raised by a task of one's own that wants to be tried again later."""

    def __init__(
        self, reason: str = "", *, after: timedelta | str | None = None
    ) -> None:
        super().__init__(reason or "It asked to be tried again.")
        #: Not before so long from now: `"10m"`, or a timedelta.
        self.after = after


class Fatal(BellhopError):  # noqa: N818 - as `Retry`
    """Raised by a task of one's own that no further try can help."""


class SoftTimeLimit(BellhopError):  # noqa: N818 - as `Retry`
    """Raised in a task of one's own that should come to its end: clean up and go."""


class TimeLimit(BaseException):
    """Raised in a task that has used up its time; no `except Exception` holds it."""
