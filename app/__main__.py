"""The operator's door: `python -m app COMMAND`, one file in `commands/` per word.

Also reached through `python3 bellhop.py COMMAND`. An error that Bellhop can name is
one clear line on standard error and an exit code that is not 0.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from app import __version__
from app.errors import BellhopError, ConfigError

#: Every command, in the order in which `--help` lists them; the module is loaded late.
COMMANDS: dict[str, str] = {
    "up": "Start everything on this machine and look after it",
    "api": "Run the booking API (one of the three services)",
    "migrate": "Bring the database to this version's tables",
    "config": "Print the settings and policy in force, and where each came from",
    "keys": "Create, list and revoke API keys",
    "doctor": "Check this box and say what a person should do",
    "ping": "Send a task through the whole box, and time it",
    "inspect": "Show what is going on: queues, workers, tasks, the schedule",
    "queue": "Pause, resume, purge or change a queue while all runs",
    "notifications": "List, show, retry and cancel notifications",
    "bounce": "Take an e-mail that came back, from a mail server's pipe",
    "inbox": "Show what customers wrote, and say that one is dealt with",
    "customers": "Print all that is kept of a customer, or erase it",
    "costs": "Show what messages have cost, and how the budget stands",
    "templates": "List, edit, publish and roll back the words of messages",
    "preview": "Show what a message will look like on each channel",
    "send-test": "Send one test message through a channel",
    "simulator": "Run a fake SMS, WhatsApp and e-mail provider for trials",
    "demo": "Book, pay and move a few appointments, to have something to see",
    "chaos": "Break a box of its own, and prove that no message is lost or doubled",
    "bench": "Measure answers, deliveries and the drain rate on this machine",
}

#: As sysexits.h has it: a service manager must not restart on a bad configuration.
EXIT_CONFIG = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    parser = _parser()
    if not arguments or arguments[0] not in COMMANDS:
        parser.parse_args(arguments)  # prints --help, --version or the error, and ends
        parser.print_help()
        return 2
    word, *rest = arguments
    command = importlib.import_module(f"app.commands.{word.replace('-', '_')}")
    own = argparse.ArgumentParser(prog=f"bellhop {word}", description=COMMANDS[word])
    command.add_arguments(own)
    try:
        return int(command.run(own.parse_args(rest)))
    except ConfigError as error:
        print(f"Bellhop cannot start with these settings:\n{error}", file=sys.stderr)  # noqa: T201 - a person reads it
        return EXIT_CONFIG
    except BellhopError as error:
        print(f"bellhop {word}: {error}", file=sys.stderr)  # noqa: T201 - a person reads it
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS)) + 2
    listing = "\n".join(f"  {word:{width}}{what}" for word, what in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="bellhop",
        usage="bellhop [--version] COMMAND [--help]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Bellhop does what must follow a booking.\n\ncommands:\n{listing}",
        epilog="`bellhop COMMAND --help` tells more of each.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    parser.add_argument("command", nargs="?", choices=COMMANDS, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
