"""The real `up` with small parts in place of the services: `small_up.py SPEC`.

SPEC is JSON: `parts` (name, habit, rank, within_s), `journal`, and switches.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path

from app.__main__ import EXIT_CONFIG
from app.channels.credentials import Mode
from app.config import load
from app.domain.recipients import Channel
from app.errors import BellhopError, ConfigError, StorageUnavailableError
from app.supervisor import box, valkey
from app.supervisor.child import Child
from app.supervisor.parent import FLAG

SPEC = json.loads(sys.argv[1])


def services(environment: Mapping[str, str]) -> list[Child]:
    script = str(Path(__file__).with_name("small_part.py"))
    return [
        Child(
            name=part["name"],
            command=(
                *(sys.executable, script, part["name"], SPEC["journal"]),
                *(part.get("habit", ""), FLAG),
            ),
            environment=environment,
            stop_rank=part.get("rank", 1),
            stop_within_s=part.get("within_s", 10),
        )
        for part in SPEC["parts"]
    ]


def migrate() -> None:
    if SPEC.get("migration_fails"):
        raise StorageUnavailableError("The database cannot be used just now.")


def say_ready(url: str, key: str) -> None:
    logging.getLogger(__name__).info("ready %s %d", url, len(key))


def main() -> int:
    plan = box.Plan(
        services=services,
        migrate=migrate,
        modes={Channel.SMS: Mode.PREVIEW, Channel.EMAIL: Mode.SMTP},
        on_ready=say_ready,
        queue_program=(lambda: None) if SPEC.get("no_program") else valkey.program,
    )
    try:
        return box.run(load(), plan=plan)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CONFIG
    except BellhopError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
