"""What is wrong with a field, in words that read well aloud after the field's name.

Called by `problems.py` for what pydantic finds; validators of ours have their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.errors import Problem

#: Field names that a problem document's one sentence repeats.
NAMED_FIELDS = 5

#: What a choice between models (by `provider`) is called in an error's place.
_CHOICES = ("razorpay", "manual")


def field_problem(found: Any) -> Problem:
    """Tell one of pydantic's errors."""
    place = list(found["loc"])
    # A choice between models names the choice first: that is no field.
    if len(place) > 1 and place[0] in _CHOICES:
        del place[0]
    context = found.get("ctx", {})
    if found["type"].startswith("union_tag"):
        place.append(context["discriminator"].strip("'"))
    field = ".".join(map(str, place))
    sentence = _SENTENCES.get(found["type"], _as_pydantic_says)
    return Problem(field or "body", sentence({**context, "msg": found["msg"]}))


def summary(problems: Sequence[Problem]) -> str:
    """Tell in one sentence how many fields are wrong, and which."""
    names = list(dict.fromkeys(problem.field for problem in problems))
    if len(names) == 1:
        return f"1 field is not right: {names[0]}."
    shown = names[:NAMED_FIELDS]
    rest = len(names) - len(shown)
    last = f"{rest} more" if rest else shown.pop()
    return f"{len(names)} fields are not right: {', '.join(shown)} and {last}."


def _as_pydantic_says(context: Mapping[str, Any]) -> str:
    message: str = context["msg"].removeprefix("Value error, ")
    message = message.replace("Input should", "must")
    return message[:1].lower() + message[1:]


def _at_least(context: Mapping[str, Any]) -> str:
    fewest = context["min_length"]
    return "may not be empty" if fewest == 1 else f"must have at least {fewest}"


def _constant(sentence: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _context: sentence


_WHOLE_NUMBER = _constant("must be a whole number")
_OBJECT = _constant("must be an object, written in braces")

_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "missing": _constant("is required"),
    "extra_forbidden": _constant("is not a field of this request"),
    "string_type": _constant("must be a text"),
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "bool_type": _constant("must be true or false"),
    "list_type": _constant("must be a list"),
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
    "string_too_short": _at_least,
    "string_too_long": lambda context: (
        f"may have at most {context['max_length']} characters"
    ),
    "too_short": _at_least,
    "too_long": lambda context: f"may have at most {context['max_length']} entries",
    "union_tag_invalid": lambda context: f"must be one of {context['expected_tags']}",
    "union_tag_not_found": _constant("is required"),
}
