"""How the providers tell: how late, in which order, how often, and how well.

Ordered over the control API; without an order nothing is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from random import Random

from app.errors import InvalidError, Problem
from app.simulator.telling.call import Call

#: Seconds that a receipt may be ordered to be late.
LONGEST_DELAY_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Manners:
    """Shares of 1, and seconds."""

    #: Each call comes so many seconds after the answer, at random up to this.
    delay_s: float = 0.0
    #: Messages that do not arrive.
    fail: float = 0.0
    #: Calls that are made twice, not at all, or with a wrong signature before.
    repeat: float = 0.0
    drop: float = 0.0
    forge: float = 0.0
    #: 1: the calls about a message come in any order.
    shuffle: float = 0.0
    seed: float = 0


def read_manners(content: object) -> Manners:
    """Read what was ordered; raise InvalidError naming every bad field."""
    if not isinstance(content, dict):
        raise InvalidError([Problem("body", "must be a JSON object")])
    known = {field.name for field in fields(Manners)}
    problems = [
        Problem(str(name), f"is none of {', '.join(sorted(known))}")
        for name in content
        if name not in known
    ]
    problems += [
        Problem(name, f"is a number from 0 to {_most(name):g}")
        for name, value in content.items()
        if name in known and not _is_number(value, _most(name))
    ]
    if problems:
        raise InvalidError(problems)
    return Manners(**content)


def told(
    calls: Iterable[Call], manners: Manners, chance: Random
) -> Iterator[tuple[float, Call]]:
    """Yield the calls that are really made, and how late each is."""
    made: list[Call] = []
    for call in calls:
        if chance.random() < manners.forge:
            made.append(_forged(call))
        if chance.random() < manners.drop:
            continue
        made.append(call)
        if chance.random() < manners.repeat:
            made.append(call)
    if manners.shuffle:
        chance.shuffle(made)
    delays = sorted(chance.uniform(0, manners.delay_s) for _ in made)
    yield from zip(delays, made, strict=True)


def _forged(call: Call) -> Call:
    """Break the signature, which stands in a header or in the body."""
    headers = {
        name: value[::-1] if "signature" in name.lower() else value
        for name, value in call.headers.items()
    }
    return replace(
        call, body=call.body.replace(b'"sig": "', b'"sig": "0'), headers=headers
    )


def _most(name: str) -> float:
    return {"delay_s": LONGEST_DELAY_S, "seed": 1e9}.get(name, 1.0)


def _is_number(value: object, most: float) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value <= most  # type: ignore[operator]  # it is one
