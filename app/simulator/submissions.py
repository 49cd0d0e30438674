"""What reaches a provider, and what the provider says to it.

Made by the providers' files, matched by `faults.py`, written down by `ledger.py`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.clock import utc_now
from app.simulator.wire import Answer


class Operation(StrEnum):
    """What the caller wants of the provider."""

    SEND = "send"  # carry a message: goes into the ledger
    LOOK_UP = "look_up"  # tell about messages: leaves no line


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One request to a provider, as far as it could be read, right or wrong."""

    provider: str
    channel: str
    operation: Operation = Operation.SEND
    recipient: str = ""
    sender: str = ""
    subject: str = ""
    text: str = ""
    message_id: str = ""
    raw: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    received_at: str = field(default_factory=lambda: utc_now().isoformat())
    received_monotonic: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The provider's own answer; a `reason` means that it did not take the message."""

    answer: Answer
    provider_message_id: str = ""
    reason: str = ""
    #: The same message under the same key as before: it leaves no second line.
    is_repetition: bool = False
