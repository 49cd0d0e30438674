"""How a person writes tasks of their own: `from app.work import task, report`.

Used by the files in `actors/`, which every process loads to know the kinds there are.
Knows neither database nor queue: those stand behind the desk (`desk.py`).
"""

from app.errors import Fatal, Retry, SoftTimeLimit
from app.work.declaring import task
from app.work.desk import connected, emit
from app.work.groups import chain, chunks, group
from app.work.kinds import GroupWish, TaskKind, Wish
from app.work.registry import Registry
from app.work.under_way import CurrentTask, Progress, current_task, report

__all__ = [
    "CurrentTask",
    "Fatal",
    "GroupWish",
    "Progress",
    "Registry",
    "Retry",
    "SoftTimeLimit",
    "TaskKind",
    "Wish",
    "chain",
    "chunks",
    "connected",
    "current_task",
    "emit",
    "group",
    "report",
    "task",
]
