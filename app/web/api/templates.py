"""`/templates`: the words we send, as the owner edits, tries and publishes them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Response, request
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from app.clock import utc_now
from app.domain.templates import SHIPPED, OwnWords, TemplateKey
from app.errors import InvalidError, Problem, WordingError
from app.services import previews, repinning, templates
from app.services.previews import Preview
from app.services.pricing import tariff_of
from app.services.template_checks import check, trial_of
from app.storage import templates as store
from app.web.api.answers import as_json
from app.web.auth import allows
from app.web.context import caller, house, runtime
from app.web.once import do_once
from app.web.preview_page import page_of
from app.web.schemas.fields import Id
from app.web.schemas.lists import PageQuery, page_answer, seq_cursor
from app.web.schemas.templates import (
    MigrateRequest,
    MigrationAnswer,
    PreviewAnswer,
    PreviewRequest,
    SavedAnswer,
    TemplateAnswer,
    TemplatesAnswer,
    TextsRequest,
    VersionsAnswer,
    migration_answer,
    preview_answer,
    saved_answer,
    template_answer,
    version_answer,
)

api = APIBlueprint("templates", __name__, abp_tags=[Tag(name="Words")])

#: What a preview may be answered as; JSON where nobody says.
_SHAPES = ("application/json", "text/html")
_PAGE = "text/html; charset=utf-8"
_PATH = "/templates/<kind>/<channel>/<language>"


class TemplatePath(BaseModel):
    """Which text: its kind, its channel, its language (`es`)."""

    kind: Id
    channel: Id
    language: Id

    def key(self) -> TemplateKey:
        """Return the text; raise NotFoundError where there can be none."""
        return templates.key_of(self.kind, self.channel, self.language)


class VersionPath(TemplatePath):
    """Which version of a text."""

    version: int


@api.get("/templates", responses={200: TemplatesAnswer})
@allows()
def list_templates() -> Response:
    """List every text, with the version in force."""
    with runtime().database.read() as tx:
        found = templates.look_at_all(tx)
    return as_json({"data": [template_answer(template) for template in found]})


@api.get(_PATH, responses={200: TemplateAnswer})
@allows()
def get_template(path: TemplatePath) -> Response:
    """Show a text: the words in force, and the names that they may use."""
    key = path.key()
    with runtime().database.read() as tx:
        return as_json(template_answer(templates.look(tx, key)))


@api.put(_PATH, responses={200: SavedAnswer})
@allows()
def save_template(path: TemplatePath, body: TextsRequest) -> Response:
    """Save words as a draft; they are tried out, and refused if they could not leave.

    They are sent from the moment on that they are published. The newest version's own
    words make no other version.
    """
    key = path.key()
    draft = templates.Draft(
        texts=body.texts(), note=body.note or "", author=caller().name
    )

    warnings = check(trial_of(runtime().settings, house().wording), key, draft.texts)

    def deed(tx: sa.Connection) -> Any:
        return saved_answer(templates.save(tx, key, draft, now=utc_now()), warnings)

    return do_once(deed)


@api.delete(_PATH, responses={200: TemplateAnswer})
@allows()
def withdraw_template(path: TemplatePath) -> Response:
    """Go back to the words that come with Bellhop; the versions are kept."""
    key = path.key()
    return do_once(lambda tx: template_answer(templates.withdraw(tx, key)))


@api.get(f"{_PATH}/versions", responses={200: VersionsAnswer})
@allows()
def list_versions(path: TemplatePath, query: PageQuery) -> Response:
    """List the owner's versions of a text, the newest first."""
    key, before = path.key(), seq_cursor(query.cursor)
    with runtime().database.read() as tx:
        found = store.page(tx, key, before=before, limit=query.limit + 1)
    rows = [version_answer(version) for version in found]
    cursors = [str(version.version) for version in found]
    return as_json(page_answer(rows, limit=query.limit, cursors=cursors))


@api.post(f"{_PATH}/versions/<version>/publish", responses={200: TemplateAnswer})
@allows()
def publish_version(path: VersionPath) -> Response:
    """Put a version in force for what is planned from now on.

    What waits already keeps the words that it was planned with (see `migrate`).
    """
    key = path.key()

    def deed(tx: sa.Connection) -> Any:
        return template_answer(templates.publish(tx, key, path.version, now=utc_now()))

    return do_once(deed)


@api.post(f"{_PATH}/rollback", responses={200: TemplateAnswer})
@allows()
def roll_back_template(path: TemplatePath) -> Response:
    """Put in force what was so before; 409 where it is the shipped words already."""
    key = path.key()
    return do_once(lambda tx: template_answer(templates.roll_back(tx, key)))


@api.post(f"{_PATH}/migrate", responses={200: MigrationAnswer})
@allows()
def migrate_template(path: TemplatePath, body: MigrateRequest) -> Response:
    """Move the messages that wait to the words in force.

    Without `expected` it only tells how many wait on other words. With that number they
    are moved; where it is another by now, nothing is (409).
    """
    key = path.key()

    def deed(tx: sa.Connection) -> Any:
        if body.expected is None:
            return migration_answer(repinning.count_waiting(tx, runtime(), key))
        moved = repinning.repin(tx, runtime(), key, expected=body.expected)
        return migration_answer(moved)

    return do_once(deed)


@api.post(f"{_PATH}/preview", responses={200: PreviewAnswer})
@allows()
def preview_template(path: TemplatePath, body: PreviewRequest) -> Response:
    """Show a message as its reader will see it; nothing is sent or saved.

    With `booking_id` it tells of that booking, in its customer's language and zone. To
    `Accept: text/html` it answers with a page.
    """
    key = path.key()
    try:
        seen = _preview(key, body)
    except WordingError as error:
        raise InvalidError([Problem("text", str(error))]) from None
    if request.accept_mimetypes.best_match(_SHAPES) == "text/html":
        return Response(page_of(key.kind, [seen]), content_type=_PAGE)
    return as_json(preview_answer(seen))


def _preview(key: TemplateKey, body: PreviewRequest) -> Preview:
    settings = runtime().settings
    scene = previews.example_scene(settings, key.kind, locale=key.language)
    with runtime().database.read() as tx:
        own = _words(tx, key, body)
        if body.booking_id is not None:
            scene = previews.booking_scene(
                tx, house().links, scene, kind=key.kind, booking_id=body.booking_id
            )
    return previews.preview(
        house().wording,
        tariff_of(settings, runtime().policy, runtime().modes),
        scene,
        kind=key.kind,
        channel=key.channel,
        own=own,
    )


def _words(
    tx: sa.Connection, key: TemplateKey, body: PreviewRequest
) -> OwnWords | None:
    """Return the words to look at; None: those that come with Bellhop."""
    if (texts := body.texts()) is not None:
        check(trial_of(runtime().settings, house().wording), key, texts)
        return OwnWords(language=key.language, texts=texts)
    if body.version == SHIPPED:
        return None
    if body.version is not None:
        return templates.find(tx, key, body.version).words
    live = store.live(tx, key)
    return live.words if live else None
