"""Chance with a seed: the same seed plans the same orders, faults and troubles.

Each thread of a run has dice of its own, or the order of its throws would be chance.
"""

from __future__ import annotations

import random


def dice(seed: int, purpose: str) -> random.Random:
    """Return the dice that this purpose throws in the run of this seed."""
    return random.Random(f"{seed}/{purpose}")  # noqa: S311 - nothing is kept secret by it
