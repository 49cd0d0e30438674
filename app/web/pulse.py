"""The API's pulse: it knocks at its own door, and tells systemd when it is answered.

Started by `server.py` in the process that answers requests. Where nobody listens to
such news (Windows, `up`, a terminal) it does nothing.
"""

from __future__ import annotations

import http.client
import threading
import time

from app import service_manager
from app.config import Settings

#: Seconds between two knocks before the first answer, and after it.
STARTING_EVERY_S = 0.1
ALIVE_EVERY_S = 10.0
#: Seconds for an answer. A busy API is slow and yet alive: systemd waits for several.
ANSWER_WITHIN_S = 20.0
OK = 200


def start(settings: Settings) -> None:
    """Report READY at the first answer, and from then on that the API lives."""
    if service_manager.is_listening():
        threading.Thread(
            target=_report, args=(settings,), name="pulse", daemon=True
        ).start()


def _report(settings: Settings) -> None:
    while not answers(settings):
        time.sleep(STARTING_EVERY_S)
    service_manager.notify("READY=1")
    while True:
        time.sleep(ALIVE_EVERY_S)
        if answers(settings):
            service_manager.notify("WATCHDOG=1")


def answers(settings: Settings) -> bool:
    """Tell whether the API answers this machine itself."""
    connection = http.client.HTTPConnection(
        settings.reachable_host, settings.port, timeout=ANSWER_WITHIN_S
    )
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
