"""The OpenAPI document and its page: complete, true, and all from this machine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app import __version__
from tests.door import API, PROBLEM, Door
from tests.house import make_booking, make_service
from tests.operations import BEHIND_LINKS, OPERATIONS, PAGES, TEMPLATE, WITHOUT_BODY


@pytest.fixture(name="document")
def openapi_document(door: Door) -> Any:
    answer = door.with_key(None).get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json


def operations(document: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def resolved(document: Any, schema: Any) -> Any:
    """Follow a reference; fail if it leads nowhere."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def test_every_operation_of_the_contract_is_described(document: Any) -> None:
    described = {(method, path) for method, path, _ in operations(document)}

    assert described == OPERATIONS


def test_what_is_described_is_what_there_is(door: Door, document: Any) -> None:
    there = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in door.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    described = {(method, path) for method, path, _ in operations(document)}

    api = {(m, path) for m, path in there if path[:3] not in BEHIND_LINKS}
    assert described == {(m, path) for m, path in api if path not in PAGES}


def test_the_document_is_an_openapi_document(document: Any) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "Bellhop"
    assert document["info"]["version"] == __version__
    scheme = document["components"]["securitySchemes"]["key"]
    assert scheme == {"type": "http", "scheme": "bearer"}
    assert document["security"] == [{"key": []}]
    names = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document: Any) -> None:
    text = json.dumps(document)
    wanted = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', text))

    assert wanted <= set(document["components"]["schemas"])
    assert text.count('"$ref"') == len(re.findall(r'"\$ref": "#/components/', text))


def test_every_answer_has_its_schema_and_every_refusal_too(document: Any) -> None:
    for method, path, operation in operations(document):
        answers = operation["responses"]
        good = [status for status in answers if status.startswith("2")]
        assert len(good) == 1, (method, path)
        schema = answers[good[0]]["content"]["application/json"]["schema"]
        assert resolved(document, schema)["properties"], (method, path)
        assert "422" not in answers
        refused = answers["4XX"]["content"][PROBLEM]["schema"]
        told = resolved(document, refused)["properties"]
        assert set(told) == {"type", "title", "status", "detail", "errors"}


def test_every_request_has_its_schema(document: Any) -> None:
    for method, path, operation in operations(document):
        if method not in ("post", "patch", "put") or path in WITHOUT_BODY:
            assert "requestBody" not in operation, (method, path)
            continue
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        found = resolved(document, schema)
        shapes = [resolved(document, one) for one in found.get("oneOf", [found])]
        for shape in shapes:
            assert shape["properties"], path
            assert shape["additionalProperties"] is False, path


def test_a_body_is_needed_only_where_a_field_is(document: Any) -> None:
    needed = {
        path.removeprefix(API).replace("/bookings/{booking_id}", "")
        for _, path, operation in operations(document)
        if operation.get("requestBody", {}).get("required")
    }

    assert needed == {
        "/services",
        "/bookings",
        "/verify-payment",
        "/reschedule",
        "/notifications",
        "/tasks",
        "/task-groups",
        TEMPLATE.removeprefix(API),
        "/consents",
        "/verifications",
        "/verifications/{verification_id}/check",
    }


def test_every_path_and_query_parameter_is_described(document: Any) -> None:
    for method, path, operation in operations(document):
        parameters = operation.get("parameters", [])
        in_path = {p["name"] for p in parameters if p["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), (method, path)
        assert all(p["schema"] for p in parameters)
    listing = document["paths"][f"{API}/bookings"]["get"]["parameters"]
    names = {p["name"] for p in listing}
    assert names == {"limit", "cursor", "status", "from", "to", "customer", "q"}


def test_every_post_takes_an_idempotency_key(document: Any) -> None:
    for method, path, operation in operations(document):
        keys = [
            p for p in operation.get("parameters", []) if p["name"] == "Idempotency-Key"
        ]
        assert len(keys) == (1 if method == "post" else 0), (method, path)
        if keys:
            assert keys[0]["in"] == "header"
            assert keys[0]["required"] is False
            assert keys[0]["schema"]["maxLength"] == 255
            good = next(a for s, a in operation["responses"].items() if s[0] == "2")
            assert "Idempotent-Replayed" in good["headers"]


def test_what_is_made_is_said_to_have_a_place(document: Any) -> None:
    made = {
        path
        for _, path, operation in operations(document)
        if "Location" in operation["responses"].get("201", {}).get("headers", {})
    }

    assert made == {f"{API}/services", f"{API}/bookings"}


def test_only_health_is_shown_without_a_key(document: Any) -> None:
    free = {
        p for _, p, operation in operations(document) if operation.get("security") == []
    }

    assert free == {"/healthz", "/readyz"}


def test_real_answers_hold_just_the_described_fields(door: Door, document: Any) -> None:
    service = make_service(door.runtime)
    booking = make_booking(door.runtime, service, confirmed=True)
    message = door.get("/notifications").json["data"][0]
    schemas = document["components"]["schemas"]
    answers = {
        "ServiceAnswer": door.get(f"/services/{service.id}").json,
        "BookingAnswer": door.get(f"/bookings/{booking.id}").json,
        "NotificationAnswer": message,
        "OneNotificationAnswer": door.get(f"/notifications/{message['id']}").json,
        "NotificationsAnswer": door.get("/notifications").json,
        "BulkAnswer": door.post("/notifications/cancel", {"status": "dead"}).json,
        "OffersAnswer": door.get(f"/services/{service.id}/availability").json,
        "QueuesAnswer": door.get("/queues").json,
        "QueueAnswer": door.post("/queues/sms/resume").json,
        "GateAnswer": door.get("/queues").json["data"][0]["gate"],
        "WorkersAnswer": door.get("/workers").json,
        "ScheduleAnswer": door.get("/schedule").json,
        "JobAnswer": door.post("/schedule/cleanup/run").json,
        "AliveAnswer": door.get("//healthz").json,
        "ProblemAnswer": door.post("/bookings", {}).json,
    }

    for name, told in answers.items():
        assert set(told) == set(schemas[name]["properties"]), name


def test_descriptions_are_plain_text(document: Any) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert "<br" not in json.dumps(operation)


def test_the_page_needs_nothing_from_elsewhere(door: Door) -> None:
    stranger = door.with_key(None)
    page = stranger.get("//api/docs")

    assert page.status == 200
    links = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
    own = [link for link in links if not link.startswith("data:")]
    assert len(own) >= 3
    for link in own:
        assert re.match(r"/(?!/)", link), link
        assert stranger.get(f"/{link}").status == 200, link
    assert "://" not in page.text
    script = stranger.get("//static/docs.js").text
    assert "validatorUrl: null" in script
    assert "://" not in script
    style = stranger.get("//static/page.css").text
    assert "://" not in style
    assert "@import" not in style


@pytest.mark.parametrize("file", ["..%2f..%2fapp.py", "%2fetc%2fpasswd", "none.js"])
def test_no_file_from_elsewhere_is_served(door: Door, file: str) -> None:
    stranger = door.with_key(None)

    assert stranger.get(f"//api/docs/{file}").status == 404
    assert stranger.get(f"//static/{file}").status == 404
