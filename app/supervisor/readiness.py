"""Asks the API whether the whole box is ready, as a monitoring system would.

Used by `box.py`.
"""

from __future__ import annotations

import http.client

from app.config import Settings

#: Seconds for one answer.
ANSWER_WITHIN_S = 2.0
#: Characters of an answer that are worth showing.
SHOWN = 300
OK = 200


def own_url(settings: Settings) -> str:
    """Return the address at which this machine itself reaches the API."""
    host = settings.reachable_host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def why_not_ready(settings: Settings) -> str | None:
    """Return what is missing, in the API's words; None when the box is ready."""
    connection = http.client.HTTPConnection(
        settings.reachable_host, settings.port, timeout=ANSWER_WITHIN_S
    )
    try:
        connection.request("GET", "/readyz")
        answer = connection.getresponse()
        words = answer.read(SHOWN).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return f"the API does not answer yet ({error})"
    finally:
        connection.close()
    return None if answer.status == OK else f"/readyz says {answer.status}: {words}"
