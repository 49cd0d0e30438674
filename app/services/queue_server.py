"""What a process says at its start of the queue server's settings, if it must.

Called by `worker.py` and by the API's start. Never fails and changes nothing; the
scheduler rings the same server, and need not say it a third time.
"""

from __future__ import annotations

import logging

from app.broker import check_queue_server
from app.config import Settings
from app.logs import fields
from app.runtime import queue_url

log = logging.getLogger(__name__)


def warn_of_queue_server(settings: Settings) -> None:
    """Warn, a line each, of what a person should know about the queue server.

    Takes milliseconds, and about a second where the server does not answer.
    """
    url = queue_url(settings)
    if url is None:
        return
    for trouble in check_queue_server(url):
        log.warning(
            "Queue server needs attention",
            extra=fields("queue_server_unsafe", why=trouble),
        )
