"""Which queue server an address names, and the parts that speak its language.

Used through `app.broker` by `runtime.py`, `worker.py` and `commands/`. Each part is
loaded when it is asked for, so that nobody pays for the other server's library.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.broker.doorbell import Doorbell

if TYPE_CHECKING:
    from app.broker.worker_broker import WorkerBroker


def is_rabbit(url: str) -> bool:
    """Tell whether the address is RabbitMQ's; it is Redis's or Valkey's otherwise."""
    return url.startswith(("amqp://", "amqps://"))


def open_doorbell(url: str, *, namespace: str) -> Doorbell:
    """Return a doorbell for the server at `url`; connects when it is rung."""
    if is_rabbit(url):
        from app.broker.rabbit_doorbell import open_rabbit_doorbell  # noqa: PLC0415 - see above

        return open_rabbit_doorbell(url, namespace=namespace)
    from app.broker.redis_doorbell import open_redis_doorbell  # noqa: PLC0415 - see above

    return open_redis_doorbell(url, namespace=namespace)


def open_worker_broker(url: str, *, namespace: str) -> WorkerBroker:
    """Return the broker of a worker; connects when the worker starts to consume."""
    if is_rabbit(url):
        from app.broker.rabbit_broker import open_rabbit_broker  # noqa: PLC0415 - see above

        return open_rabbit_broker(url, namespace=namespace)
    from app.broker import redis_broker  # noqa: PLC0415 - see above

    return redis_broker.open_worker_broker(url, namespace=namespace)


def check_queue_server(url: str) -> list[str]:
    """Return what a person should know about the queue server; empty if all is well."""
    if is_rabbit(url):
        from app.broker.rabbit_check import check_rabbit  # noqa: PLC0415 - see above

        return check_rabbit(url)
    from app.broker import server_check  # noqa: PLC0415 - see above

    return server_check.check_queue_server(url)
