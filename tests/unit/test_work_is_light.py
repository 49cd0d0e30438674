"""Every process loads the owner's tasks at its start: that must cost very little."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("sqlalchemy", "dramatiq", "flask", "redis", "apscheduler", "babel", "requests")


def test_a_file_of_tasks_loads_no_heavy_library() -> None:
    code = (
        "import sys; from app.services.actors_found import load_actors; "
        "print(len(load_actors('examples.actors')), "
        f"[name for name in {HEAVY} if name in sys.modules])"
    )

    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.endswith(" []\n")
    assert not ran.stdout.startswith("0 ")
