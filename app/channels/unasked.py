"""What the HTTP providers share that cannot be asked about a message.

Either they offer no look-up, or a repetition is harmless and nobody needs one.
"""

from __future__ import annotations

from datetime import datetime

from app.channels.base import CALL_S, LookupAnswer, Message
from app.channels.http import HttpClient
from app.domain.outcomes import Lookup


class Unasked:
    """Holds the client, and answers every look-up with `UNSUPPORTED`."""

    def __init__(self) -> None:
        self._client = HttpClient()

    def look_up(
        self,
        message: Message,  # noqa: ARG002 - nobody is asked
        *,
        since: datetime,  # noqa: ARG002 - as above
        within_s: float = CALL_S,  # noqa: ARG002 - as above
    ) -> LookupAnswer:
        """Say that it cannot be asked."""
        return LookupAnswer(lookup=Lookup.UNSUPPORTED)

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()
