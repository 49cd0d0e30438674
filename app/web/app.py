"""The Flask factory: puts the parts of the HTTP door together."""

from __future__ import annotations

from flask import Flask, Response
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from app import __version__
from app.runtime import Runtime
from app.services.keys import KeyRing
from app.services.links import Links
from app.services.opening import open_wording
from app.web import (
    calendar,
    description,
    docs,
    health,
    manage,
    own_forms,
    problems,
    unsubscribe,
    webhooks,
)
from app.web.api import (
    bookings,
    consents,
    costs,
    customers,
    inbox,
    notifications,
    queues,
    schedule,
    services,
    task_groups,
    tasks,
    templates,
    verifications,
    workers,
)
from app.web.auth import check_key
from app.web.bodies import LARGEST_WEBHOOK, JsonRequest
from app.web.context import House, settle_in
from app.web.json_provider import StrictJson

API_PREFIX = "/api/v1"
#: Nothing of a page may come from elsewhere, and nobody may put it in a frame.
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def create_app(runtime: Runtime) -> Flask:
    """Make the application that answers for this runtime."""
    app = OpenAPI(
        __name__,
        info=Info(title="Bellhop", version=__version__, description=description.ABOUT),
        security_schemes=description.SECURITY_SCHEMES,
        validation_error_callback=problems.invalid,
        validation_error_model=description.ProblemAnswer,
        doc_ui=False,
    )
    app.request_class = JsonRequest
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_WEBHOOK  # each path has its own
    app.json = StrictJson(app)
    app.url_map.merge_slashes = False  # a slip of the pen is 404, and no other page
    settle_in(app.extensions, _house(runtime))
    app.before_request(check_key)
    app.after_request(_add_security_headers)
    problems.register(app)
    for api in (
        services.api,
        bookings.api,
        notifications.api,
        schedule.api,
        queues.api,
        workers.api,
        tasks.api,
        task_groups.api,
        templates.api,
        verifications.api,
        costs.api,
        inbox.api,
        consents.api,
        customers.api,
    ):
        app.register_api(api, url_prefix=API_PREFIX)
    app.register_api(health.pages)
    for pages in (
        docs.pages,
        manage.pages,
        own_forms.pages,
        calendar.pages,
        unsubscribe.pages,
        webhooks.pages,
    ):
        app.register_blueprint(pages)
    if proxies := runtime.settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # as Flask documents
            app.wsgi_app, x_for=proxies, x_proto=proxies
        )
    return app


def _house(runtime: Runtime) -> House:
    return House(
        runtime=runtime,
        keys=KeyRing(runtime),
        links=Links(runtime),
        wording=open_wording(runtime.settings),
    )


def _add_security_headers(response: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    return response
