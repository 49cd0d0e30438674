"""The words we send, as requests and answers: texts, versions, previews."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, StrictStr

from app.domain.facts import REQUIRED_NAMES, names_of
from app.domain.templates import TemplateVersion, Texts
from app.errors import Problem
from app.services.previews import Preview
from app.services.repinning import Repinning
from app.services.templates import Template
from app.web.description import FieldProblem
from app.web.schemas.costs import CostAnswer, cost_answer
from app.web.schemas.fields import Id, Line, RequestModel, clean

#: As long as a body may be; what each part may have is told with the other mistakes.
_Source = Annotated[StrictStr, Field(max_length=64 * 1024), AfterValidator(clean)]


class TextsRequest(RequestModel):
    """Words to be saved: `subject` and `html` are for e-mail alone.

    An e-mail without `html` gets its plain text in the usual frame.
    """

    # The space around a text is the owner's to choose; the renderer drops it.
    model_config = ConfigDict(str_strip_whitespace=False)

    text: _Source
    subject: _Source = ""
    html: _Source = ""
    note: Line | None = None

    def texts(self) -> Texts:
        """Return the words in the house's own form."""
        return Texts(subject=self.subject, text=self.text, html=self.html)


class PreviewRequest(RequestModel):
    """What to look at: a version (or words that are not saved), with which facts.

    Nothing given: the words in force, with the example of the kind.
    """

    model_config = ConfigDict(str_strip_whitespace=False)

    version: Annotated[StrictInt, Field(ge=0)] | None = None
    text: _Source | None = None
    subject: _Source = ""
    html: _Source = ""
    booking_id: Id | None = None

    def texts(self) -> Texts | None:
        """Return the words that are not saved, or None."""
        if self.text is None:
            return None
        return Texts(subject=self.subject, text=self.text, html=self.html)


class MigrateRequest(RequestModel):
    """How many messages are to move, as this answered when asked without; see there."""

    expected: Annotated[StrictInt, Field(ge=0)] | None = None


class TextsAnswer(BaseModel):
    """The words of a text as they are written."""

    subject: str
    text: str
    html: str


class NameAnswer(BaseModel):
    """A name that a text may use; one that is not required may be empty."""

    name: str
    required: bool


class TemplateAnswer(BaseModel):
    """A text as it stands; version 0 are the words that come with Bellhop."""

    kind: str
    channel: str
    language: str
    version: int
    texts: TextsAnswer | None
    names: list[NameAnswer]


class TemplatesAnswer(BaseModel):
    """Every text that there is."""

    data: list[TemplateAnswer]


class VersionAnswer(BaseModel):
    """A version of the owner's words."""

    version: int
    state: str
    texts: TextsAnswer
    note: str
    created_by: str
    created_at: datetime
    published_at: datetime | None


class SavedAnswer(VersionAnswer):
    """A version that was saved, and what its owner should know of it."""

    warnings: list[FieldProblem]


class VersionsAnswer(BaseModel):
    """A page of versions, the newest first."""

    data: list[VersionAnswer]
    next_cursor: str | None


class SmsAnswer(BaseModel):
    """How long an SMS is; `unfit` are the letters that make it UCS-2."""

    encoding: str
    units: int
    segments: int
    unfit: list[str]


class PreviewAnswer(BaseModel):
    """A message as its reader will see it; `sms` is null on other channels.

    `price` is null where the channel's provider has none in the price list.
    """

    channel: str
    subject: str
    text: str
    html: str
    sms: SmsAnswer | None
    price: CostAnswer | None


class WaitingAnswer(BaseModel):
    """So many messages wait on the words of a version."""

    version: int
    count: int


class MigrationAnswer(BaseModel):
    """What waits on other words than those in force (`version`), and what was moved."""

    version: int
    count: int
    waiting: list[WaitingAnswer]
    moved: int


def template_answer(template: Template) -> dict[str, Any]:
    """Write a text as it stands."""
    key = template.key
    required = REQUIRED_NAMES[key.kind]
    return {
        "kind": key.kind,
        "channel": key.channel,
        "language": key.language,
        "version": template.version,
        "texts": template.texts and _texts_answer(template.texts),
        "names": [
            {"name": name, "required": name in required}
            for name in sorted(names_of(key.kind))
        ],
    }


def version_answer(version: TemplateVersion) -> dict[str, Any]:
    """Write a version."""
    return {
        "version": version.version,
        "state": version.state,
        "texts": _texts_answer(version.texts),
        "note": version.note,
        "created_by": version.created_by,
        "created_at": version.created_at,
        "published_at": version.published_at,
    }


def saved_answer(
    version: TemplateVersion, warnings: Sequence[Problem]
) -> dict[str, Any]:
    """Write a version that was saved, with its warnings."""
    told = [{"field": found.field, "message": found.message} for found in warnings]
    return {**version_answer(version), "warnings": told}


def preview_answer(preview: Preview) -> dict[str, Any]:
    """Write a message as its reader will see it."""
    size = preview.size
    return {
        "channel": preview.channel,
        "subject": preview.rendered.subject,
        "text": preview.rendered.text,
        "html": preview.rendered.html,
        "sms": size
        and {
            "encoding": size.encoding,
            "units": size.units,
            "segments": size.segments,
            "unfit": list(preview.unfit),
        },
        "price": preview.cost and cost_answer(preview.cost),
    }


def migration_answer(repinning: Repinning) -> dict[str, Any]:
    """Write what waits on other words."""
    waiting = sorted(repinning.waiting.items())
    return {
        "version": repinning.version,
        "count": repinning.count,
        "waiting": [{"version": number, "count": n} for number, n in waiting],
        "moved": repinning.moved,
    }


def _texts_answer(texts: Texts) -> dict[str, Any]:
    return {"subject": texts.subject, "text": texts.text, "html": texts.html}
