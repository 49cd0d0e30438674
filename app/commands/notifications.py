"""`notifications list|show|retry|cancel`: what was sent, what was not, and why.

The same deeds and filters as the API's; recipients are masked here too.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app import config
from app.broker import SilentDoorbell
from app.commands import notification_filter, notification_moves
from app.commands.notification_moves import MOVES
from app.commands.printing import add_json, counted, say, say_json, second, table
from app.runtime import Runtime, open_runtime
from app.services import notifications
from app.storage import messages
from app.web.schemas.notifications import notification_answer

#: Rows of a list unless another number is asked for.
USUAL_LIMIT = 50
#: What `show` tells, line by line, where there is something to tell.
_SHOWN = {
    "kind": "Kind",
    "channel": "Channel",
    "recipient": "Recipient",
    "booking_id": "Booking",
    "status": "Status",
    "reason": "Reason",
    "priority": "Priority",
    "created_at": "Planned",
    "due_at": "Due",
    "next_attempt_at": "Next attempt",
    "useful_until": "Useful until",
    "sent_at": "Sent",
    "delivered_at": "Delivered",
    "provider": "Provider",
    "provider_message_id": "Provider's id",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    listing = deeds.add_parser("list", help="list notifications, the newest first")
    notification_filter.add_arguments(listing)
    listing.add_argument(
        "--limit", type=_limit, default=USUAL_LIMIT, metavar="N", help="at most so many"
    )
    listing.set_defaults(deed=_list)
    show = deeds.add_parser("show", help="show one, with all its attempts")
    show.add_argument("id", metavar="ID")
    show.set_defaults(deed=_show)
    for word, move in MOVES.items():
        moving = deeds.add_parser(word, help=move.help)
        notification_moves.add_arguments(moving)
        moving.set_defaults(deed=_move, move=move)
    for deed in deeds.choices.values():
        add_json(deed)


def run(arguments: argparse.Namespace) -> int:
    """Do one of the four deeds."""
    # Only what makes a message due has somebody to ring for.
    doorbell = None if arguments.deed is _move else SilentDoorbell()
    with open_runtime(config.load(), doorbell=doorbell) as runtime:
        return int(arguments.deed(runtime, arguments))


def _list(runtime: Runtime, arguments: argparse.Namespace) -> int:
    chosen = notification_filter.read(arguments)
    with runtime.database.read() as tx:
        rows = messages.page(tx, chosen, after=None, limit=arguments.limit)
        matched = sum(messages.count_by_status(tx, chosen).values())
    found = [notification_answer(row) for row in rows]
    if arguments.json:
        say_json({"data": found, "matched": matched})
        return 0
    say(_table(found) if found else "There are none of that kind.")
    if matched > len(found):
        say(f"\nThe newest {len(found)} of {matched}; --limit N shows more.")
    return 0


def _show(runtime: Runtime, arguments: argparse.Namespace) -> int:
    with runtime.database.read() as tx:
        row = notifications.find(tx, arguments.id)
        attempts = messages.attempts_of(tx, arguments.id)
    found = notification_answer(row, attempts)
    if arguments.json:
        say_json(found)
    else:
        say(f"{_facts(found)}\n\n{_attempts(found['attempts'])}")
    return 0


def _move(runtime: Runtime, arguments: argparse.Namespace) -> int:
    return notification_moves.run(runtime, arguments.move, arguments)


def _table(found: list[dict[str, Any]]) -> str:
    headings = ("ID", "PLANNED (UTC)", "KIND", "CHANNEL", "TO", "STATUS", "REASON")
    return table(
        headings,
        [
            (
                *(n["id"], second(n["created_at"]), n["kind"], n["channel"]),
                *(n["recipient"], n["status"], n["reason"]),
            )
            for n in found
        ],
    )


def _facts(found: Mapping[str, Any]) -> str:
    rows = [
        (title, f"{second(value)} UTC" if isinstance(value, datetime) else value)
        for name, title in _SHOWN.items()
        if (value := found[name]) not in (None, "")
    ]
    return table(("Notification", found["id"]), rows)


def _attempts(attempts: list[dict[str, Any]]) -> str:
    if not attempts:
        return "It has not been tried yet."
    headings = ("STARTED (UTC)", "ENDED (UTC)", "PROVIDER", "OUTCOME", "CODE", "REASON")
    rows = [
        (
            *(second(a["started_at"]), second(a["ended_at"]), a["provider"]),
            *(a["outcome"] or "under way", a["code"] or "-", a["reason"]),
        )
        for a in attempts
    ]
    return f"{counted(len(attempts), 'attempt')}:\n{table(headings, rows)}"


def _limit(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError("give a whole number above 0")
    return int(text)
