"""`bellhop simulator`: run a fake SMS, WhatsApp and e-mail provider for trials.

Tells a web developer what to put into `.env`; nothing leaves the machine.
"""

from __future__ import annotations

import argparse

from app.simulator import options
from app.simulator.serve import serve


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe this command's flags: those of `python -m app.simulator`."""
    options.add_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve until told to stop."""
    return serve(options.Options.chosen(arguments))
