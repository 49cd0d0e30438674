"""Two hosts share a database and a queue; one is cut off in the middle of its work.

The third is ours: PostgreSQL, the queue and the provider are there. Alice's host leads
and holds a message in its hand when its cable is drawn; Bob's does everything then.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.chaos.proxy import Proxy
from app.domain.tasks import FINISHED
from app.runtime import Runtime
from app.storage.tables import notifications, tasks, workers
from tests.box import ACCOUNT_SID, AUTH_TOKEN
from tests.branch import (
    Branch,
    on_rabbitmq,
    on_valkey,
    require_postgresql,
    shared_database,
)
from tests.hosts import Network
from tests.house import make_runtime
from tests.part import SOON_S
from tests.reckoning import reckon
from tests.simulator import Simulator
from tests.waiting import wait_until

if sys.platform == "win32":
    pytest.skip("needs network namespaces", allow_module_level=True)

#: A heartbeat comes every five seconds; a lease lasts fifteen.
POLICY = """
[queues]
sms = { rate_limit = "0", retry_delays = ["0.2s", "0.2s", "0.2s"] }
[engine]
look_up = "1s"
ring_again = "1s"
retry_failed = "0.5s"
worker_expiry = "10s"
[schedule]
release = "0.2s"
heartbeat = "1s"
take_over = "1s"
relay = "0.5s"
retry_failed = "0.5s"
expire = "1s"
"""
#: What each host plans before the cut; Bob alone during it, and each after it.
BEFORE, DURING, AFTER = 45, 20, 20
#: What Alice's website asks of her host, which cannot do it.
IN_VAIN = 3
#: The exit code that has a service manager start the worker anew.
EXIT_BROKEN = 70
#: Seconds within which others must have taken over.
TAKEN_OVER_WITHIN_S = 30
#: Who took the lease when, and until when; who ran a job.
WITNESS = """
CREATE TABLE witness (seq bigserial, what text, who text, at bigint, until bigint);
CREATE FUNCTION now_ms() RETURNS bigint AS
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint' LANGUAGE sql;
CREATE FUNCTION see_lease() RETURNS trigger AS $$ BEGIN
    IF NEW.name = 'scheduler' THEN
        INSERT INTO witness (what, who, at, until)
        VALUES ('lease', split_part(NEW.place, ':', 1), now_ms(), NEW.expires_at);
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE FUNCTION see_run() RETURNS trigger AS $$ BEGIN
    INSERT INTO witness (what, who, at)
    VALUES ('run', current_setting('application_name'), now_ms());
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER see AFTER INSERT OR UPDATE ON leases
    FOR EACH ROW EXECUTE FUNCTION see_lease();
CREATE TRIGGER see AFTER INSERT OR UPDATE OF started_at ON jobs
    FOR EACH ROW EXECUTE FUNCTION see_run();
"""

Queue = Callable[[Network, str, Path], AbstractContextManager[str]]
QUEUES: dict[str, tuple[str, Queue]] = {
    "rabbitmq": ("BROKER_URL", on_rabbitmq),
    "valkey_in_tls": ("REDIS_URL", on_valkey),
}


@dataclass
class Chain:
    """A business with two branches."""

    runtime: Runtime
    simulator: Simulator
    alice: Branch
    bob: Branch
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(100))
    began: float = field(default_factory=time.monotonic)

    def plan(self, *branches: Branch, times: int) -> None:
        """Ask each of these branches so often for an SMS to a new customer."""
        for _ in range(times):
            for branch in branches:
                assert branch.plan(self.new_phone(), "Hello").status == 202

    def new_phone(self) -> str:
        return f"+14155550{next(self.numbers):03}"

    def tell(self, event: str) -> None:
        """Note for the reader of the test's output what happened when."""
        sys.stdout.write(f"{time.monotonic() - self.began:6.1f} s  {event}\n")


@pytest.fixture(params=QUEUES)
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Chain]:
    require_postgresql()
    variable, queue = QUEUES[request.param]
    policy = tmp_path / "bellhop.toml"
    policy.write_text(POLICY)
    flags = ("--twilio-account-sid", ACCOUNT_SID, "--twilio-auth-token", AUTH_TOKEN)
    with (
        Network() as network,
        shared_database() as database,
        make_runtime(tmp_path, DATABASE_URL=database) as runtime,
        Simulator(flags=flags) as simulator,
        queue(network, database, tmp_path) as queue_url,
        _way(network, sa.make_url(database).port or 5432) as to_database,
        _way(network, int(simulator.http.rpartition(":")[2])) as to_provider,
    ):
        with runtime.database.write() as tx:
            tx.exec_driver_sql(WITNESS)
        place = sa.make_url(database).set(host=network.address, port=to_database.port)
        shared = {
            variable: queue_url,
            "TWILIO_API_BASE": f"http://{network.address}:{to_provider.port}",
        }
        known = place.render_as_string(hide_password=False)
        alice, bob = (
            Branch(
                network.host(name), tmp_path, database=known, policy=policy, **shared
            )
            for name in ("alice", "bob")
        )
        with alice, bob:  # who comes first leads
            yield Chain(runtime, simulator, alice, bob)


def _way(network: Network, port: int) -> Proxy:
    return Proxy("127.0.0.1", port, address=network.address)


def test_a_host_that_is_cut_off_in_the_middle_costs_nothing(chain: Chain) -> None:
    alice, bob = chain.alice, chain.bob
    chain.simulator.add_fault("late_answer", seconds=0.1)
    chain.plan(alice, bob, times=BEFORE)
    in_hand = cut_off_with_a_message_in_hand(chain)
    chain.plan(bob, times=DURING)
    asked_in_vain = ask_in_vain(chain)
    wait_until_bob_has_taken_over(chain)
    assert copies(chain, in_hand) == 1
    assert not alice.is_well

    alice.host.reconnect()
    wait_until_alice_is_back(chain)
    chain.plan(alice, bob, times=AFTER)
    for phone in asked_in_vain:
        assert alice.plan(phone, "Hello").status == 202
    wait_until_settled(chain)

    reckoning = reckon(chain.runtime, chain.simulator.ledger())
    assert len(reckoning.lines) == 2 * BEFORE + DURING + IN_VAIN + 2 * AFTER
    reckoning.assert_all_sent_once()
    assert "Notification sent" in alice.worker.said
    assert_one_led_at_a_time(chain)


def cut_off_with_a_message_in_hand(chain: Chain) -> str:
    """Cut Alice off while the provider keeps an answer to her back; return to whom."""
    chain.simulator.clear_faults()
    chain.simulator.add_fault("late_answer", seconds=2)
    answered = {entry["recipient"] for entry in chain.simulator.ledger()}
    found: list[str] = []

    def is_taken() -> bool:
        found[:] = set(held_by(chain, "alice")) - answered
        return bool(found) and copies(chain, found[0]) == 1

    wait_until(is_taken, within_s=SOON_S, what="Alice's worker has one in hand")
    chain.alice.host.cut_off()
    chain.began = time.monotonic()
    chain.tell(f"Alice is cut off; {waiting(chain)} messages are not sent yet")
    chain.simulator.clear_faults()
    assert held_by(chain, "alice") == found
    return found[0]


def ask_in_vain(chain: Chain) -> list[str]:
    """Ask Alice's API for what it cannot save; return for whom."""
    phones = [chain.new_phone() for _ in range(IN_VAIN)]
    for phone in phones:
        answer = chain.alice.plan(phone, "Hello")
        chain.tell(f"Alice's API answers {answer.status}")
        assert answer.status == 503
        assert answer.headers["retry-after"]
    return phones


def wait_until_bob_has_taken_over(chain: Chain) -> None:
    """Wait until Bob leads, Alice's worker is taken for dead, and all is sent."""
    chain.bob.scheduler.wait_for_words("Scheduler leads")
    chain.tell("Bob's scheduler leads")
    wait_until(
        lambda: not hosts_at_work(chain, "alice"),
        within_s=TAKEN_OVER_WITHIN_S,
        what="Alice's worker is taken for dead",
    )
    chain.tell("Alice's worker is taken for dead")
    wait_until_settled(chain)
    chain.tell("all is sent")


def wait_until_alice_is_back(chain: Chain) -> None:
    """Wait until all on Alice's host know what has happened, and work again."""
    alice = chain.alice
    chain.tell("Alice is connected again")
    wait_until(
        lambda: alice.worker.exit_code == EXIT_BROKEN,
        within_s=SOON_S,
        what=f"her worker ends, which said {alice.worker.said}",
    )
    assert "Taken for dead by another host" in alice.worker.said
    chain.tell("Alice's worker has noticed, and is started anew")
    alice.worker.start()  # as a service manager does
    alice.worker.wait_for_words("Worker started")
    alice.scheduler.wait_for_words("Scheduler waits")
    chain.tell("Alice's scheduler waits")
    alice.api.wait_until(lambda: alice.is_well, what="it is ready")
    chain.tell("Alice's API is well")


def assert_one_led_at_a_time(chain: Chain) -> None:
    """Fail unless Alice led until her lease was over, and Bob from then on."""
    with chain.runtime.database.read() as tx:
        seen = tx.exec_driver_sql(
            "SELECT what, who, at, until FROM witness ORDER BY seq"
        ).all()
    leases = [row for row in seen if row.what == "lease"]
    runs = [row for row in seen if row.what == "run"]
    for rows in (leases, runs):
        turns = [who for who, _ in itertools.groupby(row.who for row in rows)]
        assert turns == ["alice", "bob"]
    last = max(row.until for row in leases if row.who == "alice")
    assert last <= min(row.at for row in (*leases, *runs) if row.who == "bob")


def held_by(chain: Chain, host: str) -> list[str]:
    """Return for whom the messages are that a worker of this host holds."""
    held = (
        sa.select(notifications.c.recipient)
        .join(tasks)
        .join(workers, workers.c.boot_id == tasks.c.worker_boot_id)
        .where(tasks.c.status == "sending", workers.c.host.startswith(f"{host}:"))
    )
    with chain.runtime.database.read() as tx:
        return list(tx.execute(held).scalars())


def hosts_at_work(chain: Chain, host: str) -> bool:
    known = sa.select(workers.c.boot_id).where(workers.c.host.startswith(f"{host}:"))
    with chain.runtime.database.read() as tx:
        return tx.execute(known).first() is not None


def copies(chain: Chain, recipient: str) -> int:
    return len(chain.simulator.ledger(recipient=recipient))


def waiting(chain: Chain) -> int:
    unsettled = sa.select(sa.func.count()).where(tasks.c.status.not_in(FINISHED))
    with chain.runtime.database.read() as tx:
        return int(tx.execute(unsettled).scalar_one())


def wait_until_settled(chain: Chain) -> None:
    wait_until(
        lambda: waiting(chain) == 0,
        within_s=SOON_S,
        what=f"all is sent\n{reckon(chain.runtime, [])}{chain.bob.worker.said}",
    )
