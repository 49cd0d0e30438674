"""`keys create|list|revoke`: who may use the API, and with what scope."""

from __future__ import annotations

import argparse

from app import config
from app.broker import SilentDoorbell
from app.commands.printing import add_json, say, say_json, second, table
from app.errors import BellhopError
from app.runtime import Runtime, open_runtime
from app.services import keys
from app.services.keys import FIRST_KEY_ID, ApiKey, Scope

#: Characters of a name, so that lists stay readable.
LONGEST_NAME = 100
_SCOPES = {
    Scope.ADMIN: "everything",
    Scope.SITE: "bookings and notifications",
    Scope.PUBLIC: "free times and new bookings; it may stand in a web page",
    Scope.METRICS: "/metrics alone",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    create = deeds.add_parser("create", help="make a key; it is shown only once")
    create.add_argument("--name", type=_name, required=True, help="who will use it")
    create.add_argument(
        "--scope",
        choices=[str(scope) for scope in Scope],
        required=True,
        help="; ".join(f"{scope}: {what}" for scope, what in _SCOPES.items()),
    )
    create.set_defaults(deed=_create)
    listing = deeds.add_parser("list", help="show every key, revoked ones too")
    listing.set_defaults(deed=_list)
    revoke = deeds.add_parser("revoke", help="make a key useless from now on")
    revoke.add_argument("id", metavar="ID", help="as `keys list` shows it")
    revoke.set_defaults(deed=_revoke)
    for deed in (create, listing, revoke):
        add_json(deed)


def run(arguments: argparse.Namespace) -> int:
    """Do one of the three deeds."""
    with open_runtime(config.load(), doorbell=SilentDoorbell()) as runtime:
        arguments.deed(runtime, arguments)
    return 0


def _create(runtime: Runtime, arguments: argparse.Namespace) -> None:
    scope = Scope(arguments.scope)
    key, made = keys.create(runtime, name=arguments.name, scope=scope)
    if arguments.json:
        say_json({**_answer(made), "key": key})
        return
    say(f"{key}\n")
    say("This is the only time that the key is shown: keep it well.")
    say(f"It opens: {_SCOPES[scope]}.")
    say(f"Should it get lost: `python3 bellhop.py keys revoke {made.id}`.")


def _list(runtime: Runtime, arguments: argparse.Namespace) -> None:
    first = ApiKey(id=FIRST_KEY_ID, name="first key", scope=Scope.ADMIN)
    found = [first, *keys.all_keys(runtime)]
    if arguments.json:
        say_json({"data": [_answer(key) for key in found]})
        return
    headings = ("ID", "NAME", "SCOPE", "CREATED (UTC)", "REVOKED (UTC)")
    rows = [
        (k.id, k.name, k.scope, second(k.created_at), second(k.revoked_at))
        for k in found
    ]
    say(table(headings, rows))


def _revoke(runtime: Runtime, arguments: argparse.Namespace) -> None:
    if arguments.id == FIRST_KEY_ID:
        raise BellhopError(_how_to_change_the_first(runtime))
    keys.revoke(runtime, arguments.id)
    if arguments.json:
        say_json({"id": arguments.id, "revoked": True})
    else:
        say("The key is revoked: from now on the API refuses it.")


def _how_to_change_the_first(runtime: Runtime) -> str:
    place = "change BELLHOP_API_KEY"
    if runtime.settings.api_key is None:
        place = f"delete {runtime.settings.data_dir / 'api_key'}"
    return (
        f"The first key cannot be revoked, only replaced: {place} and start Bellhop "
        "again."
    )


def _answer(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "scope": key.scope,
        "created_at": key.created_at,
        "revoked_at": key.revoked_at,
    }


def _name(text: str) -> str:
    name = text.strip()
    if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
        raise argparse.ArgumentTypeError(
            f"give it a name of 1 to {LONGEST_NAME} characters on one line"
        )
    return name
