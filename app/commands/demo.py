"""`demo`: three customers book, pay, move and cancel, and one sees what they are told.

Also played by `up --demo`. Speaks to the running box as a website does, and only where
every channel is in preview: nobody invented is ever sent a message.
"""

from __future__ import annotations

import argparse
import textwrap
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app import config
from app.channels.table import OUTBOX, Mode, channel_modes
from app.commands.demo_story import SENT_WITHIN_S, Json, Scene, play
from app.commands.http_api import HttpApi
from app.commands.outbox import file_of
from app.commands.printing import add_json, counted, say, say_json, table
from app.domain.formats import formats_for
from app.domain.recipients import Channel
from app.domain.tasks import Status
from app.errors import BellhopError
from app.installation import first_api_key
from app.supervisor.readiness import own_url

#: Columns of a sentence.
WIDTH = 88
_ARRIVED = {Status.SENT, Status.DELIVERED}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's flags."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Play the demo against the box that runs here."""
    settings = config.load()
    check_preview(channel_modes(settings))
    if not settings.data_dir.is_dir():
        raise BellhopError(
            f"Bellhop has never run here (there is no {settings.data_dir}). Start it "
            "first: `python3 bellhop.py up`."
        )
    url, key = own_url(settings), first_api_key(settings).value
    outbox = settings.data_dir / OUTBOX
    if not arguments.json:
        return run_against(url, key, outbox=outbox)
    scenes = list(_scenes(HttpApi(url, key)))
    say_json({"data": [_answer(scene, outbox) for scene in scenes]})
    return 0 if _all_arrived(scenes) else 1


def check_preview(modes: Mapping[Channel, Mode]) -> None:
    """Raise BellhopError unless every channel is in preview."""
    real = [str(c) for c, mode in modes.items() if mode not in (Mode.PREVIEW, Mode.OFF)]
    if real:
        raise BellhopError(
            f"The demo's customers are invented, and {', '.join(real)} would send to "
            "them for real. Try it in a directory without credentials."
        )


def run_against(base_url: str, api_key: str, *, outbox: Path) -> int:
    """Play the demo and tell it; 0 if every message was sent.

    `outbox`: where that Bellhop writes its previewed messages.
    """
    began = time.monotonic()
    scenes: list[Scene] = []
    for scene in _scenes(HttpApi(base_url, api_key)):
        if not scenes:
            say("\nThe demo: three customers of a salon that does not exist.\n")
        scenes.append(scene)
        say(_told(scene, outbox))
    say(_ending(scenes, base_url, outbox, took_s=time.monotonic() - began))
    return 0 if _all_arrived(scenes) else 1


def _scenes(api: HttpApi) -> Iterator[Scene]:
    """Play on while all is well; stop where messages hang or leave for real."""
    for scene in play(api):
        providers = {message["provider"] for message in scene.messages} - {None}
        if providers - {Mode.PREVIEW}:
            raise BellhopError(
                "The box that runs sends for real, and the demo's customers are "
                "invented: the demo stops here."
            )
        yield scene
        if not scene.is_settled:
            return


def _told(scene: Scene, outbox: Path) -> str:
    booking, customer = scene.booking, scene.booking["customer"]
    formats = formats_for(locale="en", timezone=customer["timezone"])
    when = f"{formats.day(scene.first_start)}, {formats.time(scene.first_start)}"
    deeds = ", then ".join([f"books {scene.service['name']} for {when}", *scene.deeds])
    words = (
        f"{customer['name']} ({customer['locale']}, {customer['timezone']}) {deeds}. "
        f"The booking {booking['reference']} is {booking['status'].replace('_', ' ')}."
    )
    rows = [
        (m["kind"], m["channel"], m["status"], _where(m, outbox))
        for m in scene.messages
    ]
    messages = table(("MESSAGE", "CHANNEL", "STATUS", f"FILE IN {outbox}"), rows)
    return f"{textwrap.fill(words, WIDTH)}\n\n{textwrap.indent(messages, '  ')}\n"


def _where(message: Json, outbox: Path) -> str:
    file = file_of(outbox, message["id"])
    return message["reason"] or (file.name if file else "-")


def _ending(scenes: list[Scene], base_url: str, outbox: Path, *, took_s: float) -> str:
    messages = [message for scene in scenes for message in scene.messages]
    if not scenes[-1].is_settled:
        return (
            f"Messages have not left within {SENT_WITHIN_S:.0f} seconds. "
            "`python3 bellhop.py doctor` says why."
        )
    again = ""
    if all(scene.is_replayed for scene in scenes):
        again = (
            "All this was booked by an earlier demo of today, and nothing was done "
            "twice; tomorrow's demo books anew.\n"
        )
    return (
        f"{counted(len(messages), 'message')} about {counted(len(scenes), 'booking')} "
        f"in {took_s:.1f} seconds, in each customer's language and time zone.\n"
        f"{again}"
        "\nWhere to look next:\n"
        f"  {outbox} has every message (mail programs open .eml)\n"
        "  `python3 bellhop.py notifications list` has what was sent, and what not\n"
        f"  {base_url}/api/docs has the API, to be tried out\n"
    )


def _answer(scene: Scene, outbox: Path) -> dict[str, Any]:
    messages = [
        {**message, "file": str(file_of(outbox, message["id"]) or "") or None}
        for message in scene.messages
    ]
    return {
        "booking": scene.booking,
        "deeds": scene.deeds,
        "notifications": messages,
        "replayed": scene.is_replayed,
    }


def _all_arrived(scenes: list[Scene]) -> bool:
    return all(m["status"] in _ARRIVED for s in scenes for m in s.messages)
