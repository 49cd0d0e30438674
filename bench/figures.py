"""Turns measured times into figures, and figures into a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the result.

    `limit` is the most and `floor` the least that was promised (None: no promise);
    `aim` is what was hoped for beyond. `note` is shown behind the value.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    floor: float | None = None
    aim: float | None = None
    note: str = ""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept (there may be none)."""
        return (self.limit is None or self.value <= self.limit) and (
            self.floor is None or self.value >= self.floor
        )


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    rank = min(
        len(ordered) - 1, max(0, -(-int(share * 1000 * len(ordered)) // 1000) - 1)
    )
    return ordered[rank]


def latencies(
    name: str,
    seconds: Sequence[float],
    *,
    p50_limit_ms: float | None = None,
    p99_limit_ms: float | None = None,
) -> list[Figure]:
    """Return the median, p99 and maximum of some latencies, in milliseconds."""
    thousandths = [value * 1000 for value in seconds]
    return [
        Figure(
            name=f"{name}, p50",
            value=quantile(thousandths, 0.5),
            unit="ms",
            limit=p50_limit_ms,
        ),
        Figure(
            name=f"{name}, p99",
            value=quantile(thousandths, 0.99),
            unit="ms",
            limit=p99_limit_ms,
        ),
        Figure(name=f"{name}, max", value=max(thousandths), unit="ms"),
    ]


def drain_rate(moments: Sequence[float]) -> float:
    """Return arrivals a second; the first tenth, while things start, is dropped."""
    settled = sorted(moments)[len(moments) // 10 :]
    return (len(settled) - 1) / (settled[-1] - settled[0])


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines for a person."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(_line(figure, width) for figure in figures)


def _line(figure: Figure, width: int) -> str:
    line = f"{figure.name:{width}}  {figure.value:9.2f} {figure.unit}"
    remarks = [*([figure.note] if figure.note else []), *_promises(figure)]
    return f"{line:{width + 24}} ({'; '.join(remarks)})" if remarks else line


def _promises(figure: Figure) -> list[str]:
    said = []
    for bound, words in ((figure.limit, "at most"), (figure.floor, "at least")):
        if bound is not None:
            verdict = "kept" if figure.kept else "MISSED"
            said.append(f"promised {words} {bound:g}: {verdict}")
    if figure.aim is not None:
        said.append(f"aim {figure.aim:g}")
    return said
