"""Fault rules as they come over the control API: read, checked, and shown again.

Used by `control.py` alone. A rule that could never strike is refused with a sentence.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from app.errors import InvalidError, Problem
from app.simulator.faults import Fault, Kind, Match, Rule, Stage
from app.simulator.garbage import GARBAGE
from app.simulator.submissions import Operation

_Word = TypeVar("_Word", bound=StrEnum)

#: Kinds of which the message is taken although the caller sees a failure.
_ACCEPTING = {
    Kind.ACCEPT_THEN_HANG,
    Kind.ACCEPT_THEN_CUT,
    Kind.TRICKLE,
    Kind.GARBAGE,
    Kind.DELAY,
    Kind.LATE_ANSWER,
}
#: Kinds whose `accepted` may be ordered otherwise (a gateway that lost the answer).
_EITHER_WAY = {Kind.STATUS, Kind.GARBAGE}
#: Kinds that may strike before the message is there.
_EARLY = {Kind.STATUS, Kind.HANG_BEFORE_ACCEPT, Kind.CUT_BEFORE_ACCEPT, Kind.DELAY}
#: SMTP stages at which the recipient is not known yet.
_NAMELESS = {Stage.CONNECT, Stage.EHLO, Stage.AUTH, Stage.MAIL}


def read_rules(content: Any) -> list[Rule]:
    """Make rules of JSON, one object or a list; raise InvalidError with a sentence."""
    items = content if isinstance(content, list) else [content]
    return [_rule(item) for item in items]


def shown(rule: Rule) -> dict[str, Any]:
    """Return a rule as JSON shows it."""
    return dataclasses.asdict(rule)


def _rule(item: Any) -> Rule:
    known = _known(item, "rule", {"match", "times", "fault"})
    times = known.get("times")
    if not (times is None or (isinstance(times, int) and times > 0)):
        raise _wrong("times", "is a whole number above 0, or null for always")
    rule = Rule(
        match=_match(known.get("match") or {}),
        fault=_fault(known.get("fault")),
        times=times,
    )
    _check_stage(rule)
    return rule


def _match(item: Any) -> Match:
    known = _known(item, "match", {f.name for f in dataclasses.fields(Match)})
    operation = known.pop("operation", Operation.SEND)
    for name, value in known.items():
        if not (value is None or isinstance(value, str)):
            raise _wrong(name, "is text")
    return Match(**known, operation=_word("operation", operation, Operation))


def _fault(item: Any) -> Fault:
    known = _known(item, "fault", {f.name for f in dataclasses.fields(Fault)})
    kind = _word("kind", known.get("kind"), Kind)
    accepted = known.get("accepted", kind in _ACCEPTING)
    if not isinstance(accepted, bool):
        raise _wrong("accepted", "is true or false")
    if kind not in _EITHER_WAY and accepted is not (kind in _ACCEPTING):
        raise _wrong("accepted", f"cannot be ordered for {kind}")
    if kind is Kind.GARBAGE and str(known.get("body", "html")) not in GARBAGE:
        raise _wrong("body", f"is one of {', '.join(GARBAGE)}")
    _check_values(known)
    stage = _word("stage", known.get("stage", Stage.FINAL_DOT), Stage)
    words = {"kind": kind, "accepted": accepted, "stage": stage}
    return Fault(**{**known, **words})


def _check_values(known: Mapping[str, Any]) -> None:
    status, code = known.get("status"), known.get("code")
    if not (status is None or (isinstance(status, int) and 200 <= status <= 599)):
        raise _wrong("status", "is an HTTP status")
    if not (code is None or isinstance(code, int)):
        raise _wrong("code", "is a number: the provider's, or an SMTP reply code")
    seconds = known.get("seconds", 1)
    if not (isinstance(seconds, int | float) and 0 <= seconds <= 3600):
        raise _wrong("seconds", "is a number from 0 to 3600")
    for name, value in _known(known.get("headers", {}), "headers", None).items():
        if not (isinstance(value, str) and f"{name}{value}".isascii()):
            raise _wrong("headers", "are ASCII texts")


def _check_stage(rule: Rule) -> None:
    stage, match = rule.fault.stage, rule.match
    if stage is not Stage.FINAL_DOT and rule.fault.kind not in _EARLY:
        raise _wrong("stage", f"{rule.fault.kind} happens at final_dot only")
    if stage is not Stage.FINAL_DOT and match.text_contains is not None:
        raise _wrong("text_contains", f"is not known yet at stage {stage}")
    if stage in _NAMELESS and match.recipient is not None:
        raise _wrong("recipient", f"is not known yet at stage {stage}")


def _known(item: Any, noun: str, names: set[str] | None) -> dict[str, Any]:
    if not isinstance(item, dict):
        raise _wrong(noun, "is a JSON object")
    unknown = set(item) - names if names is not None else set()
    if unknown:
        raise _wrong(noun, f"does not know {', '.join(sorted(unknown))}")
    return dict(item)


def _word(name: str, value: Any, words: type[_Word]) -> _Word:
    try:
        return words(value)
    except ValueError:
        raise _wrong(name, f"is one of {', '.join(words)}") from None


def _wrong(field: str, sentence: str) -> InvalidError:
    return InvalidError([Problem(field, sentence)])
