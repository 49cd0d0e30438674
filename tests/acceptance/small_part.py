"""A small real part for `up` to look after: `small_part.py NAME JOURNAL [HABIT]`.

Writes to the journal when it starts and stops. As `api` it answers `/readyz`. Habits:
`stubborn` ignores SIGTERM, `bad-settings` and `broken` end at once, each in its way;
so does the first of these for as long as there is a file `bad-NAME`.
"""

from __future__ import annotations

import http.server
import os
import signal
import sys
import threading
from pathlib import Path

import redis

from app.supervisor.parent import watch_parent

NAME, JOURNAL = sys.argv[1], Path(sys.argv[2])
HABIT = sys.argv[3] if len(sys.argv) > 3 else ""


def note(event: str) -> None:
    """Add one line; a single small write is never mixed with another's."""
    with JOURNAL.open("a") as journal:
        journal.write(f"{NAME} {event}\n")


class Ready(http.server.BaseHTTPRequestHandler):
    """Answers 200 to everything."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def queue_answers() -> bool:
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        return bool(client.ping())


def stop(_number: int, _frame: object) -> None:
    if HABIT == "stubborn":
        note("refused")
        return
    if "REDIS_URL" in os.environ:
        note(f"stopped, queue answers: {queue_answers()}")
    else:
        note("stopped")
    os._exit(0)


def orphaned() -> None:
    note("orphaned")
    os._exit(0)


def main() -> None:
    if HABIT == "bad-settings" or JOURNAL.with_name(f"bad-{NAME}").exists():
        sys.stderr.write("EMAIL_PORT: must be a number; example: EMAIL_PORT=587\n")
        sys.exit(78)
    if HABIT == "broken":
        sys.exit("the disk is on fire")
    signal.signal(signal.SIGTERM, stop)
    watch_parent(orphaned)
    if NAME == "api":
        address = ("127.0.0.1", int(os.environ["BELLHOP_PORT"]))
        server = http.server.ThreadingHTTPServer(address, Ready)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    note(f"started {os.getpid()} {os.environ.get('REDIS_URL', 'no queue')}")
    sys.stdout.write(f"{NAME} is at work\n")
    sys.stdout.flush()
    while True:
        signal.pause()


main()
