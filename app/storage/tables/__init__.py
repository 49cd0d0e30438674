"""Every table, once; the migrations bring a database to it, and a test compares them.

One table holds all tasks with the engine's columns; what only a message or a task of
one's own needs stands beside it, and attempts have their own.
"""

from __future__ import annotations

from app.storage.tables.base import metadata
from app.storage.tables.consent import consents, inbox, preferences, suppressions
from app.storage.tables.house import (
    api_keys,
    circuits,
    daily_counts,
    idempotency_keys,
    installation,
    jobs,
    leases,
    queue_states,
    workers,
)
from app.storage.tables.ladders import ladders
from app.storage.tables.money import daily_costs
from app.storage.tables.own_tasks import (
    group_guests,
    own_tasks,
    task_groups,
    task_links,
)
from app.storage.tables.receipts import provider_events
from app.storage.tables.shop import bookings, payments, services
from app.storage.tables.tasks import (
    HELD,
    HOLDING_BACK,
    NO_PROVIDER,
    UNSENT,
    WAITING,
    attempts,
    notifications,
    tasks,
)
from app.storage.tables.verifications import stopped_codes, verifications
from app.storage.tables.wording import template_versions

__all__ = [
    "HELD",
    "HOLDING_BACK",
    "NO_PROVIDER",
    "UNSENT",
    "WAITING",
    "api_keys",
    "attempts",
    "bookings",
    "circuits",
    "consents",
    "daily_costs",
    "daily_counts",
    "group_guests",
    "idempotency_keys",
    "inbox",
    "installation",
    "jobs",
    "ladders",
    "leases",
    "metadata",
    "notifications",
    "own_tasks",
    "payments",
    "preferences",
    "provider_events",
    "queue_states",
    "services",
    "stopped_codes",
    "suppressions",
    "task_groups",
    "task_links",
    "tasks",
    "template_versions",
    "verifications",
    "workers",
]
