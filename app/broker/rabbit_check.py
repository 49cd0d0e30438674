"""What at a RabbitMQ server could harm: asked once, at start and by `doctor`.

Called through `choice.py`; never changes anything there. Whether messages are kept is
no question of the server's settings: queues and rings are durable by themselves.
"""

from __future__ import annotations

from app.broker.rabbit_address import RabbitError, read_address
from app.broker.rabbit_line import Line
from app.broker.rabbit_publisher import Publisher

#: The first version that tells of alarms and deleted queues as we expect it.
OLDEST_VERSION = (3, 8)
#: Seconds; a person waits for the answer.
WITHIN_S = 1.0
HEARTBEAT_S = 10
#: A queue that no worker can have.
NOWHERE = "bellhop-doctor."
WHAT_TO_DO = "{} What to do stands in docs/rabbitmq.md."


def check_rabbit(url: str) -> list[str]:
    """Return what a person should know: whether it lets us in and takes rings."""
    address = read_address(url)
    try:
        line = Line(address, heartbeat_s=HEARTBEAT_S, within_s=WITHIN_S)
    except RabbitError as error:
        return [WHAT_TO_DO.format(error)]
    try:
        Publisher(line, within_s=WITHIN_S).knock(NOWHERE, within_s=WITHIN_S)
        return version_warnings(line.server_version)
    except RabbitError as error:
        return [WHAT_TO_DO.format(error)]
    finally:
        line.close()


def version_warnings(version: str) -> list[str]:
    """Say that a server is too old; a version that cannot be read is no reason."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if not numbers or numbers >= OLDEST_VERSION:
        return []
    return [f"The queue server is RabbitMQ {version}; Bellhop needs 3.8 or later."]
