"""What is wrong with a value that the owner wrote, in words that follow its name.

The one table of pydantic's errors that settings and `bellhop.toml` can meet; validators
of ours have words of their own. None of these repeats the value: it may be a secret.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def sentence(error: Any) -> str:
    """Tell one of pydantic's errors."""
    context = error.get("ctx", {})
    return SENTENCES.get(error["type"], _constant("cannot be used"))(context)


def unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Tell why a file cannot be read."""
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return f"is no text in UTF-8 (look at byte {error.start + 1}); save it as UTF-8"


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like this one."""
    return difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.0)[0]


def _constant(words: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _context: words


_WHOLE_NUMBER = _constant("must be a whole number")
_NUMBER = _constant("must be a number")
_TEXT = _constant("must be a text")
_LIST = _constant("must be a list")
_TABLE = _constant("must be a table")

#: The words for each of pydantic's error types, made from the error's context.
SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "value_error": lambda context: str(context["error"]),
    "extra_forbidden": _constant("there is no such setting"),
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "bool_type": _constant("must be true or false"),
    "bool_parsing": _constant("must be 1 (yes) or 0 (no)"),
    "string_type": _TEXT,
    "path_type": _TEXT,
    "literal_error": lambda context: f"must be {context['expected']}",
    "enum": lambda context: f"must be {context['expected']}",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
    "too_long": lambda context: f"may have at most {context['max_length']} entries",
    "tuple_type": _LIST,
    "frozen_set_type": _LIST,
    "dict_type": _TABLE,
    "model_type": _TABLE,
}
