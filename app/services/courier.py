"""What a worker delivers with: runtime, providers, words, its name, and its hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from app.channels.base import LookupAnswer, Message, Provider
from app.clock import utc_now
from app.domain.outcomes import Outcome
from app.domain.queues import QueuePolicy
from app.domain.recipients import Channel
from app.errors import WordingError
from app.runtime import Runtime
from app.services import whatsapp
from app.services.circuits import Terms
from app.services.envelopes import in_envelope, unsubscribe_url
from app.services.facts import facts_of
from app.services.links import Links
from app.services.pins import PinnedWords
from app.services.running import Prepared, Ran
from app.services.wording import Wording
from app.storage.types import Row


@dataclass(frozen=True, kw_only=True)
class Claim:
    """An attempt that is ours: its task's row, its policy, and what proves it."""

    row: Row
    policy: QueuePolicy
    token: str
    number: int


@dataclass(frozen=True, kw_only=True)
class MessageClaim(Claim):
    """An attempt to send a message: its words, and who takes it."""

    message: Message
    provider: Provider
    #: By which name the gate knows it.
    called: str
    #: Seconds that the call may take: few where the provider may be down.
    within_s: float
    #: Whether it is the one call that tries a provider which is spared.
    is_probe: bool


@dataclass(frozen=True, kw_only=True)
class TaskClaim(Claim):
    """An attempt at one of the owner's own tasks."""

    prepared: Prepared


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """An unknown outcome that is ours to ask about; `message` is as it was sent."""

    row: Row
    message: Message
    #: None: who was called is not our provider any more, and cannot be asked.
    provider: Provider | None
    provider_name: str
    started_at: datetime
    token: str
    #: Whom it asks, as the gate knows them, and for how long.
    terms: Terms


#: What a worker does next.
Work = MessageClaim | TaskClaim | LookUp


@dataclass(frozen=True, kw_only=True)
class Answer:
    """How an attempt to send ended, when, and how long the provider took."""

    work: MessageClaim
    outcome: Outcome
    at: datetime
    took_s: float


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a run of one of the owner's own tasks ended, when, and how long it took."""

    work: TaskClaim
    ran: Ran
    at: datetime
    took_s: float

    @property
    def outcome(self) -> Outcome:
        """What came of it."""
        return self.ran.outcome


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a look-up brought."""

    work: LookUp
    answer: LookupAnswer
    at: datetime


#: How a piece of work ended.
Ended = Answer | Done | Found


@dataclass(kw_only=True)
class Hands:
    """What a worker holds at this moment."""

    #: The task it is at, or reaches for.
    task_id: str | None = None
    #: What is not written down yet: what was sent must not be forgotten because the
    #: disk is full just then.
    unsaved: list[Ended] = field(default_factory=list)
    #: Look-ups and messages take turns: neither waits for a crowd of the other.
    looked_up_last: bool = False
    #: The gates by which it last called somebody who took long, and until when (by
    #: `app.clock.monotonic`) it is the turn of all others.
    slow_gates: set[str] = field(default_factory=set)
    others_until_s: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Courier:
    """One worker's means; `boot_id` names this run of it in the rows it holds."""

    runtime: Runtime
    #: The preferred one first; none: the channel is off.
    providers: Mapping[Channel, tuple[Provider, ...]]
    wording: Wording
    links: Links
    boot_id: str
    #: Which queues it drains: those whose policy names it.
    worker: str
    hands: Hands = field(default_factory=Hands)
    pinned: PinnedWords = field(default_factory=PinnedWords)

    def close(self) -> None:
        """Give back the providers' connections."""
        for providers in self.providers.values():
            for provider in providers:
                provider.close()

    def provider(self, channel: Channel, name: str) -> Provider | None:
        """Return the channel's provider of this name; None: it is set up no more."""
        named = (one for one in self.providers[channel] if one.name == name)
        return next(named, None)

    def carrier(self, channel: Channel, name: str) -> Provider:
        """Return the provider of this name, or the preferred one, of a served channel.

        A worker that runs since before the settings changed has others than the gate.
        """
        return self.provider(channel, name) or self.providers[channel][0]


def worded(tx: sa.Connection, courier: Courier, row: Row) -> Message:
    """Word a task's message (row of `delivering.find`); raise WordingError."""
    channel = Channel(row["channel"])
    way_out = unsubscribe_url(courier.runtime, row, links=courier.links)
    rendered = courier.wording.render(
        row["kind"],
        channel,
        facts_of(courier.runtime.settings, row, links=courier.links),
        locale=row["locale"],
        timezone=row["timezone"],
        own=courier.pinned.find(tx, row["template_id"]),
        unsubscribe_url=way_out,
    )
    message = Message(
        key=row["id"],
        channel=channel,
        recipient=row["recipient"],
        recipient_name=row["recipient_name"],
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
    )
    if channel is Channel.WHATSAPP:
        return _as_template(tx, courier, row, message)
    return in_envelope(
        courier.runtime, message, row, links=courier.links, unsubscribe_url=way_out
    )


def _as_template(
    tx: sa.Connection, courier: Courier, row: Row, message: Message
) -> Message:
    """Put a template in the place of words that may not be sent now."""
    runtime, kind = courier.runtime, row["kind"]
    address = row["recipient"]
    if whatsapp.may_be_words(tx, runtime, address=address, now=utc_now()):
        return message
    template = whatsapp.template_of(runtime, kind=kind, locale=row["locale"])
    if template is None:
        raise WordingError(whatsapp.no_template(kind))
    filled = whatsapp.filled(
        courier.wording,
        template,
        facts_of(runtime.settings, row, links=courier.links),
        kind=kind,
        locale=row["locale"],
        timezone=row["timezone"],
    )
    return replace(message, template=filled)
