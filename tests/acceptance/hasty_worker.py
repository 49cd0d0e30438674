"""The real worker, with a second's patience for providers in place of ten.

Nor does it spare a provider that fails for half a minute, but for a moment.
"""

from __future__ import annotations

import sys
from datetime import timedelta

import worker
from app.domain import circuits
from app.supervisor.parent import FLAG

PATIENCE_S = 1.0
FIRST_PAUSE = timedelta(seconds=0.3)
LONGEST_PAUSE = timedelta(seconds=1)


def hurry() -> None:
    """Shorten every wait of the circuits."""
    assert circuits.PATIENCE_S > PATIENCE_S
    circuits.PATIENCE_S = PATIENCE_S
    circuits.PROBE_PATIENCE_S = PATIENCE_S / 2
    circuits.FIRST_PAUSE = FIRST_PAUSE
    circuits.LONGEST_PAUSE = LONGEST_PAUSE


if __name__ == "__main__":
    hurry()
    sys.exit(worker.main([FLAG]))
