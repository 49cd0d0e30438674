"""What a text of the owner's may be made of: names, filters, `if`; nothing that runs.

Called by `template_checks.py`. What is not named here is refused: no fact is a list, so
a text needs no loops, and without them nothing that is written can be slow, endless or
curious about the house. The sandbox stands behind it all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from jinja2 import TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.config.sentences import nearest
from app.errors import Problem
from app.services.wording_filters import FILTERS

#: Of Jinja's own filters those that make no text longer.
_PLAIN_FILTERS = frozenset({"truncate", "upper", "lower", "capitalize", "trim"})
ALLOWED_FILTERS = frozenset(FILTERS) | _PLAIN_FILTERS
#: The frame that a part of an e-mail may stand in, and the macro that an HTML may use.
FRAMES = {"email.txt": "_layout/email.txt", "email.html": "_layout/email.html"}
ROWS, ROW = "_layout/rows.html", "row"
#: What may be called: the macro, and the words that a block stands in place of.
_CALLABLE = frozenset({ROW, "super"})
#: Names that every template has beside the facts of its kind.
SURROUNDINGS = frozenset(
    {"channel", "business_timezone", "language", "direction", "unsubscribe_url"}
)
PHRASES = "words"
#: Parts that a text may have, and how deep they may be nested: far more than the
#: longest e-mail of ours, and printed within milliseconds.
MOST_PARTS = 2_000
DEEPEST = 40

_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const),
    *(nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.Concat, nodes.Add),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Filter, nodes.Getattr, nodes.Call),
    *(nodes.Getitem, nodes.Neg, nodes.Slice, nodes.Keyword),
    *(nodes.Extends, nodes.Block, nodes.FromImport),
)
_WHY = {
    nodes.For: "loops are not for messages: no fact is a list",
    nodes.Assign: "{% set %} is not for messages: print the fact where it stands",
    nodes.Include: "{% include %} is not for messages",
    nodes.Macro: "macros are not for messages",
    nodes.Mul: "nothing is multiplied in a message",
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of a text: how the API calls it, the file it stands for, its words."""

    field: str
    file: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What a text may speak of: the names of its kind, its language's phrases."""

    names: Collection[str]
    phrases: Mapping[str, object]


def rule_problems(
    environment: ImmutableSandboxedEnvironment, part: Part, vocabulary: Vocabulary
) -> list[Problem]:
    """Return everything that a part may not hold, each with its line."""
    try:
        tree = environment.parse(part.source, name=part.file)
    except TemplateSyntaxError as error:
        return [_problem(part, error.lineno, (error.message or "").rstrip("."))]
    except RecursionError:
        return [Problem(part.field, "is nested too deep to be read")]
    found: list[Problem] = []
    for count, (node, depth) in enumerate(_walk(tree), 1):
        if count > MOST_PARTS or depth > DEEPEST:
            found.append(_problem(part, node.lineno, "is too much for one message"))
            break
        if trouble := _trouble(node, part, vocabulary):
            found.append(_problem(part, node.lineno, trouble))
    return list(dict.fromkeys(found))


def _walk(tree: nodes.Node) -> Iterator[tuple[nodes.Node, int]]:
    """Yield every node with its depth, in the order of the text.

    What is refused is not looked into: what stands in a loop is no mistake of its own.
    """
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        if isinstance(node, _ALLOWED):
            inner = list(node.iter_child_nodes())
            waiting += [(child, depth + 1) for child in reversed(inner)]


def _trouble(node: nodes.Node, part: Part, vocabulary: Vocabulary) -> str:
    if not isinstance(node, _ALLOWED):
        usual = f"{type(node).__name__.lower()} is not for messages"
        return next(
            (why for made, why in _WHY.items() if isinstance(node, made)), usual
        )
    if isinstance(node, nodes.Name):
        return _unknown("name", node.name, _names(part, vocabulary))
    if isinstance(node, nodes.Filter):
        return _unknown("filter", node.name, ALLOWED_FILTERS)
    if isinstance(node, nodes.Getattr):
        return _trouble_of_phrase(node, vocabulary)
    if isinstance(node, nodes.Call):
        is_ours = isinstance(node.node, nodes.Name) and node.node.name in _CALLABLE
        return "" if is_ours else "nothing can be called in a message"
    if isinstance(node, nodes.Getitem):
        return _trouble_of_part(node)
    if isinstance(node, (nodes.Extends, nodes.FromImport)):
        return _trouble_of_frame(node, part)
    return ""


def _names(part: Part, vocabulary: Vocabulary) -> frozenset[str]:
    names = {*vocabulary.names, *SURROUNDINGS, *_CALLABLE, PHRASES}
    return frozenset(names | ({"title"} if part.file == "email.html" else set()))


def _trouble_of_phrase(node: nodes.Getattr, vocabulary: Vocabulary) -> str:
    if not isinstance(node.node, nodes.Name) or node.node.name != PHRASES:
        return f"no fact has a part .{node.attr}; only {PHRASES} has"
    return _unknown("phrase", node.attr, vocabulary.phrases)


def _trouble_of_part(node: nodes.Getitem) -> str:
    """Letters may be taken of a text, and a phrase out of a table of phrases."""
    is_number = isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, int)
    if is_number or isinstance(node.arg, (nodes.Slice, nodes.Neg)):
        return ""
    if isinstance(node.node, nodes.Getattr):
        return ""
    return "only letters of a text are taken with […]: [:40]"


def _trouble_of_frame(node: nodes.Extends | nodes.FromImport, part: Part) -> str:
    frame = FRAMES.get(part.file)
    named = node.template.value if isinstance(node.template, nodes.Const) else None
    if isinstance(node, nodes.Extends):
        if frame is None:
            return "{% extends %} is for the text and the HTML of e-mails"
        return (
            "" if named == frame else f'only {{% extends "{frame}" %}} can stand here'
        )
    is_row = part.file == "email.html" and named == ROWS and node.names == [ROW]
    wanted = f'only {{% from "{ROWS}" import {ROW} %}} can stand in an e-mail\'s HTML'
    return "" if is_row else wanted


def _unknown(noun: str, name: str, known: Collection[str]) -> str:
    if name in known:
        return ""
    return f"there is no {noun} {name!r}; the nearest is {nearest(name, known)!r}"


def _problem(part: Part, line: int, message: str) -> Problem:
    return Problem(part.field, f"line {line}: {message}")
