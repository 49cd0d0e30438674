"""Queues, as requests and answers; limits are written as in the policy file."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    WithJsonSchema,
)

from app.errors import InvalidError, Problem
from app.policy import parse_duration
from app.services.gate_state import GateState
from app.services.queues import Queue
from app.web.schemas.fields import Line, MomentField, RequestModel


def _span(text: str) -> str:
    if not parse_duration(text):
        raise ValueError("must be longer than 0; example: 2h")
    return text


Span = Annotated[StrictStr, Field(max_length=20), AfterValidator(_span)]


def _checked_later(kind: str, **more: Any) -> WithJsonSchema:
    """Describe a value that the policy's own tables check, or null, to the reader."""
    return WithJsonSchema({"anyOf": [{"type": kind, **more}, {"type": "null"}]})


_Duration = Annotated[Any, _checked_later("string", examples=["90s", "2h"])]
_Durations = Annotated[Any, _checked_later("array", items={"type": "string"})]
_Rate = Annotated[Any, _checked_later("string", examples=["10/m", "0"])]
_Whole = Annotated[Any, _checked_later("integer", minimum=0)]
_Share = Annotated[Any, _checked_later("number", minimum=0, maximum=1)]


class PauseRequest(RequestModel):
    """How long (`until` a moment, or `for` a span such as `2h`) and why.

    Without either it lasts until somebody resumes the queue.
    """

    until: MomentField | None = None
    for_: Annotated[Span | None, Field(alias="for")] = None
    reason: Line | None = None

    def ends_at(self, now: datetime) -> datetime | None:
        """Return when the pause ends; None: when somebody ends it."""
        if self.for_ is None:
            return self.until
        if self.until is not None:
            raise InvalidError([Problem("for", "cannot stand beside until: give one")])
        span: timedelta = parse_duration(self.for_)
        return now + span


class PurgeRequest(RequestModel):
    """Why; each row that is called off tells it."""

    reason: Line | None = None


class QueueRequest(RequestModel):
    """Values of the queue's policy that hold from now on instead of the file's.

    They are written as in `bellhop.toml`; null gives a value back to the file.
    `worker` cannot be changed while Bellhop runs.
    """

    # What it does not know is refused together with what is wrong of the rest.
    model_config = ConfigDict(
        extra="allow", json_schema_extra={"additionalProperties": False}
    )

    priority: _Whole = None
    rate_limit: _Rate = None
    ttl: _Duration = None
    max_length: _Whole = None
    retry_delays: _Durations = None
    retry_jitter: _Share = None
    retry_cap: _Duration = None
    soft_time_limit: _Duration = None
    time_limit: _Duration = None

    def values(self) -> dict[str, Any]:
        """Return what was given, by name."""
        known = set(type(self).model_fields) & self.model_fields_set
        given = {name: getattr(self, name) for name in known}
        return {**given, **(self.model_extra or {})}


class GateAnswer(BaseModel):
    """Whether rows may leave: why not, until when (null: not known), who paused it."""

    state: GateState
    reason: str
    until: datetime | None
    by: str


class QueueAnswer(BaseModel):
    """A queue as it stands.

    `depth` waits and is due, `delayed` is due later or waits for other tasks. `queued`
    is rung for, `in_flight` being sent. `oldest_age_seconds` is for how long the first
    of what is due has been due. `rate_left` may leave at this moment (null: no limit).
    `overrides` was set while Bellhop ran, and holds instead of the file.
    """

    name: str
    priority: int
    worker: str
    depth: int
    delayed: int
    queued: int
    in_flight: int
    unknown: int
    failed: int
    dead: int
    oldest_age_seconds: float | None
    rate_limit: str
    rate_left: int | None
    gate: GateAnswer
    max_length: int
    ttl: str
    overrides: dict[str, Any]


class QueuesAnswer(BaseModel):
    """Every queue, in the order of the policy."""

    data: list[QueueAnswer]


def queue_answer(queue: Queue) -> dict[str, Any]:
    """Write a queue."""
    return asdict(queue)
