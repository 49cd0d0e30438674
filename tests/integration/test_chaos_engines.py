"""What a chaos run breaks where engines are given, and that it leaves nothing there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pika
import pytest
import sqlalchemy as sa
from pika.exceptions import ChannelClosedByBroker

from app.broker import is_rabbit, open_doorbell
from app.chaos.remote_queue import RemoteQueue, knock
from app.chaos.scratch import Scratch
from app.errors import QueueUnavailableError, StartError
from app.storage.database import Database
from tests.branch import USUAL_SERVER, require_postgresql
from tests.rabbit import Rabbit
from tests.valkey import ValkeyServer, free_port

NAMESPACE = "bellhop-test-chaos"


@pytest.fixture(params=["rabbitmq", "valkey"])
def given(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a real server that others may use, too."""
    if request.param == "rabbitmq":
        with Rabbit() as rabbit:
            yield rabbit.direct_url
    else:
        with ValkeyServer(tmp_path) as valkey:
            yield valkey.url


@pytest.fixture
def server() -> str:
    require_postgresql()
    return USUAL_SERVER


def ring(queue: RemoteQueue, task_id: str = "01-task") -> int:
    """Ring as an API does, and return how many rings wait."""
    with closing(open_doorbell(queue.url, namespace=NAMESPACE)) as doorbell:
        doorbell.ring([task_id])
        return doorbell.depth()


def test_a_given_queue_is_away_stalled_and_emptied_and_comes_back(given: str) -> None:
    with RemoteQueue(given, namespace=NAMESPACE) as queue:
        assert ring(queue, "01-one") == 1
        assert ring(queue, "01-two") == 2

        queue.flush()
        assert ring(queue) == 1

        for begin, end in (
            (queue.kill, queue.start),
            (queue.stall, queue.resume),
        ):
            begin()
            with pytest.raises(QueueUnavailableError):
                ring(queue)
            end()
            assert ring(queue, "01-after") >= 1

        queue.lose_journal()
        assert ring(queue) == 1


def test_nothing_of_a_run_stays_on_a_given_queue(given: str) -> None:
    with closing(open_doorbell(given, namespace="bellhop-test-others")) as others:
        others.ring(["01-others"])
        with RemoteQueue(given, namespace=NAMESPACE) as queue:
            ring(queue)

        assert others.depth() == 1
    with RemoteQueue(given, namespace="bellhop-test-others"):
        pass  # which removes what this test has made
    assert not is_there(given)


def is_there(url: str) -> bool:
    """Tell whether anything of the run is left; a look makes nothing anew."""
    if not is_rabbit(url):
        with closing(open_doorbell(url, namespace=NAMESPACE)) as doorbell:
            return doorbell.depth() > 0
    with pika.BlockingConnection(pika.URLParameters(url)) as line:
        try:
            line.channel().queue_declare(f"{NAMESPACE}.main", passive=True)
        except ChannelClosedByBroker:
            return False
        return True


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("amqps://localhost/", "without TLS"),
        ("rediss://localhost/", "without TLS"),
        ("http://localhost/", "looks like amqp://"),
        ("redis://", "looks like amqp://"),
        ("amqp://localhost:99999999/", "looks like amqp://"),
    ],
)
def test_a_queue_that_cannot_be_broken_is_refused(url: str, words: str) -> None:
    with pytest.raises(StartError, match=words):
        knock(url)


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_queue_that_is_not_there_is_told_in_plain_words(scheme: str) -> None:
    with pytest.raises(StartError, match=r"The queue server cannot be reached\."):
        knock(f"{scheme}://127.0.0.1:{free_port()}/")


def test_a_server_ends_the_connections_of_all_but_the_run_itself(server: str) -> None:
    scratch = Scratch(server)
    try:
        box, own = scratch.database_url, scratch.own_database_url
        assert box is not None
        assert own is not None
        with (
            closing(Database(box)) as theirs,
            closing(Database(own)) as ours,
            theirs.engine.connect() as one,
            ours.engine.connect() as another,
        ):
            assert one.exec_driver_sql("SELECT 1").scalar() == 1
            assert another.exec_driver_sql("SELECT 1").scalar() == 1

            scratch.cut_connections()

            assert another.exec_driver_sql("SELECT 2").scalar() == 2
            with pytest.raises(sa.exc.OperationalError):
                one.exec_driver_sql("SELECT 2")
    finally:
        scratch.remove()

    assert not scratch.folder.exists()
    with closing(Database(box)) as theirs, pytest.raises(sa.exc.OperationalError):
        theirs.engine.connect()


@pytest.mark.parametrize("url", ["sqlite:///x.db", "postgresql://h/d", "nonsense"])
def test_a_database_that_is_no_postgresql_is_refused(url: str) -> None:
    with pytest.raises(StartError, match="looks like postgresql"):
        Scratch(url)


def test_without_a_server_there_is_a_folder_alone() -> None:
    scratch = Scratch()

    assert scratch.database_url is None
    assert scratch.own_database_url is None
    assert scratch.folder.is_dir()
    scratch.remove()
    assert not scratch.folder.exists()
