"""A gateway that only its owner knows: what it is asked, how its words are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.channels.gateway import HttpGateway
from app.channels.gateway_form import parse_body, parse_expected, parse_headers
from app.channels.table import channel_orders, open_providers
from app.config import Settings
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.errors import ConfigError
from tests.provider_house import PHONE, TEXT, message_for, send
from tests.raw_server import Line, RawServer


def settings_of(**values: object) -> Settings:
    return Settings.model_validate(values)


class Gateway:
    """Answers with one body, and keeps what it was asked."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.requests: list[bytes] = []

    def serve(self, line: Line) -> None:
        """Answer one request."""
        self.requests.append(line.read_request())
        line.say(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b"
            % (len(self._body), self._body)
        )


@contextmanager
def answering(answer: bytes, **more: str) -> Iterator[tuple[HttpGateway, Gateway]]:
    gateway = Gateway(answer)
    with RawServer(gateway.serve) as server:
        provider = HttpGateway(
            url=server.url,
            headers=parse_headers('{"X-Token": "t", "Idempotency-Key": "{{ key }}"}'),
            form=parse_body(more.get("body", "")),
            accepted=parse_expected(more.get("accepted", ""), more.get("later", "")),
            id_path=more.get("id", ""),
        )
        yield provider, gateway
        provider.close()


def outcome_of(answer: bytes, **more: str) -> Outcome:
    with answering(answer, **more) as (provider, _):
        return send(provider)


def test_json_is_posted_with_the_owners_headers() -> None:
    with answering(b"OK") as (provider, gateway):
        outcome = send(provider)

    (request,) = gateway.requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert json.loads(body) == {"to": PHONE, "text": TEXT}
    assert b"Content-Type: application/json" in head
    assert b"X-Token: t" in head
    assert b"Idempotency-Key: n-1" in head
    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_message_id == message_for(provider).key


def test_a_form_is_posted_encoded() -> None:
    with answering(b"OK", body="n={{ digits }}&m={{ text }}&s=a%26b") as (one, gateway):
        send(one)

    head, _, body = gateway.requests[0].partition(b"\r\n\r\n")
    assert b"application/x-www-form-urlencoded" in head
    assert body.startswith(b"n=" + PHONE[1:].encode() + b"&m=Hello+Alice%2C+see+you")
    assert body.endswith(b"&s=a%26b")


@pytest.mark.parametrize(
    ("body", "result", "code"),
    [
        (b'{"status": "sent", "id": "a1"}', Result.ACCEPTED, ""),
        (b'{"status": "busy"}', Result.TRANSIENT, "busy"),
        (b'{"status": "no credit"}', Result.PERMANENT_CONTENT, "200"),
        (b'{"status": "invalid"}', Result.PERMANENT_CONTENT, "invalid"),
        (b'{"status": "no +4915112345678"}', Result.PERMANENT_CONTENT, "200"),
        (b'{"state": "sent"}', Result.AMBIGUOUS, "200"),
        (b"OK", Result.AMBIGUOUS, "200"),
    ],
)
def test_answers_are_read_as_the_owner_says(
    body: bytes, result: Result, code: str
) -> None:
    outcome = outcome_of(body, accepted="status=sent", later="busy", id="id")

    assert (outcome.result, outcome.code) == (result, code)
    assert outcome.provider_message_id == ("a1" if result is Result.ACCEPTED else "")


def test_a_yes_in_the_words_agreed_on_needs_no_name() -> None:
    outcome = outcome_of(b'{"status": "sent"}', accepted="status=sent", id="id")

    assert outcome.result is Result.ACCEPTED
    assert outcome.provider_message_id == "n-1"


def test_a_yes_without_words_and_without_its_name_is_doubted() -> None:
    assert outcome_of(b"OK", id="id").result is Result.AMBIGUOUS


def test_it_is_set_up_by_configuration_alone() -> None:
    settings = settings_of(SMS_HTTP_URL="https://sms.example.com/send")

    providers = open_providers(settings)[Channel.SMS]

    assert [one.name for one in providers] == ["http"]
    assert channel_orders(settings)[Channel.SMS] == ("http",)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SMS_HTTP_BODY", '{"to": "{{ to }}"}'),
        ("SMS_HTTP_HEADERS", "Authorization: s3cret"),
        ("SMS_HTTP_ACCEPTED", "status"),
        ("SMS_HTTP_ID", "a b"),
        ("SMS_HTTP_ID", "messages[0].id"),
        ("SMS_HTTP_LATER", "busy"),
        ("SMS_HTTP_URL", "https://sms.example.com/send?to={{ to }}"),
    ],
)
def test_what_cannot_be_read_stops_the_start(variable: str, value: str) -> None:
    more = {"SMS_HTTP_URL": "https://sms.example.com/send", variable: value}

    with pytest.raises(ConfigError) as told:
        open_providers(settings_of(**more))

    assert [problem.field for problem in told.value.problems] == [variable]
    assert "s3cret" not in str(told.value)


def test_a_word_cannot_be_a_yes_and_ask_for_patience() -> None:
    with pytest.raises(ConfigError, match="SMS_HTTP_LATER: says ok"):
        open_providers(
            settings_of(
                SMS_HTTP_URL="https://sms.example.com/send",
                SMS_HTTP_ACCEPTED="status=ok|sent",
                SMS_HTTP_LATER="busy|ok",
            )
        )


def test_a_gateway_without_its_address_is_no_preview() -> None:
    with pytest.raises(ConfigError, match="SMS_HTTP_URL: is missing"):
        open_providers(settings_of(SMS_HTTP_ID="messages.0.id"))


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("http://sms.example.com/send", True),
        ("http://192.168.1.20:8080/send", False),
        ("http://localhost:8080/send", False),
        ("https://sms.example.com/send", False),
    ],
)
def test_production_sends_plainly_within_the_shop_only(
    url: str, *, is_refused: bool
) -> None:
    settings = settings_of(SMS_HTTP_URL=url, BELLHOP_ENV="production")

    if not is_refused:
        assert channel_orders(settings)[Channel.SMS] == ("http",)
        return
    with pytest.raises(ConfigError, match="SMS_HTTP_URL"):
        channel_orders(settings)
