"""The real worker, in a house whose owner has a task that no time limit reaches.

It gives such a task up after a second in place of eight.
"""

from __future__ import annotations

import sys
from pathlib import Path

import actors
import worker
from app.services import giving_up
from app.supervisor.parent import FLAG

if __name__ == "__main__":
    assert giving_up.GIVEN_UP_AFTER_S > 1
    giving_up.GIVEN_UP_AFTER_S = 1.0
    actors.__path__.append(str(Path(__file__).parent / "deaf_actors"))
    sys.exit(worker.main([FLAG]))
