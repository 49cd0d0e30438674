"""`templates`: the words we send, as the owner lists, edits and publishes them.

The same deeds as the API's. Words are read from files: `templates show … > text.txt`
writes one to begin with.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app import config
from app.broker import SilentDoorbell
from app.clock import utc_now
from app.commands.printing import (
    add_json,
    counted,
    say,
    say_json,
    second,
    show_progress,
    table,
)
from app.config.sentences import unreadable
from app.domain.templates import SHIPPED, TemplateKey, Texts
from app.errors import BellhopError, InvalidError, Problem
from app.runtime import Runtime, open_runtime
from app.services import repinning, templates
from app.services.opening import open_wording
from app.services.template_checks import check, trial_of
from app.storage import templates as store
from app.web.schemas.templates import (
    migration_answer,
    saved_answer,
    template_answer,
    version_answer,
)

#: Who saves over this command, in the list of versions.
BY = "command line"
#: Versions that a list shows, the newest ones.
_MOST = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    deeds = parser.add_subparsers(metavar="DEED", required=True)
    listing = deeds.add_parser("list", help="show every text and its version in force")
    listing.set_defaults(deed=_list)
    show = _add(deeds, "show", _show, "print the words in force, or a version's")
    show.add_argument("--version", type=int, help="0: the words of Bellhop")
    show.add_argument(
        "--part", choices=["subject", "text", "html"], default="text", help="of e-mails"
    )
    _add(deeds, "versions", _versions, "list the versions of a text, the newest first")
    edit = _add(deeds, "edit", _edit, "save words from files as a draft")
    edit.add_argument("--text", metavar="FILE", type=Path, required=True)
    edit.add_argument("--html", metavar="FILE", type=Path, help="of e-mails")
    edit.add_argument("--subject", default="", help="of e-mails")
    edit.add_argument("--note", default="", help="why, for the list of versions")
    publish = _add(deeds, "publish", _publish, "use a version from now on")
    publish.add_argument("version", metavar="VERSION", type=int)
    _add(deeds, "rollback", _roll_back, "back to what was in force before")
    _add(deeds, "withdraw", _withdraw, "back to the words of Bellhop")
    move = _add(deeds, "migrate", _migrate, "move what waits to the words in force")
    move.add_argument(
        "--yes", type=int, metavar="COUNT", help="move them, if they still are so many"
    )
    for deed in deeds.choices.values():
        add_json(deed)


def run(arguments: argparse.Namespace) -> int:
    """Do one of the deeds."""
    with open_runtime(config.load(), doorbell=SilentDoorbell()) as runtime:
        arguments.deed(runtime, arguments)
    return 0


def _add(
    deeds: Any, word: str, deed: Callable[..., None], tells: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = deeds.add_parser(word, help=tells)
    for name in ("kind", "channel", "language"):
        parser.add_argument(name, metavar=name.upper())
    parser.set_defaults(deed=deed)
    return parser


def _key(arguments: argparse.Namespace) -> TemplateKey:
    return templates.key_of(arguments.kind, arguments.channel, arguments.language)


def _list(runtime: Runtime, arguments: argparse.Namespace) -> None:
    with runtime.database.read() as tx:
        found = templates.look_at_all(tx)
    if arguments.json:
        say_json({"data": [template_answer(template) for template in found]})
        return
    rows = [
        (t.key.kind, t.key.channel, t.key.language, t.version or "Bellhop's")
        for t in found
    ]
    say(table(("KIND", "CHANNEL", "LANGUAGE", "VERSION"), rows))


def _show(runtime: Runtime, arguments: argparse.Namespace) -> None:
    key, number = _key(arguments), arguments.version
    with runtime.database.read() as tx:
        template = templates.look(tx, key)
        texts = template.texts
        if number == SHIPPED:
            texts = template.shipped
        elif number is not None:
            texts = templates.find(tx, key, number).texts
    if arguments.json:
        say_json({**template_answer(template), "texts": texts and vars(texts)})
    elif texts is None:
        raise BellhopError(f"Bellhop has no words for {key}.")
    else:
        say(str(getattr(texts, arguments.part)).rstrip("\n"))


def _versions(runtime: Runtime, arguments: argparse.Namespace) -> None:
    with runtime.database.read() as tx:
        found = store.page(tx, _key(arguments), before=None, limit=_MOST)
    if arguments.json:
        say_json({"data": [version_answer(version) for version in found]})
        return
    rows = [
        (v.version, v.state, second(v.created_at), v.created_by, v.note) for v in found
    ]
    say(table(("VERSION", "STATE", "SAVED (UTC)", "BY", "NOTE"), rows))


def _edit(runtime: Runtime, arguments: argparse.Namespace) -> None:
    texts = Texts(
        subject=arguments.subject,
        text=_read("--text", arguments.text),
        html=_read("--html", arguments.html) if arguments.html else "",
    )
    key = _key(arguments)
    trial = trial_of(runtime.settings, open_wording(runtime.settings))
    warnings = check(trial, key, texts)
    draft = templates.Draft(texts=texts, note=arguments.note, author=BY)
    with runtime.database.write() as tx:
        saved = templates.save(tx, key, draft, now=utc_now())
    if arguments.json:
        say_json(saved_answer(saved, warnings))
        return
    for warning in warnings:
        show_progress(f"Note: the {warning.field} {warning.message}.")
    say(f"Saved as version {saved.version}. `templates publish` puts it to use.")


def _read(flag: str, file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidError([Problem(flag, unreadable(error))]) from None


def _publish(runtime: Runtime, arguments: argparse.Namespace) -> None:
    with runtime.database.write() as tx:
        found = templates.publish(tx, _key(arguments), arguments.version, now=utc_now())
    _tell(found, arguments)


def _roll_back(runtime: Runtime, arguments: argparse.Namespace) -> None:
    with runtime.database.write() as tx:
        found = templates.roll_back(tx, _key(arguments))
    _tell(found, arguments)


def _withdraw(runtime: Runtime, arguments: argparse.Namespace) -> None:
    with runtime.database.write() as tx:
        found = templates.withdraw(tx, _key(arguments))
    _tell(found, arguments)


def _tell(template: templates.Template, arguments: argparse.Namespace) -> None:
    if arguments.json:
        say_json(template_answer(template))
    elif template.live is None:
        say(f"{template.key} says the words of Bellhop from now on.")
    else:
        say(f"{template.key} says version {template.version} from now on.")


def _migrate(runtime: Runtime, arguments: argparse.Namespace) -> None:
    key = _key(arguments)
    with runtime.database.write() as tx:
        if arguments.yes is None:
            found = repinning.count_waiting(tx, runtime, key)
        else:
            found = repinning.repin(tx, runtime, key, expected=arguments.yes)
    if arguments.json:
        say_json(migration_answer(found))
    elif arguments.yes is not None:
        say(f"Moved: {counted(found.moved, 'message')} to version {found.version}.")
    elif not found.count:
        say("Nothing waits on other words than those in force.")
    else:
        verb = "waits" if found.count == 1 else "wait"
        say(
            f"{counted(found.count, 'message')} {verb} on other words. "
            f"To move them to version {found.version}: --yes {found.count}"
        )
