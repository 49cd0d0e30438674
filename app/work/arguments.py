"""What a task is called with: checked against its function's signature, kept as JSON.

Asked when a task is enqueued and again before it runs: the function may have changed
in between.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NotRequired, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
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
_SENTENCES = {
    "missing": "is required",
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
        self._adapter = _adapter(
            {
                name: hint if name in self.required else NotRequired[hint]
                for name, hint in hints.items()
            }
        )

    def check(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as JSON keeps them; raise InvalidError naming each."""
        raw = as_json(dict(args), field="args")
        self._validated(raw)
        kept: dict[str, Any] = from_json(raw)
        return kept

    def read(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """Return kept arguments as the function wants them; raise InvalidError."""
        return self._validated(to_json(args))

    def named(self, args: tuple[Any, ...], more: dict[str, Any]) -> dict[str, Any]:
        """Give each argument of a call its name; raise TypeError as the call would."""
        return self.signature.bind_partial(*args, **more).arguments

    def _validated(self, raw: bytes) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self._adapter.validate_json(raw)
        except ValidationError as error:
            raise InvalidError([_problem(e) for e in error.errors()]) from None
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


def _adapter(fields: dict[str, Any]) -> TypeAdapter[Any]:
    # A class of fields, unlike a model, lets them have any name that an argument has.
    make: Any = TypedDict
    of_call = make("Arguments", fields)
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
