"""What each word after `bellhop.py` means, and how it is run in `.venv`.

Called by `bellhop.py`. Every word runs in Bellhop's own folder, wherever it was typed:
`.env`, `bellhop.toml` and `var` are those beside `bellhop.py`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.errors import StartError
from app.launcher.environment import ensure

ROOT = Path(__file__).resolve().parents[2]

USAGE = """\
usage: python3 bellhop.py WORD [ARGUMENTS]

  up       install what is missing, start everything, stop it all on Ctrl-C
  test     install what is missing, run the tests (arguments go to pytest)
  WORD     any other command of Bellhop, for example: doctor, config, send-test

`python3 bellhop.py up --help` tells more of one. Requirements are installed into .venv
beside bellhop.py, and nowhere else; every word runs in bellhop.py's folder, wherever
it is typed, so the .env, bellhop.toml and var that count are those beside it.
"""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a word needs installed, and which module of Python it runs."""

    requirements: str
    module: str
    arguments: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Run one word and return its exit code (on POSIX it takes this one's place)."""
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0 if arguments else 2
    plan = plan_for(arguments)
    try:
        python = ensure(ROOT / ".venv", requirements=ROOT / plan.requirements)
    except StartError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; the next start goes on from here.\n")
        return 130
    os.chdir(ROOT)
    return _run([str(python), "-m", plan.module, *plan.arguments])


def plan_for(arguments: Sequence[str]) -> Plan:
    """Decide what the word and its arguments need."""
    word, *rest = arguments
    if word == "test":
        return Plan(
            requirements="requirements-dev.txt", module="pytest", arguments=tuple(rest)
        )
    return Plan(requirements="requirements.txt", module="app", arguments=(word, *rest))


def _run(command: list[str]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if sys.platform == "win32":
        return _run_beside(command)
    else:  # noqa: RET505 - the type checker looks at one system only
        return os.execv(command[0], command)  # noqa: S606 - our own command


def _run_beside(command: list[str]) -> int:
    """Wait for a child; a Ctrl-C reaches both, and it is the child's to answer."""
    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: None)
    with subprocess.Popen(command) as child:  # noqa: S603 - our own command, no shell
        return child.wait()
