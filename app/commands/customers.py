"""`customers export|erase`: one customer's data, to take along or to forget."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from app import config
from app.broker import SilentDoorbell
from app.clock import utc_now
from app.commands.printing import add_json, counted, say, say_json
from app.domain.recipients import normal_email, normal_phone
from app.errors import BellhopError
from app.runtime import Runtime, open_runtime
from app.services import customers
from app.services.customers import Erased, Who
from app.web.schemas.customers import erased_answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    export = deeds.add_parser("export", help="print all that is kept, as JSON")
    export.set_defaults(deed=_export)
    erase = deeds.add_parser("erase", help="forget the customer; this cannot be undone")
    erase.add_argument("--yes", action="store_true", help="do it")
    erase.set_defaults(deed=_erase)
    for deed in (export, erase):
        deed.add_argument("--email", metavar="X", help="of the customer")
        deed.add_argument("--phone", metavar="X", help="of the customer; or both")
    add_json(erase)


def run(arguments: argparse.Namespace) -> int:
    """Do one of the two deeds; 1 where nothing was done for want of `--yes`."""
    with open_runtime(config.load(), doorbell=SilentDoorbell()) as runtime:
        return int(arguments.deed(runtime, arguments))


def _export(runtime: Runtime, arguments: argparse.Namespace) -> int:
    who = _who(runtime, arguments)
    with runtime.database.read() as tx:
        say_json(customers.export(tx, runtime, who))
    return 0


def _erase(runtime: Runtime, arguments: argparse.Namespace) -> int:
    who = _who(runtime, arguments)
    if not arguments.yes:
        return _preview(runtime, who, as_json=arguments.json)
    with runtime.database.write() as tx:
        erased = customers.erase(tx, runtime, who, now=utc_now())
    runtime.database.empty_log()
    if arguments.json:
        say_json(erased_answer(erased))
    else:
        say(_told(erased))
    return 0


def _preview(runtime: Runtime, who: Who, *, as_json: bool) -> int:
    with runtime.database.read() as tx:
        found = customers.export(tx, runtime, who)
    if as_json:
        say_json({"found": {part: len(rows) for part, rows in found.items()}})
        return 1
    say(
        f"{counted(len(found['bookings']), 'booking')} and "
        f"{counted(len(found['messages']), 'message')} tell of this customer.\n"
        "Nothing has been done yet: add --yes to do it. It cannot be undone."
    )
    return 1


def _told(erased: Erased) -> str:
    told = (
        f"Forgotten in {counted(erased.bookings, 'booking')} and "
        f"{counted(erased.messages, 'message')}. Backups, logs and what providers keep "
        "are not touched."
    )
    if not erased.also_known_as:
        return told
    others = ", ".join(erased.also_known_as)
    return f"{told}\nThe bookings had other addresses too, not erased: {others}."


def _who(runtime: Runtime, arguments: argparse.Namespace) -> Who:
    region = runtime.settings.phone_region
    who = Who(
        email=_read("--email", arguments.email, normal_email),
        phone=_read(
            "--phone", arguments.phone, lambda raw: normal_phone(raw, region=region)
        ),
    )
    if not who.addresses:
        raise BellhopError("Say whom you mean: --email, --phone, or both.")
    return who


def _read(flag: str, raw: str | None, read: Callable[[str], str]) -> str | None:
    try:
        return None if raw is None else read(raw)
    except ValueError as error:
        raise BellhopError(f"{flag} {error}.") from None
