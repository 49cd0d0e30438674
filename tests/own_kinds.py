"""Kinds of task that tests of one's own tasks use, and what they are told to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.work import Fatal, Retry, task

#: What the next runs of `obey` do.
orders: list[Callable[[], Any]] = []
#: The names with which `step` has run.
ran: list[str] = []
#: Names at which `step` fails for good, or asks to be tried again.
fatal: set[str] = set()
busy: set[str] = set()


def forget() -> None:
    """Forget what earlier tests have told."""
    for notes in (orders, ran, fatal, busy):
        notes.clear()


def raising(error: BaseException) -> Callable[[], Any]:
    """Return an order to raise this error."""

    def act() -> Any:
        raise error

    return act


@task(retry_on=LookupError, fatal=KeyError, retry_delays=("60s",))
def obey(word: str = "") -> Any:
    """Do as it is told."""
    return orders.pop(0)() if orders else word


@task(idempotent=False)
def pay_out(amount: int) -> None:
    """Must not be done twice."""


@task()
def step(name: str) -> str:
    """Note that it ran."""
    ran.append(name)
    if name in fatal:
        raise Fatal(f"{name} cannot be done")
    if name in busy:
        raise Retry(f"{name} is busy")
    return name


@task()
def add(numbers: list[int], plus: int = 0) -> int:
    """Add up."""
    return sum(numbers) + plus


@task()
def sum_up(group_id: str, done: int, failed: int, greeting: str = "") -> list[object]:
    """Tell how a group ended."""
    return [group_id, done, failed, greeting]


KINDS = (obey, pay_out, step, add, sum_up)
