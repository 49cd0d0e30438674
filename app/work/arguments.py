"""What a task is called with: checked against its function's signature, kept as JSON.

Asked when a task is enqueued and again before it runs: the function may have changed
in between.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any, NotRequired, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError
from pydantic_core import PydanticSerializationError, from_json, to_json
from typing_extensions import TypedDict  # pydantic asks for it before Python 3.12

from app.errors import InvalidError, Problem

#: Bytes of JSON that a task's arguments, or its result, may have.
LARGEST_JSON = 32 * 1024
TOO_LARGE = (
    f"is larger than {LARGEST_JSON // 1024} KiB as JSON: keep the thing itself in a "
    "file or a table, and pass its id"
)
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
_REQUIRED = "is required"
_SENTENCES = {
    "missing": _REQUIRED,
    "extra_forbidden": "is not an argument of this task",
}


class Arguments:
    """The arguments of one function, by name."""

    def __init__(self, function: Callable[..., Any]) -> None:
        """Read the signature; raise ValueError with a sentence where it will not do."""
        self.signature = inspect.signature(function)
        hints = _hints(function, self.signature)
        parameters = self.signature.parameters
        self.names = tuple(parameters)
        self.required = frozenset(
            name for name, p in parameters.items() if p.default is p.empty
        )
        self._adapter = _adapter({n: NotRequired[hint] for n, hint in hints.items()})
        for name, parameter in parameters.items():
            if name not in self.required:
                self._check_default(name, parameter.default)

    def check(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as JSON keeps them; raise InvalidError naming each."""
        raw = as_json(dict(args), field="args")
        self._validated(raw, is_new=True)
        kept: dict[str, Any] = from_json(raw)
        return kept

    def read(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return kept arguments as the function wants them; raise InvalidError.

        What an earlier version took runs, times without their offset included.
        """
        return self._validated(to_json(args), is_new=False)

    def named(self, args: tuple[Any, ...], more: dict[str, Any]) -> dict[str, Any]:
        """Give each argument of a call its name; raise TypeError as the call would."""
        return self.signature.bind_partial(*args, **more).arguments

    def _check_default(self, name: str, default: Any) -> None:
        """Raise ValueError where a default is neither of its type nor JSON for it."""
        try:
            self._adapter.validate_python({name: default})
        except ValidationError as error:
            try:
                self._adapter.validate_json(to_json({name: default}))
            except ValueError:
                why = _problem(error.errors()[0]).message
                raise ValueError(
                    f"the default of its argument `{name}` does not fit its type: {why}"
                ) from None

    def _validated(self, raw: bytes, *, is_new: bool) -> dict[str, Any]:
        problems: list[Problem] = []
        try:
            found: dict[str, Any] = self._adapter.validate_json(raw)
            given = found.keys()
        except ValidationError as error:
            problems += [_problem(each) for each in error.errors()]
            # What is right so far may still hold a time that is not.
            bad = {each["loc"][0] for each in error.errors()}
            given = from_json(raw).keys()
            good = {n: v for n, v in from_json(raw).items() if n not in bad}
            found = self._adapter.validate_json(to_json(good))
        problems += _missing(self.required - given)
        if is_new:
            problems += _naive_times(found, "args")
        if problems:
            raise InvalidError(problems)
        return found


def as_json(value: Any, *, field: str) -> bytes:
    """Write a value as JSON; raise InvalidError where it is none, or too large."""
    try:
        raw = to_json(value, inf_nan_mode="constants")
        from_json(raw, allow_inf_nan=False)
    except (PydanticSerializationError, ValueError, RecursionError) as error:
        words = str(error).splitlines()[0]
        message = f"cannot be kept as JSON ({words})"
        raise InvalidError([Problem(field, message)]) from None
    if len(raw) > LARGEST_JSON:
        raise InvalidError([Problem(field, TOO_LARGE)])
    return raw


def _hints(
    function: Callable[..., Any], signature: inspect.Signature
) -> dict[str, Any]:
    for name, parameter in signature.parameters.items():
        if parameter.kind not in _NAMED:
            raise ValueError(f"its argument {parameter} has no name to be called by")
        if parameter.annotation is parameter.empty:
            raise ValueError(f"its argument `{name}` has no type; write `{name}: str`")
    try:
        found = get_type_hints(function, include_extras=True)
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        raise ValueError(f"a type in its signature is unknown: {error}") from None
    return {name: found[name] for name in signature.parameters}


def _adapter(hints: dict[str, Any]) -> TypeAdapter[Any]:
    # A class of fields, unlike a model, lets them have any name that an argument has.
    make: Any = TypedDict
    of_call = make("Arguments", hints)
    of_call.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    try:
        return TypeAdapter(of_call)
    except (PydanticSchemaGenerationError, PydanticUserError) as error:
        words = str(error).splitlines()[0]
        message = f"a type in its signature cannot be read from JSON: {words}"
        raise ValueError(message) from None


def _problem(found: Any) -> Problem:
    field = ".".join(str(part) for part in ("args", *found["loc"]))
    said: str = found["msg"].removeprefix("Value error, ")
    said = said.replace("Input should", "must")
    return Problem(field, _SENTENCES.get(found["type"], said[:1].lower() + said[1:]))


def _missing(names: Collection[str]) -> Iterator[Problem]:
    return (Problem(f"args.{name}", _REQUIRED) for name in sorted(names))


def _naive_times(value: Any, field: str) -> Iterator[Problem]:
    """Find times of which nobody could tell the moment, however deep they stand."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            yield Problem(field, "must be a time with its offset")
        return
    for key, inner in _within(value):
        yield from _naive_times(inner, f"{field}.{key}")


def _within(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, (list, tuple, set, frozenset)):
        return enumerate(value)
    if isinstance(value, BaseModel):
        return iter(value)
    if is_dataclass(value):
        return [(each.name, getattr(value, each.name, None)) for each in fields(value)]
    return ()
