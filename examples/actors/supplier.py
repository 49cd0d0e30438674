"""Asking to be tried again later, and what must not happen twice."""

from __future__ import annotations

import json
from pathlib import Path

from app.work import Fatal, Retry, current_task, task


@task(queue="inventory", idempotent=False)
def order_towels(inbox: str, number: int) -> str:
    """Write an order; after a crash in the middle of it a person looks first."""
    folder = Path(inbox)
    if (folder / "closed").exists():
        raise Retry("The supplier is closed.", after="1h")
    if not folder.is_dir():
        raise Fatal(f"There is no inbox {inbox}.")
    running = current_task()
    # The task's id is the same at every try: a second one writes the same file.
    name = running.id if running else "by-hand"
    (folder / f"{name}.json").write_text(json.dumps({"towels": number}))
    return name
