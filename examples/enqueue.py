"""A script of your own that hands in a task and waits for its result.

Run it where Bellhop runs, with the same settings: `python examples/enqueue.py`.
"""

from __future__ import annotations

from actors.ping import ping
from app.services.desk import connect
from app.services.own_tasks import find
from app.services.patience import wait_for_end


def main() -> None:
    """Hand in a ping, wait for it, print what came of it."""
    with connect() as bellhop:
        task_id = ping.with_options(priority=5).enqueue("hello")
        wait_for_end(bellhop, task_id, within_s=10)
        with bellhop.database.read() as tx:
            print(find(tx, task_id)["result"])  # noqa: T201 - a person reads it


if __name__ == "__main__":
    main()
