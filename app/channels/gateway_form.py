"""How a gateway wants to be asked, and how its answer is read: what its owner wrote.

Pure. Each text is filled on its own and encoded afterwards, so that no customer's words
can become a part of the form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

#: What may stand between {{ and }}.
PLACES = ("to", "digits", "text", "key")
DEFAULT_BODY = '{"to": "{{ to }}", "text": "{{ text }}"}'
_PLACE = re.compile(r"\{\{\s*(.*?)\s*\}\}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_STEP = re.compile(r"[^.\s=$[\]]+(\.[^.\s=$[\]]+)*")
#: What no name in a form begins with, and XML does.
_NO_FORM = re.compile(r"\s*<")


@dataclass(frozen=True, kw_only=True)
class Form:
    """What is posted: JSON (`tree`), or a form where the tree is a list of pairs."""

    tree: Any
    is_json: bool

    def filled(self, places: Mapping[str, str]) -> Any:
        """Return it with its places filled."""
        return _mapped(self.tree, lambda text: _fill(text, places))


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Where the answer says what became of the message, and what it says there."""

    path: str
    #: Those of a yes.
    words: frozenset[str]
    #: Those that ask to try again later.
    later: frozenset[str] = frozenset()


def parse_body(text: str) -> Form:
    """Read what is posted; raise ValueError with a sentence for the owner.

    Empty: `DEFAULT_BODY`.
    """
    text = text or DEFAULT_BODY
    is_json = text.lstrip().startswith(("{", "["))
    if is_json:
        try:
            tree = json.loads(text)
        except ValueError:
            raise ValueError('is no JSON; write {"text": "{{ text }}"}') from None
    elif _NO_FORM.match(text):
        raise ValueError("is neither JSON nor a form; no other can be posted")
    else:
        tree = parse_qsl(text, keep_blank_values=True)
    _check_places(tree)
    return Form(tree=tree, is_json=is_json)


def parse_headers(text: str) -> Mapping[str, str]:
    """Read headers; raise ValueError with a sentence that repeats none of them."""
    try:
        headers = json.loads(text) if text else {}
    except ValueError:
        raise ValueError('is no JSON; write {"Name": "value"}') from None
    if isinstance(headers, dict) and all(isinstance(h, str) for h in headers.values()):
        for name, content in headers.items():
            _check_header(name, content)
        return headers
    raise ValueError('must be {"Name": "value"}')


def parse_expected(text: str, later: str = "") -> Expected | None:
    """Read what a yes says, `status=queued|sent`, and what asks for patience, `busy`.

    None where nothing is asked. Raises ValueError with a sentence for the owner.
    """
    if not text:
        return None
    path, is_told, words = text.partition("=")
    wanted = _words(words)
    if not is_told or not path.strip() or not wanted:
        raise ValueError("must look like status=queued|sent")
    return Expected(path=parse_path(path.strip()), words=wanted, later=_words(later))


def check_later(later: str, *, accepted: str) -> None:
    """Raise ValueError where words that ask for patience could not be told."""
    if later and not accepted:
        raise ValueError("is looked for where SMS_HTTP_ACCEPTED says; set it, too")
    if both := _words(later) & _words(accepted.partition("=")[2]):
        raise ValueError(f"says {min(both)}, which is a yes in SMS_HTTP_ACCEPTED")


def parse_path(text: str) -> str:
    """Read a path into JSON, `messages.0.id`; raise ValueError for any other."""
    if text and not _STEP.fullmatch(text):
        raise ValueError("must look like messages.0.id")
    return text


def check_address(url: str) -> None:
    """Raise ValueError where an address holds places: nothing fills them there."""
    if "{{" in unquote(url):
        raise ValueError("can hold no {{ }}; what is asked stands in SMS_HTTP_BODY")


def filled_headers(headers: Mapping[str, str], *, key: str) -> dict[str, str]:
    """Return the headers of one message."""
    return {name: _fill(content, {"key": key}) for name, content in headers.items()}


def found_at(tree: Any, path: str) -> str:
    """Return what stands at a path of an answer; empty where nothing plain does."""
    for step in path.split("."):
        if isinstance(tree, dict):
            tree = tree.get(step)
        elif isinstance(tree, list) and step.isdecimal() and len(step) < 4:
            tree = tree[int(step)] if int(step) < len(tree) else None
        else:
            return ""
    if isinstance(tree, bool):
        return str(tree).lower()
    return str(tree) if isinstance(tree, str | int) else ""


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split("|")) - {""}


def _fill(text: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: places[found[1]], text)


def _check_header(name: str, content: str) -> None:
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("holds a name that no header can have")
    if not (content.isascii() and content.isprintable()):
        raise ValueError("must hold plain letters only")
    if any(place != "key" for place in _PLACE.findall(content)):
        raise ValueError("may hold {{ key }} and no other place")


def _check_places(tree: Any) -> None:
    for name in _PLACE.findall(json.dumps(tree, ensure_ascii=False)):
        if name not in PLACES:
            raise ValueError(f"may hold between {{{{ and }}}} only {', '.join(PLACES)}")
    filled = _filled_places(tree)
    if "text" not in filled:
        raise ValueError("must hold {{ text }}, or the customer would read nothing")
    if filled.isdisjoint({"to", "digits"}):
        raise ValueError("must hold {{ to }} or {{ digits }}, or it would reach nobody")


def _filled_places(tree: Any) -> set[str]:
    """Return the places that are filled: those in values, not in names."""
    found: set[str] = set()

    def note(text: str) -> str:
        found.update(_PLACE.findall(text))
        return text

    _mapped(tree, note)
    return found


def _mapped(tree: Any, change: Callable[[str], str]) -> Any:
    if isinstance(tree, str):
        return change(tree)
    if isinstance(tree, Mapping):
        return {name: _mapped(branch, change) for name, branch in tree.items()}
    if isinstance(tree, Sequence):
        return [_mapped(branch, change) for branch in tree]
    return tree
