"""Where tasks are handed in: a process opens its desk once, and the tasks find it.

Opened by a worker around each task and by `services/desk.py` for scripts. This module
only knows what a desk can do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from app.errors import NotConnectedError

if TYPE_CHECKING:
    from app.work.kinds import GroupWish, Wish


class Desk(Protocol):
    """What takes wishes and makes rows of them."""

    def enqueue(self, wishes: Sequence[Wish]) -> list[str]:
        """Plan tasks, all or none; return their ids."""
        ...

    def start_group(self, group: GroupWish) -> str:
        """Plan a group; return its id."""
        ...

    def emit(self, event: str, payload: Mapping[str, Any]) -> list[str]:
        """Plan a task for every kind that subscribes to the event; return their ids."""
        ...

    def read_bounces(self) -> str:
        """Read the mailbox of bounces at once; return what came of it."""
        ...

    def tell_staff(self, subject: str, text: str) -> str:
        """Tell the staff at once; return what came of it."""
        ...


_open: list[Desk] = []


@contextmanager
def connected(desk: Desk) -> Iterator[None]:
    """Let everything that is enqueued meanwhile go to this desk."""
    _open.append(desk)
    try:
        yield
    finally:
        _open.remove(desk)


def the_desk() -> Desk:
    """Return the desk of this process; raise NotConnectedError where there is none."""
    if not _open:
        raise NotConnectedError(
            "Nothing can be enqueued here: this process knows no Bellhop. In a script "
            "of your own write `with app.services.desk.connect():` around it."
        )
    return _open[-1]


def emit(event: str, payload: Mapping[str, Any] | None = None) -> list[str]:
    """Tell every task that subscribes to the event (`order.shipped`); return their ids.

    Each gets those facts of the payload that its function has arguments for.
    """
    return the_desk().emit(event, payload or {})
