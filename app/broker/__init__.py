"""The queue: doorbells that are rung, and the brokers that hear them.

Used by `runtime.py` (doorbells), `worker.py` and `actors/` (brokers). What brings a
large library with it is loaded when it is first asked for: the API and the scheduler
ring without ever importing Dramatiq, and nobody imports the other server's client.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from app.broker.choice import (
    check_queue_server,
    is_rabbit,
    open_doorbell,
    open_worker_broker,
)
from app.broker.doorbell import MAIN_WORKER, Doorbell, SilentDoorbell
from app.broker.wire import ACTOR_NAME

if TYPE_CHECKING:
    from app.broker.local_broker import LocalDoorbell, open_local_broker
    from app.broker.redis_doorbell import open_redis_doorbell
    from app.broker.time_limits import TimeLimits
    from app.broker.worker_broker import WorkerBroker
else:

    def __getattr__(name: str) -> Any:
        if name not in _LOADED_LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(_LOADED_LATE[name]), name)


__all__ = [
    "ACTOR_NAME",
    "MAIN_WORKER",
    "Doorbell",
    "LocalDoorbell",
    "SilentDoorbell",
    "TimeLimits",
    "WorkerBroker",
    "check_queue_server",
    "is_rabbit",
    "open_doorbell",
    "open_local_broker",
    "open_redis_doorbell",
    "open_worker_broker",
]

#: Names that bring Dramatiq or redis-py with them, and where they are.
_LOADED_LATE = {
    "LocalDoorbell": "app.broker.local_broker",
    "TimeLimits": "app.broker.time_limits",
    "WorkerBroker": "app.broker.worker_broker",
    "open_local_broker": "app.broker.local_broker",
    "open_redis_doorbell": "app.broker.redis_doorbell",
}
