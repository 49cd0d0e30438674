"""What a worker delivers with: runtime, providers, words, its name, and its hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from app.channels.base import Message, Provider
from app.domain.outcomes import Outcome
from app.domain.recipients import Channel
from app.runtime import Runtime
from app.services.facts import facts_of
from app.services.links import Links
from app.services.wording import Wording


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An attempt that is ours: its task's row, and what proves that it is."""

    row: sa.RowMapping
    provider: str
    token: str
    number: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an attempt ended, when, and how long the provider took."""

    claim: Claim
    outcome: Outcome
    at: datetime
    took_s: float


@dataclass(frozen=True, kw_only=True)
class Courier:
    """One worker's means; `boot_id` names this run of it in the rows it holds."""

    runtime: Runtime
    providers: Mapping[Channel, Provider | None]
    wording: Wording
    links: Links
    boot_id: str
    #: Answers that are not written down yet: what was sent must not be forgotten
    #: because the disk is full just then.
    unsaved: list[Answer] = field(default_factory=list)

    def close(self) -> None:
        """Give back the providers' connections."""
        for provider in self.providers.values():
            if provider is not None:
                provider.close()


def worded(courier: Courier, row: sa.RowMapping) -> Message:
    """Word a task's message (row of `delivering.find`); raise WordingError."""
    channel = Channel(row["channel"])
    rendered = courier.wording.render(
        row["kind"],
        channel,
        facts_of(courier.runtime.settings, row, links=courier.links),
        locale=row["locale"],
        timezone=row["timezone"],
    )
    return Message(
        key=row["id"],
        channel=channel,
        recipient=row["recipient"],
        recipient_name=row["recipient_name"],
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
    )
