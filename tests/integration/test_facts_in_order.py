"""One customer, in order: each channel tells the facts as they came, and none twice."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.bookings import Booking
from app.domain.outcomes import Outcome, Result
from app.domain.recipients import Channel
from app.storage.tables import notifications, tasks
from tests.changing import cancel_booking, move, pay
from tests.engine import UNLIMITED, Engine, open_engine
from tests.house import ALICE, make_booking, rows

TRANSIENT = Outcome(result=Result.TRANSIENT, reason="busy")
CHANNELS = list(Channel)
#: What may become of a booking, the last of it at most once.
FACTS = st.tuples(
    st.lists(st.just("move"), max_size=3), st.sampled_from([[], ["cancel"]])
).map(lambda parts: [*parts[0], *parts[1]])

LAST_WORD = {
    "confirm": "booking_confirmed",
    "move": "booking_rescheduled",
    "cancel": "booking_cancelled",
}


def told(engine: Engine) -> dict[Channel, list[str]]:
    """Return the kinds of message that left over each channel, in order."""
    return {
        channel: [
            str(engine.row(message.key)["kind"])
            for message in engine.provider.handed
            if message.channel is channel
        ]
        for channel in CHANNELS
    }


def everywhere(*kinds: str) -> dict[Channel, list[str]]:
    return {channel: list(kinds) for channel in CHANNELS}


@pytest.fixture
def booking(engine: Engine) -> Booking:
    """Alice's booking, just confirmed; she is reached on three channels."""
    return make_booking(engine.runtime, customer=ALICE, confirmed=True)


def test_confirmed_then_cancelled_while_unsent_only_the_cancellation_leaves(
    engine: Engine, booking: Booking
) -> None:
    cancel_booking(engine, booking)

    engine.work()

    assert told(engine) == everywhere("booking_cancelled")
    confirmations = rows(engine.runtime, tasks, kind="booking_confirmed")
    assert {row["status"] for row in confirmations} == {"cancelled"}


def test_confirmed_and_sent_then_moved_twice_only_the_last_move_leaves(
    engine: Engine, booking: Booking
) -> None:
    engine.work()
    engine.provider.handed.clear()
    move(engine, booking, hours=1)
    move(engine, booking, hours=2)

    engine.work()

    assert told(engine) == everywhere("booking_rescheduled")
    moves = rows(engine.runtime, tasks, kind="booking_rescheduled")
    in_order = [row["status"] for row in sorted(moves, key=lambda row: row["seq"])]
    assert in_order == ["superseded"] * 3 + ["sent"] * 3


def test_paid_while_the_confirmation_is_unsent_both_leave_in_this_order(
    engine: Engine, booking: Booking
) -> None:
    # What waits in `high` is the more urgent by far.
    engine.provider.script += [TRANSIENT] * len(CHANNELS)
    pay(engine, booking)
    engine.work()
    assert told(engine) == everywhere("booking_confirmed")

    engine.clock.advance(minutes=5)
    engine.work()

    assert told(engine) == everywhere(
        "booking_confirmed", "booking_confirmed", "payment_received"
    )


def test_confirmed_then_moved_while_unsent_only_the_new_time_leaves(
    engine: Engine, booking: Booking
) -> None:
    move(engine, booking, hours=1)

    engine.work()

    assert told(engine) == everywhere("booking_rescheduled")


def test_a_move_waits_until_the_confirmation_before_it_is_cleared_up(
    engine: Engine, booking: Booking
) -> None:
    # Nobody knows whether the confirmation was sent: the move must not overtake it.
    cut = Outcome(result=Result.AMBIGUOUS, reason="the line was cut")
    engine.provider.script += [cut] * 3
    engine.work()
    move(engine, booking, hours=1)

    engine.work()
    assert told(engine) == everywhere("booking_confirmed")
    engine.clock.advance(seconds=60)
    engine.work()

    # The confirmation tells a time that is no more: it is not sent blindly again.
    assert told(engine) == everywhere("booking_confirmed", "booking_rescheduled")


# Four failures would use up a message's quick tries, and let the later ones go on.
@given(
    facts=FACTS,
    works=st.lists(st.booleans(), min_size=5, max_size=5),
    fails=st.lists(st.booleans(), max_size=15).filter(lambda all_: sum(all_) <= 3),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_each_channel_tells_the_facts_in_order_through_retries(
    facts: list[str], works: list[bool], fails: list[bool]
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        open_engine(Path(folder), policy=UNLIMITED) as engine,
    ):
        live_through(engine, facts, works, fails)

        last = LAST_WORD[facts[-1] if facts else "confirm"]
        for channel in CHANNELS:
            sent = sent_over(engine, channel)
            assert [seq for seq, _ in sent] == sorted(seq for seq, _ in sent)
            assert sent[-1][1] == last


def live_through(
    engine: Engine, facts: list[str], works: list[bool], fails: list[bool]
) -> None:
    """Confirm a booking and change it, with failures; then let all come to its end."""
    accepted = Outcome(result=Result.ACCEPTED, provider_message_id="taken")
    engine.provider.script += [TRANSIENT if fail else accepted for fail in fails]
    booking = make_booking(engine.runtime, customer=ALICE, confirmed=True)
    for fact, is_worked_before in zip(facts, works, strict=False):
        if is_worked_before:
            engine.work()
            engine.clock.advance(seconds=50)
        if fact == "move":
            move(engine, booking, hours=1)
        else:
            cancel_booking(engine, booking)
    engine.provider.script.extend([accepted] * 99)
    for _ in range(10):
        engine.work()
        engine.clock.advance(minutes=1)
    engine.work()


def sent_over(engine: Engine, channel: Channel) -> list[tuple[int, str]]:
    """Return the place and kind of each message that was sent, in order of sending."""
    with engine.runtime.database.read() as tx:
        found = tx.execute(
            tasks.join(notifications)
            .select()
            .where(notifications.c.channel == channel, tasks.c.status == "sent")
        ).mappings()
        sent = {row["id"]: (row["seq"], row["kind"]) for row in found}
    order = [message.key for message in engine.provider.handed]
    last_handed = {key: place for place, key in enumerate(order)}
    return [sent[key] for key in sorted(sent, key=lambda key: last_handed[key])]
