"""The real worker, in a house whose owner has copied the examples into `actors/`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import actors
import worker
from app.runtime import open_runtime
from app.services.actors_found import load_actors

ROOT = Path(__file__).resolve().parents[2]

if __name__ == "__main__":
    actors.__path__.append(str(ROOT / "examples" / "actors"))
    worker.open_runtime = partial(open_runtime, registry=load_actors())
    sys.exit(worker.main())
