"""What `up` tells the person once everything runs: where to look and what to type.

Used by `box.py`; pure text. A line more is an entry more in `_rows`.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.channels.credentials import Mode
from app.domain.recipients import Channel
from app.installation import Kept

TITLE_WIDTH = 12


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the banner speaks of."""

    url: str
    api_key: Kept
    #: Where the key is kept; None when the settings give it.
    api_key_file: Path | None
    modes: Mapping[Channel, Mode]
    data_dir: Path
    #: Where the queue is, in words; None in the trial mode without one.
    queue: str | None


def banner(facts: Facts) -> str:
    """Return the text, ending with the loudest thing to know."""
    rows = [f"  {title:{TITLE_WIDTH}}{text}" for title, text in _rows(facts)]
    return "\n".join(["", "Bellhop is ready.", "", *rows, *_warnings(facts), ""])


def _rows(facts: Facts) -> list[tuple[str, str]]:
    return [
        ("API", f"{facts.url}/api/docs"),
        ("API key", _key(facts)),
        ("Try it", _curl(facts)),
        ("Channels", ", ".join(f"{c} {_loud(m)}" for c, m in facts.modes.items())),
        ("Messages", f"{facts.data_dir / 'outbox'} (those in preview)"),
        ("Data", str(facts.data_dir)),
        ("Queue", facts.queue or "none (trial mode)"),
        ("Stop", "Ctrl-C"),
    ]


def _warnings(facts: Facts) -> list[str]:
    lines = []
    if Mode.PREVIEW in facts.modes.values():
        lines += [
            "",
            "  *** PREVIEW: nothing reaches a customer on the channels marked so. ***",
            "  *** Set a channel's credentials (.env.example) to send for real.   ***",
        ]
    if facts.queue is None:
        lines += [
            "",
            "  *** TRIAL MODE: there is no queue server, and none is embedded on   ***",
            "  *** this system. Messages still leave; set REDIS_URL for real work. ***",
        ]
    return lines


def _key(facts: Facts) -> str:
    if facts.api_key.is_new:
        return f"{facts.api_key.value}  (shown only now, kept in {facts.api_key_file})"
    return f"in {facts.api_key_file}" if facts.api_key_file else "BELLHOP_API_KEY"


def _curl(facts: Facts) -> str:
    file = facts.api_key_file
    key = f"$(cat {shlex.quote(str(file))})" if file else "$BELLHOP_API_KEY"
    services = f"{facts.url}/api/v1/services"
    return f'curl -H "Authorization: Bearer {key}" {services}'


def _loud(mode: Mode) -> str:
    return mode.upper() if mode is Mode.PREVIEW else mode
