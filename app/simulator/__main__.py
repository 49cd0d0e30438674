"""`python -m app.simulator`: the fake provider as tests and benchmarks run it."""

from __future__ import annotations

import argparse
import sys

from app.errors import BellhopError
from app.simulator.options import Options, add_arguments
from app.simulator.serve import serve


def main() -> int:
    """Read the flags and serve until told to stop."""
    parser = argparse.ArgumentParser(
        prog="python -m app.simulator", description=__doc__
    )
    add_arguments(parser)
    try:
        return serve(Options.chosen(parser.parse_args()))
    except BellhopError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
