"""Customers write, click and are written to in any order: all is obeyed and explained.

Hypothesis plays customers and staff; each call to the provider is looked at as it is
made, and at the end every message and every booking has its reason.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from app.channels.base import CALL_S, Message
from app.domain.bookings import Customer
from app.domain.inbound import InboundMessage
from app.domain.outcomes import Outcome
from app.domain.recipients import Channel
from app.domain.tasks import FINISHED, Status
from app.errors import ConflictError
from app.services import bookings, own_page
from app.storage import tables
from tests.engine import UNLIMITED, Engine, open_engine
from tests.fakes import FakeProvider
from tests.house import ALICE, BOB, count, make_booking, make_service, perform, rows
from tests.replying import inbound, take

CUSTOMERS = (ALICE, BOB)
WORDS = ("stop", "start", "help", "yes", "c", "late 5", "CANCEL", "Is there parking?")
ASKED_FOR = {"stopped", "help"}


class Watchful(FakeProvider):
    """Fails the test where somebody is written to who wants nothing more."""

    engine: Engine

    def send(self, message: Message, *, within_s: float = CALL_S) -> Outcome:
        """Look at who is written to, then take the message."""
        runtime = self.engine.runtime
        where = {"channel": message.channel, "address": message.recipient}
        if rows(runtime, tables.suppressions, **where):
            (task,) = rows(runtime, tables.tasks, id=message.key)
            assert task["args"].get("topic") in ASKED_FOR, task["kind"]
        return super().send(message, within_s=within_s)


class Correspondence(RuleBasedStateMachine):
    """Two customers with their bookings, and whatever they write."""

    @initialize()
    def build(self) -> None:
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        engine = self.stack.enter_context(open_engine(folder, policy=UNLIMITED))
        provider = Watchful()
        providers = dict.fromkeys(Channel, (provider,))
        self.engine = engine.with_courier(replace(engine.courier, providers=providers))
        provider.engine = self.engine
        self.service = make_service(self.engine.runtime, capacity=1000)
        self.written: dict[str, InboundMessage] = {}

    @rule(customer=st.sampled_from(CUSTOMERS), hours=st.integers(1, 60))
    def book(self, customer: Customer, hours: int) -> None:
        make_booking(
            self.engine.runtime,
            self.service,
            customer=customer,
            start=self.engine.clock.now + timedelta(hours=hours),
            confirmed=True,
        )

    @rule(
        customer=st.sampled_from(CUSTOMERS),
        text=st.sampled_from(WORDS),
        channel=st.sampled_from([Channel.SMS, Channel.WHATSAPP]),
    )
    def write(self, customer: Customer, text: str, channel: Channel) -> None:
        message = inbound(text, sender=customer.phone, channel=channel)
        self.written[message.provider_message_id] = message
        take(self.engine.runtime, message)

    @rule(which=st.integers(0, 5))
    def a_webhook_is_repeated(self, which: int) -> None:
        for message in list(self.written.values())[which : which + 1]:
            take(self.engine.runtime, message)

    @rule(which=st.integers(0, 5))
    def the_staff_cancels(self, which: int) -> None:
        def deed(tx: sa.Connection, booking_id: str) -> None:
            booking = bookings.find(tx, booking_id, lock=True)
            now = self.engine.clock.now
            bookings.cancel(tx, self.engine.runtime, booking, now=now, reason="")

        self._do(deed, which)

    @rule(which=st.integers(0, 5))
    def the_customer_cancels_on_their_page(self, which: int) -> None:
        def deed(tx: sa.Connection, booking_id: str) -> None:
            now = self.engine.clock.now
            own_page.cancel(tx, self.engine.runtime, booking_id, now=now)

        self._do(deed, which)

    def _do(self, deed: Callable[[sa.Connection, str], None], which: int) -> None:
        runtime = self.engine.runtime
        for row in rows(runtime, tables.bookings)[which : which + 1]:
            with suppress(ConflictError):
                perform(runtime, partial(deed, booking_id=row["id"]))

    @rule(minutes=st.integers(1, 600))
    def time_passes(self, minutes: int) -> None:
        self.engine.clock.advance(minutes=minutes)

    @rule()
    def messages_leave(self) -> None:
        self.engine.work()

    def teardown(self) -> None:
        self.engine.work()
        self.engine.clock.advance(days=3)
        self.engine.work()
        self.everything_is_explained()
        self.stack.close()

    def everything_is_explained(self) -> None:
        runtime = self.engine.runtime
        for task in rows(runtime, tables.tasks):
            assert task["status"] in FINISHED, dict(task)
            assert task["status"] == Status.SENT or task["reason"], dict(task)
        for booking in rows(runtime, tables.bookings):
            told = {"booking_id": booking["id"], "kind": "booking_cancelled"}
            once_a_channel = 3 if booking["status"] == "cancelled" else 0
            assert count(runtime, tables.tasks, **told) == once_a_channel
        assert count(runtime, tables.inbox) == len(self.written)
        assert count(runtime, tables.tasks, kind="reply") <= len(self.written)
        self.the_ledger_tells_what_holds()

    def the_ledger_tells_what_holds(self) -> None:
        last = {
            (line["channel"], line["address"]): line["action"]
            for line in sorted(
                rows(self.engine.runtime, tables.consents), key=lambda row: row["id"]
            )
        }
        withdrawn = {where for where, action in last.items() if action == "withdrawn"}
        held = rows(self.engine.runtime, tables.suppressions)
        assert {(row["channel"], row["address"]) for row in held} == withdrawn


TestCorrespondence = Correspondence.TestCase
TestCorrespondence.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
