"""The decorator `task`: what a kind becomes, and what stops the start, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from app.domain.queues import QUEUES
from app.domain.schedule import Cron
from app.errors import ConfigError, DeclarationError, InvalidError
from app.work import task
from app.work.declaring import DECLARED
from app.work.registry import Registry


class Size(StrEnum):
    SMALL = "small"


@dataclass(frozen=True)
class Frame:
    width: int


@task(
    queue="low",
    retry_delays=("10s", "1m"),
    retry_on=OSError,
    fatal=(ValueError,),
    soft_time_limit="5m",
    time_limit="6m",
    on=("booking.paid", "order.*"),
    every="1h",
)
def make_thumbnails(booking_id: str = "", size: int = 200) -> dict[str, int]:
    """Shrink an album's pictures.

    All of them.
    """
    return {booking_id: size}


@task()
def write_letter(to: str, at: datetime | None = None) -> None:
    """Write."""


def test_a_kind_is_what_its_decorator_says() -> None:
    kind = make_thumbnails

    assert kind.name == "make_thumbnails"
    assert kind.summary == "Shrink an album's pictures."
    assert kind.queue == "low"
    assert kind.retry_on == (OSError,)
    assert kind.fatal == (ValueError,)
    assert kind.events == ("booking.paid", "order.*")
    assert kind.timing == timedelta(hours=1)
    assert kind.idempotent
    assert kind.place.startswith("unit/test_work_declaring.py:")


def test_a_kind_is_still_a_function() -> None:
    assert make_thumbnails("a", size=3) == {"a": 3}


def test_what_a_kind_leaves_out_is_as_its_queue_says() -> None:
    assert write_letter.policy(QUEUES["default"]) == QUEUES["default"]


def test_what_a_kind_says_itself_goes_before_its_queue() -> None:
    policy = make_thumbnails.policy(QUEUES["low"])

    assert policy.retry_delays == (timedelta(seconds=10), timedelta(seconds=60))
    assert policy.soft_time_limit == timedelta(minutes=5)
    assert policy.time_limit == timedelta(minutes=6)


@pytest.mark.parametrize(
    ("limits", "soft", "hard"),
    [
        ({"time_limit": "10m"}, 8 * 60, 10 * 60),
        ({"soft_time_limit": "60s"}, 60, 300),  # the queue's: longer than it needs
        ({"soft_time_limit": "10m"}, 600, 750),
    ],
)
def test_a_limit_that_is_given_alone_sets_the_other(
    limits: dict[str, Any], soft: int, hard: int
) -> None:
    def run() -> None: ...

    policy = task(**limits)(run).policy(QUEUES["default"])

    assert policy.soft_time_limit == timedelta(seconds=soft)
    assert policy.time_limit == timedelta(seconds=hard)


def test_a_decorator_needs_no_brackets() -> None:
    @task
    def run(word: str) -> str:
        return word

    assert (run.name, run.queue, run("x")) == ("run", "default", "x")


def test_a_cron_line_is_a_schedule() -> None:
    def run() -> None: ...

    assert task(cron="0 2 * * *")(run).timing == Cron.parse("0 2 * * *")


@pytest.mark.parametrize(
    ("event", "wants"),
    [
        ("booking.paid", True),
        ("booking.cancelled", False),
        ("order.shipped", True),
        ("order.item.shipped", False),
        ("order", False),
    ],
)
def test_a_star_stands_for_one_part_of_an_event(event: str, *, wants: bool) -> None:
    assert make_thumbnails.wants(event) is wants


def no_type(album) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001, RUF100 - it is the mistake


def any_number(*albums: str) -> None: ...


def any_names(**albums: str) -> None: ...


def nameless(album: str, /) -> None: ...


def unreadable(album: Registry) -> None: ...


def unknown(album: Albumm) -> None: ...  # type: ignore[name-defined]  # noqa: F821 - it is the mistake


def needs(album: str) -> None: ...


def fine() -> None: ...


def no_number(size: int = "a") -> None: ...  # type: ignore[assignment]  # the slip


def no_default(size: int = None) -> None: ...  # type: ignore[assignment]  # noqa: RUF013 - the slip


def no_such_size(size: Size = "large") -> None: ...  # type: ignore[assignment]  # the slip


async def waits() -> None: ...


@pytest.mark.parametrize(
    ("function", "options", "words"),
    [
        (no_type, {}, "`album` has no type"),
        (any_number, {}, r"argument \*albums: "),
        (any_names, {}, r"argument \*\*albums: "),
        (nameless, {}, "no name to be called by"),
        (unreadable, {}, "cannot be read from JSON"),
        (unknown, {}, "'Albumm' is not defined"),
        (waits, {}, "without `async`"),
        (needs, {"every": "1h"}, "nobody gives `album`"),
        (needs, {"on": "booking.*"}, "does not tell `album`"),
        (fine, {"name": "booking_reminder"}, "kind of message"),
        (fine, {"name": "a b"}, "no name for a task"),
        (fine, {"queue": "a b"}, "no name for a queue"),
        (fine, {"priority": 101}, "from 0 to 100"),
        (fine, {"every": "1 hour"}, "write 90s, 5m"),
        (fine, {"every": "0"}, "longer than 0"),
        (fine, {"cron": "0 25 * * *"}, "not a cron line"),
        (fine, {"cron": "* * * * *", "every": "1h"}, "not both"),
        (fine, {"on": "paid"}, "names no event"),
        (fine, {"on": "booking.payed"}, "no event 'booking.payed'.*nearest is .*paid"),
        (fine, {"on": ("order.x", "booking.pai?")}, "names no event"),
        (fine, {"on": "booking.x*"}, r"no event 'booking\.x\*'"),
        (fine, {"on": "booking.*.late"}, "no event"),
        (fine, {"idempotent": "no"}, "True or False, not 'no'"),
        (fine, {"idempotent": 0}, "True or False, not 0"),
        (no_number, {}, "default of its argument `size` does not fit.* integer"),
        (no_default, {}, "default of its argument `size` does not fit.* integer"),
        (no_such_size, {}, "default of its argument `size` does not fit"),
        (fine, {"retry_on": "OSError"}, "not a class of errors"),
        (fine, {"retry_delays": "10s"}, "several"),
        (fine, {"time_limit": "0"}, "longer than 0"),
        (fine, {"time_limit": "1m", "soft_time_limit": "1m"}, "must be shorter"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused_with_its_place(
    function: Callable[..., Any], options: dict[str, Any], words: str
) -> None:
    with pytest.raises(DeclarationError, match=words) as caught:
        task(**options)(function)

    assert caught.value.place.startswith("unit/test_work_declaring.py:")


@pytest.mark.parametrize("on", ["booking.*", "booking.c*", "*.paid", "book*.x", "b.x"])
def test_events_that_may_be_told_are_taken(on: str) -> None:
    assert task(on=on)(fine).events == (on,)


def test_a_default_is_taken_that_its_type_takes() -> None:
    def plan(
        share: Decimal = 0,  # type: ignore[assignment]  # as JSON has it
        scale: float = 1,
        tags: Sequence[str] = (),
        size: Size = Size.SMALL,
        on: date | None = None,
        at: datetime = datetime(2026, 5, 22, tzinfo=UTC),
        frame: Frame = Frame(3),
        rest: Any = fine,
    ) -> None: ...

    assert task()(plan).arguments.required == set()


def test_a_module_keeps_its_kinds_even_when_one_name_hides_another() -> None:
    kept = globals()[DECLARED]

    assert make_thumbnails in kept
    assert write_letter in kept


def test_two_kinds_of_one_name_are_refused_with_both_places() -> None:
    def run() -> None: ...

    first, second = task(name="twice")(run), task(name="twice")(run)

    with pytest.raises(ConfigError, match=r"'twice' already, at unit/test_work"):
        Registry([first, second])


def test_a_queue_that_is_not_in_the_policy_is_refused_with_the_place() -> None:
    def run() -> None: ...

    registry = Registry([task(queue="lo")(run), make_thumbnails])

    with pytest.raises(
        ConfigError, match=r"the nearest is low.*\[queues\.lo\]"
    ) as caught:
        registry.check_queues(QUEUES)

    (problem,) = caught.value.problems
    assert problem.field.startswith("unit/test_work_declaring.py:")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("booking_confirmed", "POST /notifications"),
        ("make_thumbnail", "the nearest is make_thumbnails"),
        ("zzz", "no task of that name in actors/$"),
    ],
)
def test_an_unknown_kind_is_answered_with_what_there_is(name: str, words: str) -> None:
    registry: Registry = Registry([make_thumbnails])

    with pytest.raises(InvalidError, match=words):
        registry.find(name)
