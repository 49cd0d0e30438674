"""`inbox list|done`: what customers wrote, and that a person has dealt with it."""

from __future__ import annotations

import argparse
from typing import Any

from app import config
from app.broker import SilentDoorbell
from app.clock import utc_now
from app.commands.printing import add_json, say, say_json, second, table
from app.domain.inbound import InboxState
from app.runtime import Runtime, open_runtime
from app.services import inbox
from app.storage import inbox as store
from app.web.schemas.inbox import inbox_answer

#: Messages that a list shows, the newest ones.
_MOST = 50
#: Letters of a message that a line of the list shows; `--json` has all of it.
_SHOWN = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    listing = deeds.add_parser("list", help="show what waits for a person")
    listing.add_argument(
        "--all", action="store_true", help="what is answered or done too"
    )
    listing.set_defaults(deed=_list)
    done = deeds.add_parser("done", help="say that a message is dealt with")
    done.add_argument("id", metavar="ID", help="as `inbox list` shows it")
    done.set_defaults(deed=_done)
    for deed in (listing, done):
        add_json(deed)


def run(arguments: argparse.Namespace) -> int:
    """Do one of the two deeds."""
    with open_runtime(config.load(), doorbell=SilentDoorbell()) as runtime:
        arguments.deed(runtime, arguments)
    return 0


def _list(runtime: Runtime, arguments: argparse.Namespace) -> None:
    states = list(InboxState) if arguments.all else [InboxState.OPEN]
    with runtime.database.read() as tx:
        found = store.page(tx, states=states, before=None, limit=_MOST)
    entries = [inbox_answer(row) for row in found]
    if arguments.json:
        say_json({"data": entries})
    else:
        say(_table(entries) if entries else "Nobody waits for an answer.")


def _done(runtime: Runtime, arguments: argparse.Namespace) -> None:
    with runtime.database.write() as tx:
        entry = inbox_answer(inbox.done(tx, arguments.id, now=utc_now()))
    if arguments.json:
        say_json(entry)
    else:
        say("It is dealt with, and stands in the list no more.")


def _table(entries: list[dict[str, Any]]) -> str:
    headings = ("ID", "WRITTEN (UTC)", "FROM", "BY", "STATE", "BOOKING", "WORDS")
    rows = [
        (
            *(e["id"], second(e["received_at"])),
            f"{e['name'] or '?'} {e['address']}",
            *(e["channel"], e["state"], e["booking_reference"] or "-"),
            " ".join(e["text"].split())[:_SHOWN],
        )
        for e in entries
    ]
    return table(headings, rows)
