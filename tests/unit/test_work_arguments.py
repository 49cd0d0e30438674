"""Arguments of tasks: typed by the signature, strict, small, and the same twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from app.errors import InvalidError, NotConnectedError
from app.work import task
from app.work.arguments import LARGEST_JSON, Arguments

AWARE, NAIVE = "2026-12-01T10:00:00Z", "2026-12-01T10:00:00"


class Size(StrEnum):
    SMALL = "small"


@dataclass
class Picture:
    name: str
    width: int


def work(
    album: str,
    size: int = 200,
    scale: float = 1.0,
    on: date | None = None,
    at: datetime | None = None,
    kind: Size = Size.SMALL,
    tags: tuple[str, ...] = (),
    cover: Picture | None = None,
    schema: str = "",
    _private: int = 0,
) -> None:
    """Names that models would fight over are plain arguments here."""


OF_WORK = Arguments(work)


def problems(**args: Any) -> dict[str, str]:
    with pytest.raises(InvalidError) as caught:
        OF_WORK.check(args)
    return {problem.field: problem.message for problem in caught.value.problems}


def test_arguments_come_back_as_the_function_wants_them() -> None:
    given = {
        "album": "x",
        "on": date(2026, 5, 22),
        "at": datetime(2026, 5, 22, tzinfo=UTC),
        "kind": Size.SMALL,
        "tags": ("a", "b"),
        "cover": Picture("front", 3),
        "schema": "s",
        "_private": 7,
    }

    kept = OF_WORK.check(given)

    assert kept["at"] == "2026-05-22T00:00:00Z"
    assert OF_WORK.read(kept) == given


def test_what_is_left_out_stays_the_functions_own_default() -> None:
    assert OF_WORK.check({"album": "x"}) == {"album": "x"}


def test_every_bad_argument_is_named_at_once() -> None:
    found = problems(size="200", scale=None, colour="red", cover={"name": "x"})

    assert found == {
        "args.album": "is required",
        "args.size": "must be a valid integer",
        "args.scale": "must be a valid number",
        "args.colour": "is not an argument of this task",
        "args.cover.width": "is required",
    }


@dataclass
class Meeting:
    at: datetime


class Stay(BaseModel):
    nights: list[datetime]


def meet(
    at: datetime, meeting: Meeting, stay: Stay, by_name: dict[str, datetime | None]
) -> None:
    """Times, in all that may hold them."""


@pytest.mark.parametrize(
    ("args", "field"),
    [
        ({"at": NAIVE}, "args.at"),
        ({"meeting": {"at": NAIVE}}, "args.meeting.at"),
        ({"stay": {"nights": [AWARE, NAIVE]}}, "args.stay.nights.1"),
        ({"by_name": {"Ana": None, "Bob": NAIVE}}, "args.by_name.Bob"),
        ({"meeting": Meeting(datetime(2026, 12, 1, 10))}, "args.meeting.at"),  # noqa: DTZ001
    ],
)
def test_a_time_without_its_offset_is_refused_wherever_it_stands(
    args: dict[str, Any], field: str
) -> None:
    fine = {
        "at": AWARE,
        "meeting": {"at": AWARE},
        "stay": {"nights": [AWARE]},
        "by_name": {"Ana": AWARE},
    }

    assert Arguments(meet).check(fine) == fine
    with pytest.raises(InvalidError) as caught:
        Arguments(meet).check({**fine, **args})

    (problem,) = caught.value.problems
    assert (problem.field, problem.message) == (field, "must be a time with its offset")


def test_a_time_without_its_offset_that_was_taken_before_is_read() -> None:
    kept = {
        "at": NAIVE,
        "meeting": {"at": AWARE},
        "stay": {"nights": []},
        "by_name": {},
    }

    read = Arguments(meet).read(kept)

    assert read["at"] == datetime.fromisoformat(NAIVE)


def test_a_time_without_its_offset_is_named_beside_all_else() -> None:
    found = problems(size="200", at=NAIVE)

    assert set(found) == {"args.album", "args.size", "args.at"}


def test_arguments_too_large_are_refused_with_advice() -> None:
    found = problems(album="x" * LARGEST_JSON)

    assert "pass its id" in found["args"]


def test_arguments_of_the_largest_size_are_taken() -> None:
    frame = len('{"album":""}')

    assert OF_WORK.check({"album": "x" * (LARGEST_JSON - frame)})


@pytest.mark.parametrize("value", [object(), float("nan"), {1, object()}, "\ud800"])
def test_what_is_no_json_is_refused(value: Any) -> None:
    assert "cannot be kept as JSON" in problems(album=value)["args"]


def test_a_value_within_itself_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)

    assert "cannot be kept as JSON" in problems(album=endless)["args"]


@given(st.text(st.characters(codec="utf-8"), max_size=50), st.integers(-(2**63), 2**63))
def test_any_text_and_number_survive(album: str, size: int) -> None:
    args = {"album": album, "size": size}

    assert OF_WORK.read(OF_WORK.check(args)) == args


def test_a_call_that_python_would_refuse_is_refused() -> None:
    kind = task()(work)

    with pytest.raises(TypeError, match="too many positional"):
        kind.wish(*range(11))


def test_positions_become_names() -> None:
    assert task()(work).wish("x", 3).args == {"album": "x", "size": 3}


def test_enqueueing_where_no_bellhop_is_known_says_what_to_do() -> None:
    with pytest.raises(NotConnectedError, match=r"desk\.connect"):
        task()(work).enqueue("x")
