"""Reads what was given into a table, past every mistake, so that all are told at once.

Used for the file as a whole and for one queue's overrides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from app.config.sentences import nearest, sentence
from app.errors import Problem
from app.policy.tables import TABLES, File, Table

TableT = TypeVar("TableT", bound=Table)
Place = tuple[int | str, ...]


def checked(
    model: type[TableT], given: Mapping[str, Any]
) -> tuple[TableT, list[Problem]]:
    """Return what can be read, and a problem for everything else."""
    try:
        return model.model_validate(given), []
    except ValidationError as error:
        found = error.errors()
    for wrong in found:
        given = _without(given, wrong["loc"])
    return model.model_validate(given), [_problem(model, wrong) for wrong in found]


def _without(given: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
    """Leave out the deepest key on the way to `place`: a list goes as a whole."""
    key, *deeper = place
    if key not in given:
        return given
    inner = given[str(key)]
    rest = {name: value for name, value in given.items() if name != key}
    if deeper and isinstance(inner, Mapping):
        return {**rest, str(key): _without(inner, tuple(deeper))}
    return rest


def _problem(model: type[Table], wrong: Any) -> Problem:
    # Pydantic's own mark of a key that is wrong, and not its value.
    place: Place = tuple(part for part in wrong["loc"] if part != "[key]")
    words = sentence(wrong)
    field = ".".join(map(str, place))
    if wrong["type"] == "extra_forbidden":
        near = nearest(field, _names(model))
        return Problem(field, f"{words}; the nearest is {near}")
    return Problem(field, f"{words}; example: {_example(model, place)}")


def _names(model: type[Table]) -> Sequence[str]:
    if model is not File:
        return list(model.model_fields)
    keys = [f"{name}.{key}" for name, t in TABLES.items() for key in t.model_fields]
    return [*keys, *File.model_fields]


def _example(model: type[Table], place: Place) -> str:
    if model is not File:
        return _line(model, str(place[0]))
    top, *deeper = map(str, place)
    if top == "prices":
        return '[prices.twilio.sms] ES = "0.085 EUR"'
    if top == "schedule":
        return f'{deeper[0]} = "5m"' if deeper else "[schedule]"
    if f"{top}.NAME" in TABLES:
        name, *deeper = deeper or ["NAME"]
        table, heading = TABLES[f"{top}.NAME"], f"[{top}.{name}]"
    else:
        table, heading = TABLES[top], f"[{top}]"
    return _line(table, deeper[0]) if deeper else heading


def _line(table: type[Table], key: str) -> str:
    (example,) = table.model_fields[key].examples or [""]
    return f"{key} = {example}"
