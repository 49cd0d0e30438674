"""The real worker, in a house whose owner has copied the examples into `actors/`."""

from __future__ import annotations

import sys
from pathlib import Path

import actors
import worker

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    actors.__path__.append(str(ROOT / "examples" / "actors"))
    sys.exit(worker.main())
