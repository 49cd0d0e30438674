"""Who may do what over HTTP: every route with every scope, and keys that are none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from app.clock import utc_now
from app.runtime import Runtime
from app.services import keys
from app.services.keys import Scope
from app.storage.tables import api_keys
from tests.door import Door, assert_problem, open_door
from tests.house import (
    ADMIN_KEY,
    all_rows,
    make_booking,
    make_runtime,
    make_service,
    nothing_saved,
)

SITE = frozenset({Scope.SITE})
CUSTOMERS = frozenset({Scope.SITE, Scope.PUBLIC})
ADMINS: frozenset[Scope] = frozenset()
#: Without a key.
EVERYBODY = frozenset(Scope)

TEMPLATE = "/api/v1/templates/<kind>/<channel>/<language>"
#: Who may use each route, besides admins.
ROUTES: dict[tuple[str, str], frozenset[Scope]] = {
    ("GET", "/api/v1/services"): SITE,
    ("POST", "/api/v1/services"): ADMINS,
    ("GET", "/api/v1/services/<service_id>"): SITE,
    ("PATCH", "/api/v1/services/<service_id>"): ADMINS,
    ("GET", "/api/v1/services/<service_id>/availability"): CUSTOMERS,
    ("GET", "/api/v1/bookings"): SITE,
    ("POST", "/api/v1/bookings"): CUSTOMERS,
    ("GET", "/api/v1/bookings/<booking_id>"): SITE,
    ("POST", "/api/v1/bookings/<booking_id>/verify-payment"): SITE,
    ("POST", "/api/v1/bookings/<booking_id>/confirm"): SITE,
    ("POST", "/api/v1/bookings/<booking_id>/cancel"): SITE,
    ("POST", "/api/v1/bookings/<booking_id>/reschedule"): SITE,
    ("POST", "/api/v1/bookings/<booking_id>/complete"): SITE,
    ("POST", "/api/v1/bookings/<booking_id>/no-show"): SITE,
    ("GET", "/api/v1/notifications"): SITE,
    ("POST", "/api/v1/notifications"): SITE,
    ("GET", "/api/v1/notifications/<notification_id>"): SITE,
    ("POST", "/api/v1/notifications/<notification_id>/retry"): SITE,
    ("POST", "/api/v1/notifications/<notification_id>/cancel"): SITE,
    ("POST", "/api/v1/notifications/retry"): SITE,
    ("POST", "/api/v1/notifications/cancel"): SITE,
    ("POST", "/api/v1/tasks"): ADMINS,
    ("GET", "/api/v1/tasks"): ADMINS,
    ("GET", "/api/v1/tasks/<task_id>"): ADMINS,
    ("POST", "/api/v1/tasks/<task_id>/retry"): ADMINS,
    ("POST", "/api/v1/tasks/<task_id>/cancel"): ADMINS,
    ("POST", "/api/v1/task-groups"): ADMINS,
    ("GET", "/api/v1/task-groups/<group_id>"): ADMINS,
    ("GET", "/api/v1/queues"): SITE,
    ("PATCH", "/api/v1/queues/<name>"): ADMINS,
    ("POST", "/api/v1/queues/<name>/pause"): ADMINS,
    ("POST", "/api/v1/queues/<name>/resume"): ADMINS,
    ("POST", "/api/v1/queues/<name>/purge"): ADMINS,
    ("GET", "/api/v1/workers"): ADMINS,
    ("GET", "/api/v1/schedule"): ADMINS,
    ("POST", "/api/v1/schedule/<job>/run"): ADMINS,
    ("GET", "/api/v1/costs"): ADMINS,
    ("GET", "/api/v1/templates"): ADMINS,
    **{(method, TEMPLATE): ADMINS for method in ("GET", "PUT", "DELETE")},
    ("GET", f"{TEMPLATE}/versions"): ADMINS,
    ("POST", f"{TEMPLATE}/versions/<version>/publish"): ADMINS,
    ("POST", f"{TEMPLATE}/rollback"): ADMINS,
    ("POST", f"{TEMPLATE}/migrate"): ADMINS,
    ("POST", f"{TEMPLATE}/preview"): ADMINS,
    ("POST", "/api/v1/verifications"): SITE,
    ("POST", "/api/v1/verifications/<verification_id>/check"): SITE,
    ("GET", "/api/v1/inbox"): ADMINS,
    ("POST", "/api/v1/inbox/<entry_id>/done"): ADMINS,
    ("GET", "/api/v1/consents"): ADMINS,
    ("POST", "/api/v1/consents"): SITE,
    ("GET", "/api/v1/customers/export"): ADMINS,
    ("POST", "/api/v1/customers/erase"): ADMINS,
    ("GET", "/healthz"): EVERYBODY,
    ("GET", "/readyz"): EVERYBODY,
    ("GET", "/api/v1/openapi.json"): EVERYBODY,
    ("GET", "/api/docs"): EVERYBODY,
    ("GET", "/api/docs/<path:file>"): EVERYBODY,
    ("GET", "/b/<token>"): EVERYBODY,
    ("GET", "/b/<token>/"): EVERYBODY,
    ("GET", "/b/<token>/<path:rest>"): EVERYBODY,
    ("GET", "/b/"): EVERYBODY,
    ("GET", "/b/<token>/move"): EVERYBODY,
    ("POST", "/b/<token>/move"): EVERYBODY,
    ("POST", "/b/<token>/cancel"): EVERYBODY,
    ("POST", "/b/<token>/come"): EVERYBODY,
    ("POST", "/b/<token>/messages"): EVERYBODY,
    ("GET", "/b/<token>/calendar.ics"): EVERYBODY,
    ("POST", "/b/<token>/wishes"): EVERYBODY,
    ("POST", "/b/<token>/quiet"): EVERYBODY,
    ("GET", "/u/<token>"): EVERYBODY,
    ("POST", "/u/<token>"): EVERYBODY,
    ("POST", "/api/v1/webhooks/twilio/status"): EVERYBODY,
    ("POST", "/api/v1/webhooks/twilio/inbound"): EVERYBODY,
    ("GET", "/api/v1/webhooks/whatsapp"): EVERYBODY,
    ("POST", "/api/v1/webhooks/whatsapp"): EVERYBODY,
    ("GET", "/api/v1/webhooks/vonage/status"): EVERYBODY,
    ("POST", "/api/v1/webhooks/vonage/status"): EVERYBODY,
    ("GET", "/api/v1/webhooks/vonage/inbound"): EVERYBODY,
    ("POST", "/api/v1/webhooks/vonage/inbound"): EVERYBODY,
    ("POST", "/api/v1/webhooks/resend"): EVERYBODY,
    ("GET", "/static/<path:filename>"): EVERYBODY,
}


def test_the_table_above_names_every_route(door: Door) -> None:
    found = {
        (method, rule.rule)
        for rule in door.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert found == set(ROUTES)


def test_each_scope_may_do_its_own_and_nothing_else(door: Door) -> None:
    doors = {scope: door.as_scope(scope) for scope in Scope}

    with nothing_saved(door.runtime):
        refused = {
            (method, path): {
                scope
                for scope, asked in doors.items()
                if asked.ask(method, f"/{path}").status == 403
            }
            for method, path in ROUTES
        }

    assert refused == {
        route: EVERYBODY - allowed - {Scope.ADMIN} for route, allowed in ROUTES.items()
    }


def test_without_a_key_only_what_is_for_everybody_is_shown(door: Door) -> None:
    stranger = door.with_key(None)

    answers = {route: stranger.ask(route[0], f"/{route[1]}") for route in ROUTES}

    shown = {route for route, answer in answers.items() if answer.status != 401}
    assert shown == {route for route, scopes in ROUTES.items() if scopes == EVERYBODY}
    for route in ROUTES.keys() - shown:
        assert_problem(answers[route], 401)
        assert answers[route].headers["WWW-Authenticate"] == "Bearer"


def test_a_route_that_names_no_scope_is_for_admins_alone(door: Door) -> None:
    door.app.add_url_rule("/api/v1/forgotten", view_func=lambda: "told")

    assert door.get("/forgotten").text == "told"
    assert_problem(door.as_scope(Scope.SITE).get("/forgotten"), 403)
    assert_problem(door.with_key(None).get("/forgotten"), 401)


NO_KEYS = [
    "Bearer",
    "Bearer ",
    f"Basic {ADMIN_KEY}",
    ADMIN_KEY,
    f"Bearer {ADMIN_KEY}x",
    f"Bearer {ADMIN_KEY.upper()}",
    f"Bearer {ADMIN_KEY} {ADMIN_KEY}",
    "Bearer \u00e9\u00ff",
    "Bearer " + "x" * 5000,
]


def test_what_is_not_exactly_a_key_is_refused(door: Door) -> None:
    for header in NO_KEYS:
        answer = door.ask("GET", "/bookings", headers={"Authorization": header})

        assert_problem(answer, 401)
        assert ADMIN_KEY not in answer.text


def test_the_word_bearer_may_be_written_in_any_case(door: Door) -> None:
    header = {"Authorization": f"bearer {ADMIN_KEY}"}

    assert door.ask("GET", "/bookings", headers=header).status == 200


def test_a_revoked_key_is_refused_at_once(door: Door) -> None:
    key, made = keys.create(door.runtime, name="Shop", scope=Scope.SITE)
    assert door.with_key(key).get("/bookings").status == 200

    keys.revoke(door.runtime, made.id)

    assert_problem(door.with_key(key).get("/bookings"), 401)


def test_the_database_holds_no_usable_key(door: Door) -> None:
    key = door.key_of(Scope.SITE)
    secret = key.removeprefix("bh_")

    dump = "\n".join(all_rows(door.runtime))

    assert "site key" in dump
    assert secret not in dump
    assert ADMIN_KEY not in dump


def test_a_key_has_more_random_bits_than_can_be_guessed(runtime: Runtime) -> None:
    made = {keys.create(runtime, name="n", scope=Scope.SITE)[0] for _ in range(20)}

    assert len(made) == 20
    assert all(len(key.removeprefix("bh_")) * 6 >= 128 for key in made)


def test_keys_are_listed_without_what_would_open_the_door(runtime: Runtime) -> None:
    key, made = keys.create(runtime, name="Shop", scope=Scope.SITE)

    assert [made] == keys.all_keys(runtime)
    assert key not in repr(keys.all_keys(runtime))


def test_a_key_is_revoked_once_and_keeps_its_moment(runtime: Runtime) -> None:
    _, made = keys.create(runtime, name="Shop", scope=Scope.SITE)
    long_ago = utc_now() - timedelta(days=3)
    with runtime.database.write() as tx:
        tx.execute(sa.update(api_keys).values(revoked_at=long_ago))

    keys.revoke(runtime, made.id)

    assert keys.all_keys(runtime)[0].revoked_at == long_ago


def test_a_public_key_books_and_sees_no_booking_of_anybody(door: Door) -> None:
    service = make_service(door.runtime)
    charlie_must_not_see = make_booking(door.runtime, service)
    page = door.as_scope(Scope.PUBLIC)
    wish = {
        "service_id": service.id,
        "start": charlie_must_not_see.start.isoformat(),
        "customer": {"name": "Charlie"},
    }

    assert page.get(f"/services/{service.id}/availability").status == 200
    assert page.post("/bookings", wish).status == 201
    assert_problem(page.get(f"/bookings/{charlie_must_not_see.id}"), 403)
    assert_problem(page.get("/bookings"), 403)
    assert_problem(page.post(f"/bookings/{charlie_must_not_see.id}/cancel"), 403)


def test_the_key_that_the_house_made_for_itself_opens_its_door(tmp_path: Path) -> None:
    with make_runtime(tmp_path, BELLHOP_API_KEY="") as runtime:
        door = open_door(runtime)
        key = (tmp_path / "var" / "api_key").read_text().strip()

        assert door.with_key(key).get("/bookings").status == 200
        assert_problem(door.with_key(ADMIN_KEY).get("/bookings"), 401)
