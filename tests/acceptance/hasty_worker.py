"""The real worker, with a second's patience for providers in place of 10 and 30."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import worker
from app.channels.http import HttpClient
from app.channels.smtp import Smtp
from app.supervisor.parent import FLAG

PATIENCE_S = 1.0


def shorten(make: Callable[..., Any]) -> None:
    """Change the default of what is given a deadline when it is made."""
    defaults = make.__kwdefaults__ or {}
    assert defaults["total_s"] > PATIENCE_S
    defaults["total_s"] = PATIENCE_S


if __name__ == "__main__":
    shorten(HttpClient.__init__)
    shorten(Smtp.__init__)
    sys.exit(worker.main([FLAG]))
