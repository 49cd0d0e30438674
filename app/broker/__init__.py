"""The queue: doorbells that are rung, and the brokers that hear them.

Used by `runtime.py` (doorbells), `worker.py` and `actors/` (brokers). The brokers'
names are loaded when they are first asked for: the API and the scheduler ring without
ever importing Dramatiq.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from app.broker.doorbell import MAIN_WORKER, Doorbell, SilentDoorbell
from app.broker.redis_doorbell import open_redis_doorbell
from app.broker.server_check import check_queue_server
from app.broker.wire import ACTOR_NAME

if TYPE_CHECKING:
    from app.broker.local_broker import LocalDoorbell, open_local_broker
    from app.broker.redis_broker import open_worker_broker
    from app.broker.worker_broker import WorkerBroker
else:

    def __getattr__(name: str) -> Any:
        if name not in _WITH_DRAMATIQ:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_WITH_DRAMATIQ[name]), name)


__all__ = [
    "ACTOR_NAME",
    "MAIN_WORKER",
    "Doorbell",
    "LocalDoorbell",
    "SilentDoorbell",
    "WorkerBroker",
    "check_queue_server",
    "open_local_broker",
    "open_redis_doorbell",
    "open_worker_broker",
]

#: Names that bring Dramatiq with them, and where they are.
_WITH_DRAMATIQ = {
    "LocalDoorbell": "app.broker.local_broker",
    "WorkerBroker": "app.broker.worker_broker",
    "open_local_broker": "app.broker.local_broker",
    "open_worker_broker": "app.broker.redis_broker",
}
