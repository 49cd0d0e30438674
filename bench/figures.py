"""Turns measured times into figures, and figures into a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One line of the result; `limit` is what was promised, None for no promise."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the promise is kept (there may be none)."""
        return self.limit is None or self.value <= self.limit


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    rank = min(
        len(ordered) - 1, max(0, -(-int(share * 1000 * len(ordered)) // 1000) - 1)
    )
    return ordered[rank]


def latencies(
    name: str, seconds: Sequence[float], *, p99_limit_ms: float | None = None
) -> list[Figure]:
    """Return the median, p99 and maximum of some latencies, in milliseconds."""
    thousandths = [value * 1000 for value in seconds]
    return [
        Figure(name=f"{name}, p50", value=quantile(thousandths, 0.5), unit="ms"),
        Figure(
            name=f"{name}, p99",
            value=quantile(thousandths, 0.99),
            unit="ms",
            limit=p99_limit_ms,
        ),
        Figure(name=f"{name}, max", value=max(thousandths), unit="ms"),
    ]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines for a person."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(_line(figure, width) for figure in figures)


def _line(figure: Figure, width: int) -> str:
    line = f"{figure.name:{width}}  {figure.value:9.2f} {figure.unit}"
    if figure.limit is None:
        return line
    verdict = "kept" if figure.kept else "MISSED"
    return f"{line:{width + 18}} (promised {figure.limit:g} {figure.unit}: {verdict})"
