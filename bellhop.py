"""Bellhop's front door: `python3 bellhop.py up`, `test` or any command of Bellhop.

Asks only for a new enough Python and hands over to `app/launcher`. This one file must
be readable by every Python there is, so that an old one can say what is missing.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the one place that meets old Pythons
    sys.exit(
        "Bellhop needs Python 3.11 or newer; this is Python "
        + ".".join(map(str, sys.version_info[:3]))
        + " ("
        + sys.executable
        + "). Install a newer one and start Bellhop with it, for example: "
        + "python3.11 bellhop.py up"
    )

from pathlib import Path

# Not there under `python -P`, nor when this file was reached through a link.
sys.path.insert(0, str(Path(__file__).resolve().parent))

from app.launcher.words import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
