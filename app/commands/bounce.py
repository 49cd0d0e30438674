"""`bounce`: takes an e-mail that came back, from a mail server's pipe.

For example in Postfix's aliases: `bounces: "|cd /opt/bellhop && .venv/bin/python -m app
bounce"`. Exits 0 for whatever is no bounce of ours, so that the server keeps quiet, and
75 (EX_TEMPFAIL) where it cannot be taken now, so that the server brings it again.
"""

from __future__ import annotations

import argparse
import sys

from app import config
from app.channels.bounces import MOST_BYTES
from app.commands.printing import add_json, say, say_json
from app.errors import BellhopError
from app.runtime import open_runtime
from app.services.bounces import take_bounce

#: As mail servers know it: the message stays in their queue.
BRING_IT_AGAIN = 75


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's words."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read the message from standard input, and take it."""
    content = sys.stdin.buffer.read(MOST_BYTES)
    try:
        with open_runtime(config.load()) as runtime:
            count = take_bounce(runtime, content)
    except BellhopError as error:
        print(f"bellhop bounce: {error}", file=sys.stderr)
        return BRING_IT_AGAIN
    if arguments.json:
        say_json({"messages": count})
    else:
        say(f"It tells of {count} of our messages." if count else "It tells of none.")
    return 0
