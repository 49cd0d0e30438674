"""What the owner writes of a gateway: filled safely, or refused in plain words."""

from __future__ import annotations

import pytest

from app.channels.gateway_form import (
    filled_headers,
    found_at,
    parse_body,
    parse_expected,
    parse_headers,
    parse_path,
)

PLACES = {"to": "+4911", "digits": "4911", "text": "Hi", "key": "n-1"}
SLY = 'x"}&to=+666, "to": "{{ to }}'


def test_every_place_is_filled_wherever_it_stands() -> None:
    form = parse_body(
        '{"messages": [{"to": ["{{ to }}"], "body": "{{text}} ({{ digits }})"}],'
        ' "ref": "{{ key }}", "flash": false, "n": 1}'
    )

    assert form.filled(PLACES) == {
        "messages": [{"to": ["+4911"], "body": "Hi (4911)"}],
        "ref": "n-1",
        "flash": False,
        "n": 1,
    }


@pytest.mark.parametrize(
    "body",
    ["", '{"to": "{{ to }}", "text": "{{ text }}"}', "to={{ to }}&text={{text}}"],
)
def test_no_customers_words_become_a_part_of_the_form(body: str) -> None:
    filled = dict(parse_body(body).filled(PLACES | {"text": SLY}))

    assert filled == {"to": "+4911", "text": SLY}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ('{"text": "{{ text }}"', "is no JSON"),
        ("nonsense", "must hold {{ text }}"),
        ('{"to": "{{ to }}"}', "must hold {{ text }}"),
        ('{"text": "{{ text }}", "from": "{{ name }}"}', "only to, digits, text, key"),
        ("text={{ text | upper }}", "only to, digits, text, key"),
        ('{"to": "{ to }", "text": "{{ text }}"}', "reach nobody"),
        ("text={{ text }}", "reach nobody"),
        ('{"{{ text }}": "", "to": "{{ to }}"}', "must hold {{ text }}"),
        ('<sms to="{{ to }}">{{ text }}</sms>', "neither JSON nor a form"),
    ],
)
def test_a_form_that_cannot_be_filled_is_refused(body: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_body(body)


def test_headers_may_hold_the_key() -> None:
    headers = parse_headers('{"Idempotency-Key": "{{ key }}", "X-Token": "t"}')

    assert filled_headers(headers, key="n-1") == {
        "Idempotency-Key": "n-1",
        "X-Token": "t",
    }
    assert parse_headers("") == {}


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cret",
        '["s3cret"]',
        '{"A": {"b": "s3cret"}}',
        '{"A: b": "s3cret"}',
        '{"A": "s3cret\\r\\nB: c"}',
        '{"A": "s3crét"}',
        '{"A": "s3cret {{ text }}"}',
    ],
)
def test_bad_headers_are_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|must|may|holds) ") as told:
        parse_headers(text)

    assert "s3cr" not in str(told.value)


def test_a_yes_is_told_by_any_of_its_words() -> None:
    expected = parse_expected("messages.0.status = queued | sent", "busy")

    assert expected is not None
    assert expected.path == "messages.0.status"
    assert expected.words == {"queued", "sent"}
    assert expected.later == {"busy"}
    assert parse_expected("") is None


@pytest.mark.parametrize(
    "text", ["status", "status=", "=sent", "a b=c", "a..b=c", "a[0]=c", "$.a=c"]
)
def test_a_yes_that_cannot_be_told_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        parse_expected(text)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("id", "7"),
        ("ok", "true"),
        ("messages.0.id", "SM1"),
        ("messages.1.id", ""),
        ("messages.x", ""),
        ("messages", ""),
        ("id.more", ""),
        ("nothing", ""),
        ("messages.99999999999999", ""),
    ],
)
def test_answers_are_read_by_path(path: str, found: str) -> None:
    answer = {"id": 7, "ok": True, "messages": [{"id": "SM1"}], "nothing": None}

    assert found_at(answer, path) == found
    assert found_at(None, path) == ""


@pytest.mark.parametrize("path", ["a b", ".a", "a.", "a=b"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        parse_path(path)
