"""Two real schedulers on one PostgreSQL: one leads, the other takes over in time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.chaos.proxy import Proxy
from app.clock import utc_now
from app.runtime import Runtime
from app.services import jobs
from app.services.leadership import Leaders
from app.storage.database import Database
from app.storage.migrate import migrate
from app.storage.tables import leases
from tests.house import make_runtime
from tests.postgres import PREFIX, SERVER
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
#: Where the machines that run these tests have one.
USUAL_SERVER = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
REQUIRED = "BELLHOP_TEST_REQUIRE_SERVICES"
WITHIN_S = 30
#: Who wrote down which run of a job: each scheduler has a name at the server.
WITNESS = """
CREATE TABLE witness (name text, started_at bigint);
CREATE FUNCTION tell() RETURNS trigger AS $$ BEGIN
    INSERT INTO witness VALUES (current_setting('application_name'), NEW.started_at);
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER tell AFTER INSERT OR UPDATE OF started_at ON jobs
    FOR EACH ROW EXECUTE FUNCTION tell();
"""


@pytest.fixture(scope="module")
def server() -> Iterator[sa.Engine]:
    engine = sa.create_engine(
        SERVER or USUAL_SERVER,
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 3},
    )
    try:
        engine.connect().close()
    except sa.exc.OperationalError as error:
        if os.environ.get(REQUIRED):
            raise
        pytest.skip(f"there is no PostgreSQL: {str(error.orig).splitlines()[0]}")
    yield engine
    engine.dispose()


@pytest.fixture
def runtime(server: sa.Engine, tmp_path: Path) -> Iterator[Runtime]:
    name = f"{PREFIX}{os.getpid()}_{time.monotonic_ns()}"
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = server.url.set(database=name).render_as_string(hide_password=False)
    try:
        database = Database(url)
        migrate(database)
        with database.write() as tx:
            tx.exec_driver_sql(WITNESS)
        database.close()
        with make_runtime(tmp_path, DATABASE_URL=url) as house:
            yield house
    finally:
        with server.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@dataclass
class Scheduler:
    """A scheduler's process, and what it says."""

    child: subprocess.Popen[bytes]
    said: Path
    name: str

    def says(self, words: str) -> int:
        """Return how often it has said so."""
        return self.said.read_text(encoding="utf-8").count(words)

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.child.send_signal(number)


@contextmanager
def scheduler(
    runtime: Runtime, folder: Path, name: str, *, by: Proxy | None = None
) -> Iterator[Scheduler]:
    """Start one on a host of its own: nothing but the database is shared."""
    place = folder / name
    place.mkdir()
    url = sa.make_url(runtime.settings.database_url or "")
    named = url.update_query_dict({"application_name": name})
    if by is not None:
        named = named.set(host="127.0.0.1", port=by.port)
    environment = {
        **os.environ,
        "BELLHOP_DATA_DIR": str(place / "var"),
        "DATABASE_URL": named.render_as_string(hide_password=False),
        "PYTHONPATH": str(ROOT),
    }
    with (
        (place / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, str(ROOT / "scheduler.py")],
            cwd=place,
            env=environment,
            stderr=log,
        ) as child,
    ):
        try:
            yield Scheduler(child, place / "log", name)
        finally:
            child.kill()


def leaders(runtime: Runtime) -> Leaders:
    return jobs.schedule(runtime).leaders


def leads(runtime: Runtime, one: Scheduler) -> bool:
    leader = leaders(runtime).leader
    return leader is not None and leader.is_alive and leader.pid == one.child.pid


def waits(runtime: Runtime, one: Scheduler) -> bool:
    return one.child.pid in {standby.pid for standby in leaders(runtime).standbys}


def wait_for_waiting(runtime: Runtime, one: Scheduler) -> None:
    wait_until(
        lambda: waits(runtime, one) and one.says("Scheduler waits"),
        within_s=WITHIN_S,
        what=f"{one.name} waits",
    )


def wait_for_lead(runtime: Runtime, one: Scheduler, within_s: float = WITHIN_S) -> None:
    wait_until(lambda: leads(runtime, one), within_s=within_s, what=f"{one.name} leads")


@pytest.fixture
def pair(runtime: Runtime, tmp_path: Path) -> Iterator[tuple[Scheduler, Scheduler]]:
    """Alice leads, Bob waits."""
    with scheduler(runtime, tmp_path, "alice") as alice:
        wait_for_lead(runtime, alice)
        with scheduler(runtime, tmp_path, "bob") as bob:
            wait_for_waiting(runtime, bob)
            yield alice, bob


def runs_of(runtime: Runtime, one: Scheduler, *, since_ms: int = 0) -> int:
    """Return how many runs a scheduler has begun and written down since then."""
    query = sa.text(
        "SELECT count(*) FROM witness WHERE name = :name AND started_at > :s"
    )
    with runtime.database.read() as tx:
        found = tx.execute(query, {"name": one.name, "s": since_ms}).scalar_one()
    return int(found)


def now_ms() -> int:
    return int(utc_now().timestamp() * 1000)


def test_a_standby_leads_soon_after_the_leader_was_killed(
    runtime: Runtime, pair: tuple[Scheduler, Scheduler]
) -> None:
    alice, bob = pair
    assert runs_of(runtime, alice) > 0
    assert runs_of(runtime, bob) == 0

    alice.tell(signal.SIGKILL)

    wait_for_lead(runtime, bob, within_s=20)
    wait_until(
        lambda: runs_of(runtime, bob), within_s=WITHIN_S, what="bob runs the jobs"
    )


def test_a_leader_that_was_frozen_wakes_as_a_standby(
    runtime: Runtime, pair: tuple[Scheduler, Scheduler]
) -> None:
    alice, bob = pair
    alice.tell(signal.SIGSTOP)
    frozen_at = now_ms() + 100  # a run that it was in the middle of may still be noted
    wait_for_lead(runtime, bob, within_s=20)

    alice.tell(signal.SIGCONT)

    wait_for_waiting(runtime, alice)
    before = runs_of(runtime, bob)
    wait_until(
        lambda: runs_of(runtime, bob) > before + 3,
        within_s=WITHIN_S,
        what="bob goes on",
    )
    assert runs_of(runtime, alice, since_ms=frozen_at) == 0
    assert leads(runtime, bob)
    assert alice.child.poll() is None


def test_a_leader_whose_line_stalls_is_followed_and_steps_back(
    runtime: Runtime, tmp_path: Path
) -> None:
    url = sa.make_url(runtime.settings.database_url or "")
    with (
        Proxy(url.host or "127.0.0.1", url.port or 5432) as line,
        scheduler(runtime, tmp_path, "alice", by=line) as alice,
    ):
        wait_for_lead(runtime, alice)
        with scheduler(runtime, tmp_path, "bob") as bob:
            wait_for_waiting(runtime, bob)

            line.stall()
            wait_for_lead(runtime, bob, within_s=WITHIN_S)
            taken_over_at = now_ms()
            line.resume()

            wait_for_waiting(runtime, alice)
            assert leads(runtime, bob)
            assert runs_of(runtime, alice, since_ms=taken_over_at) == 0


def test_a_leader_that_leaves_in_order_is_followed_at_once(
    runtime: Runtime, pair: tuple[Scheduler, Scheduler]
) -> None:
    alice, bob = pair

    alice.tell(signal.SIGTERM)
    alice.child.wait(WITHIN_S)

    wait_for_lead(runtime, bob, within_s=3)
    assert alice.child.returncode == 0
    with runtime.database.read() as tx:
        assert len(tx.execute(sa.select(leases)).all()) == 1


def test_a_job_that_is_asked_for_runs_within_a_moment(
    runtime: Runtime, pair: tuple[Scheduler, Scheduler]
) -> None:
    alice, _bob = pair
    asked_at = now_ms()

    with runtime.database.write() as tx:
        jobs.request_run(tx, runtime, "cleanup")

    def ran() -> bool:
        row = jobs.all_jobs(runtime)["cleanup"]
        return row["started_at"].timestamp() * 1000 >= asked_at

    wait_until(ran, within_s=3, what="cleanup has run")
    assert jobs.requests(runtime) == {}
    assert leads(runtime, alice)
