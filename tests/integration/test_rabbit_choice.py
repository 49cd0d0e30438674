"""BROKER_URL chooses the queue server: what is opened, and what is said of it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.broker import check_queue_server, open_doorbell, open_worker_broker
from app.broker.rabbit_broker import RabbitWorkerBroker
from app.broker.rabbit_check import version_warnings
from app.broker.redis_broker import RedisWorkerBroker
from app.chaos.proxy import Proxy
from app.commands.checks import running
from app.commands.checks.findings import Box, Finding, Level
from app.errors import QueueUnavailableError
from app.runtime import queue_url
from app.services import health
from tests.house import make_runtime, make_settings
from tests.rabbit import HOST, PORT, Rabbit
from tests.raw_server import CERTIFICATES
from tests.shell import Shell
from tests.valkey import free_port


@pytest.fixture
def rabbit() -> Iterator[Rabbit]:
    with Rabbit() as rabbit:
        yield rabbit


def doctor(tmp_path: Path, **env: str) -> list[Finding]:
    settings = make_settings(tmp_path, **env)
    return list(running.queue(Box(settings=settings, runtime=None)))


def test_broker_url_goes_before_redis_url(tmp_path: Path) -> None:
    both = make_settings(
        tmp_path, BROKER_URL="amqp://rabbit/", REDIS_URL="redis://valkey/0"
    )
    redis_twice = make_settings(
        tmp_path, BROKER_URL="redis://second/1", REDIS_URL="redis://first/0"
    )

    assert queue_url(both) == "amqp://rabbit/"
    assert queue_url(redis_twice) == "redis://second/1"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("amqp://127.0.0.1/", RabbitWorkerBroker),
        ("amqps://127.0.0.1/", RabbitWorkerBroker),
        ("redis://127.0.0.1/", RedisWorkerBroker),
    ],
)
def test_worker_gets_the_broker_of_its_server(url: str, kind: type) -> None:
    with closing(open_worker_broker(url, namespace="test")) as broker:
        assert isinstance(broker, kind)


def test_house_on_rabbitmq_rings_there_and_is_ready(
    rabbit: Rabbit, tmp_path: Path
) -> None:
    with make_runtime(tmp_path, BROKER_URL=rabbit.url) as runtime:
        before = next(c for c in health.checks(runtime) if c.name == "queue")
        rabbit.proxy.close()
        after = next(c for c in health.checks(runtime) if c.name == "queue")
    rabbit.proxy.open()

    assert before.ok
    assert after.detail == "The queue server cannot be reached."


def test_doctor_finds_a_rabbitmq_well(rabbit: Rabbit, tmp_path: Path) -> None:
    (found,) = doctor(tmp_path, BROKER_URL=rabbit.direct_url)

    assert found.level is Level.OK
    assert check_queue_server(rabbit.direct_url) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("guest:geheim@127.0.0.1:5672/", "refuses the login"),
        ("guest:guest@127.0.0.1:5672/nowhere", "has no such vhost"),
        ("guest:geheim@127.0.0.1:{free}/", "cannot be reached"),
    ],
)
def test_doctor_names_what_is_wrong_without_the_password(
    rabbit: Rabbit, tmp_path: Path, place: str, words: str
) -> None:
    url = f"amqp://{place.format(free=free_port())}"
    (found,) = doctor(tmp_path, BROKER_URL=url)
    (warning,) = check_queue_server(url)

    assert found.level is Level.BROKEN
    assert words in found.finding
    assert words in warning
    assert "geheim" not in f"{found}{warning}"


def test_old_rabbitmq_is_told() -> None:
    assert "needs 3.8" in version_warnings("3.7.28")[0]
    assert version_warnings("3.10.8") == []
    assert version_warnings("4.1.0") == []
    assert version_warnings("") == []


def test_config_shows_the_address_without_its_password(shell: Shell) -> None:
    shell.set(BROKER_URL="amqp://bob:geheim@rabbit:5672/bellhop")

    printed = shell("config").out

    assert "amqp://***@rabbit:5672/bellhop" in printed
    assert "(not used)" in printed  # REDIS_URL
    assert "geheim" not in printed


def test_encrypted_line_rings_where_the_certificate_is_known(
    rabbit: Rabbit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
    with encrypted() as proxy:
        url = f"amqps://guest:guest@localhost:{proxy.port}/"
        with closing(open_doorbell(url, namespace=rabbit.namespace)) as doorbell:
            doorbell.ring(["task-1"])

    assert rabbit.depth() == 1


def test_certificate_of_a_stranger_is_refused(rabbit: Rabbit) -> None:
    with encrypted() as proxy:
        url = f"amqps://guest:guest@localhost:{proxy.port}/"
        with (
            closing(open_doorbell(url, namespace=rabbit.namespace)) as doorbell,
            pytest.raises(QueueUnavailableError, match="certificate"),
        ):
            doorbell.ring(["task-1"])


def encrypted() -> Proxy:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "localhost.pem")
    return Proxy(HOST, PORT, encryption=context)
