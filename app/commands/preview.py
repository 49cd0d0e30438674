"""`preview KIND`: what a message will look like, with example facts or a real booking.

For whoever writes texts or wants to see them before customers do. Renders with the
very code that sends, the owner's own words where they are in force; sends nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from app.channels.table import channel_modes
from app.commands.box import Box, box_if_any
from app.commands.printing import say
from app.config import load
from app.domain.costs import write_cost
from app.domain.gsm import ROOM
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.templates import SHIPPED, OwnWords
from app.errors import NotFoundError
from app.policy import load_policy
from app.services import previews
from app.services.links import Links
from app.services.opening import open_wording
from app.services.previews import Preview, Scene
from app.services.pricing import tariff_of
from app.web.preview_page import page_of
from app.web.schemas.costs import cost_answer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's words."""
    parser.add_argument("kind", metavar="KIND", help=", ".join(Kind))
    parser.add_argument(
        "--channel", choices=[str(c) for c in Channel], help="only this channel"
    )
    parser.add_argument("--locale", help="the customer's language, for example es_MX")
    parser.add_argument("--timezone", help="the customer's zone, e.g. Europe/Madrid")
    parser.add_argument("--booking", metavar="ID", help="tell of this booking")
    parser.add_argument(
        "--version",
        type=int,
        metavar="N",
        help="a version of your own words, with --channel; 0: the words of Bellhop",
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print for machines")
    shape.add_argument(
        "--html", action="store_true", help="print the e-mail's HTML alone"
    )
    shape.add_argument(
        "--page", action="store_true", help="print a page for a browser (> page.html)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the message; 2 if there is no such kind."""
    if arguments.kind not in set(Kind):
        print(
            f"There is no kind {arguments.kind!r}; there are: {', '.join(Kind)}.",
            file=sys.stderr,
        )
        return 2
    if arguments.version is not None and arguments.channel is None:
        print("--version is of one channel: say which with --channel.", file=sys.stderr)
        return 2
    wanted = [Channel(arguments.channel)] if arguments.channel else list(Channel)
    seen = _previews(arguments, [Channel.EMAIL] if arguments.html else wanted)
    say(_shaped(arguments, seen))
    return 0


def _previews(
    arguments: argparse.Namespace, channels: Sequence[Channel]
) -> list[Preview]:
    settings, kind = load(), arguments.kind
    modes = channel_modes(settings)
    tariff = tariff_of(settings, load_policy(settings.policy_file), modes)
    scene = previews.example_scene(
        settings,
        kind,
        locale=arguments.locale or settings.locale,
        timezone=arguments.timezone,
    )
    with box_if_any(settings) as box:
        if arguments.booking:
            scene = _booked(box, scene, kind=kind, booking_id=arguments.booking)
        own = {c: _own(box, kind, c, scene, arguments.version) for c in channels}
    wording = open_wording(settings)
    return [
        previews.preview(wording, tariff, scene, kind=kind, channel=c, own=own[c])
        for c in channels
    ]


def _own(
    box: Box | None, kind: str, channel: Channel, scene: Scene, version: int | None
) -> OwnWords | None:
    if version == SHIPPED or (box is None and version is None):
        return None
    if box is None:
        raise NotFoundError("version", str(version))
    if version is None:
        return box.words(kind, channel, scene.locale)
    return box.version(kind, channel, scene.locale, version)


def _booked(box: Box | None, scene: Scene, *, kind: str, booking_id: str) -> Scene:
    if box is None:
        raise NotFoundError("booking", booking_id)
    return previews.booking_scene(
        box.tx, Links(box.runtime), scene, kind=kind, booking_id=booking_id
    )


def _shaped(arguments: argparse.Namespace, seen: Sequence[Preview]) -> str:
    if arguments.html:
        return seen[0].rendered.html
    if arguments.page:
        return page_of(arguments.kind, seen)
    if arguments.json:
        shown = [_for_machines(one) for one in seen]
        return json.dumps({"kind": arguments.kind, "messages": shown}, indent=2)
    return "\n\n".join(map(_for_people, seen))


def _for_machines(seen: Preview) -> dict[str, object]:
    told: dict[str, object] = {"channel": seen.channel, "text": seen.rendered.text}
    if seen.channel is Channel.EMAIL:
        told |= {"subject": seen.rendered.subject, "html": seen.rendered.html}
    if seen.size is not None:
        told |= {
            "encoding": seen.size.encoding,
            "units": seen.size.units,
            "segments": seen.size.segments,
            "unfit": list(seen.unfit),
        }
    if seen.cost is not None:
        told["price"] = cost_answer(seen.cost)
    return told


def _for_people(seen: Preview) -> str:
    head = f"--- {seen.channel} {_measure(seen)}".ljust(72, "-")
    subject = seen.rendered.subject and f"Subject: {seen.rendered.subject}\n\n"
    return f"{head}\n{subject}{seen.rendered.text}"


def _measure(seen: Preview) -> str:
    parts = []
    if seen.size is not None:
        size, room = seen.size, ROOM[seen.size.encoding][0]
        plural = "" if size.segments == 1 else "s"
        parts.append(
            f"{size.segments} segment{plural}: {size.units} {size.encoding} "
            f"characters, {room} fit in one"
        )
    if seen.unfit:
        parts.append(f"UCS-2 because of {' '.join(seen.unfit)}")
    if seen.cost is not None:
        parts.append(f"about {write_cost(seen.cost)}")
    return f"({'; '.join(parts)}) " if parts else ""
