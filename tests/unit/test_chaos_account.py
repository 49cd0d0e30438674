"""How a chaos run judges a message: by the provider's ledger, not by the row alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from app.chaos.account import Account, Fate, Judged, judge, strays
from app.chaos.orders import KIND_OF, Customer, Deed, Order
from app.chaos.reckoning import Line
from app.commands.chaos import figures, verdict
from app.domain.recipients import Channel
from app.domain.tasks import Status

SMS, EMAIL = Channel.SMS, Channel.EMAIL
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def ordered(channel: Channel, deed: Deed = Deed.MESSAGE, number: int = 7) -> Order:
    return Order(deed=deed, customer=Customer(number=number, channel=channel))


def row(
    order: Order,
    status: Status,
    *,
    copies: int,
    row_id: str = "a-row",
    next_attempt_at: datetime | None = None,
) -> Line:
    return Line(
        id=row_id,
        booking_id=None,
        kind=KIND_OF[order.deed],
        channel=order.customer.channel,
        recipient=order.customer.address,
        status=status,
        reason="" if status is Status.SENT else "For some reason.",
        attempts=1,
        next_attempt_at=next_attempt_at,
        copies=copies,
    )


def judged(
    channel: Channel,
    status: Status,
    *,
    copies: int,
    cuts: int = 0,
    deed: Deed = Deed.MESSAGE,
    next_attempt_at: datetime | None = None,
) -> Judged:
    order = ordered(channel, deed)
    line = row(order, status, copies=copies, next_attempt_at=next_attempt_at)
    (one,) = judge([order], [line], cuts={"a-row": cuts})
    return one


def account(*all_judged: Judged, cuts: int = 0, unknown_copies: int = 0) -> Account:
    return Account(
        seed=1,
        judged=all_judged,
        kills=10,
        cuts={EMAIL: cuts},
        ended_alone={},
        troubles={},
        asked_again=0,
        strays={SMS: unknown_copies} if unknown_copies else {},
        seconds=1.0,
    )


@pytest.mark.parametrize("channel", [SMS, EMAIL])
def test_what_is_sent_and_was_taken_once_arrived(channel: Channel) -> None:
    assert judged(channel, Status.SENT, copies=1).fate is Fate.ONCE


@pytest.mark.parametrize("channel", [SMS, EMAIL])
def test_what_is_sent_and_was_never_taken_is_lost(channel: Channel) -> None:
    assert judged(channel, Status.SENT, copies=0, cuts=1).fate is Fate.LOST


@pytest.mark.parametrize(
    "status",
    [Status.PENDING, Status.QUEUED, Status.SENDING, Status.RETRYING, Status.FAILED],
)
def test_what_has_not_come_to_its_end_is_lost(status: Status) -> None:
    assert judged(EMAIL, status, copies=1, cuts=1).fate is Fate.LOST


def test_an_order_without_a_row_is_lost() -> None:
    (one,) = judge([ordered(SMS)], [], cuts={})

    assert one.fate is Fate.LOST
    assert not account(one).is_kept


def test_what_a_person_must_decide_is_held_only_where_nobody_can_be_asked() -> None:
    assert judged(EMAIL, Status.DEAD, copies=0, cuts=2).fate is Fate.HELD
    assert judged(EMAIL, Status.UNKNOWN, copies=1, cuts=1).fate is Fate.HELD
    assert judged(SMS, Status.DEAD, copies=0, cuts=2).fate is Fate.LOST
    assert judged(SMS, Status.DEAD, copies=1, cuts=2).fate is Fate.LOST


def test_what_is_given_up_without_a_kill_is_lost() -> None:
    assert judged(EMAIL, Status.DEAD, copies=0, cuts=0).fate is Fate.LOST


def test_an_unknown_outcome_that_is_still_looked_into_has_not_ended() -> None:
    one = judged(EMAIL, Status.UNKNOWN, copies=1, cuts=1, next_attempt_at=LATER)

    assert one.fate is Fate.LOST


def test_only_what_is_no_longer_true_may_be_called_off() -> None:
    confirmed = judged(SMS, Status.SUPERSEDED, copies=0, deed=Deed.BOOK)
    cancelled = judged(SMS, Status.SUPERSEDED, copies=0, deed=Deed.CANCEL)
    plain = judged(SMS, Status.EXPIRED, copies=0)

    assert confirmed.fate is Fate.CALLED_OFF
    assert cancelled.fate is Fate.LOST
    assert plain.fate is Fate.LOST


def test_what_was_called_off_and_taken_all_the_same_contradicts_the_ledger() -> None:
    without_a_kill = judged(EMAIL, Status.SUPERSEDED, copies=1, deed=Deed.BOOK)
    after_a_kill = judged(EMAIL, Status.SUPERSEDED, copies=1, cuts=1, deed=Deed.BOOK)

    assert without_a_kill.fate is Fate.LOST
    assert after_a_kill.fate is Fate.ONCE


def test_an_sms_that_arrives_twice_breaks_the_promise_whatever_was_killed() -> None:
    one = judged(SMS, Status.SENT, copies=2, cuts=1)

    assert one.fate is Fate.DOUBLED
    assert not account(one, cuts=5).is_kept


def test_an_email_may_arrive_twice_where_a_kill_left_it_open() -> None:
    one = judged(EMAIL, Status.SENT, copies=2, cuts=1)

    assert one.fate is Fate.DOUBLED
    assert account(one, cuts=1).is_kept


def test_an_email_that_arrives_twice_without_a_kill_breaks_the_promise() -> None:
    one = judged(EMAIL, Status.SENT, copies=2, cuts=0)

    assert not account(one, cuts=5).is_kept


def test_one_kill_does_not_explain_two_copies_too_many() -> None:
    one = judged(EMAIL, Status.SENT, copies=3, cuts=1)

    assert not account(one, cuts=5).is_kept


def test_what_was_planned_twice_counts_as_doubled() -> None:
    order = ordered(SMS)
    rows = [row(order, Status.SENT, copies=1, row_id=name) for name in ("a", "b")]

    (one,) = judge([order], rows, cuts={})

    assert one.fate is Fate.DOUBLED
    assert not account(one).is_kept


def test_a_copy_that_belongs_to_no_row_counts_as_doubled() -> None:
    one = judged(SMS, Status.SENT, copies=1)
    taken = [{"channel": "sms"}, {"channel": "sms"}]

    unknown = strays([one], taken)

    assert unknown == {"sms": 1}
    assert not account(one, unknown_copies=unknown["sms"]).is_kept


@pytest.mark.parametrize(
    ("all_judged", "begins"),
    [
        ([judged(SMS, Status.SENT, copies=1)], "Promise kept: 1 message, 10 kills: 0"),
        ([judged(SMS, Status.SENT, copies=0)], "PROMISE BROKEN: 1 message, 10 kills"),
    ],
)
def test_the_verdict_is_one_sentence(all_judged: Sequence[Judged], begins: str) -> None:
    sentence = verdict(account(*all_judged))

    assert sentence.startswith(begins)
    assert sentence.endswith(".")


def test_the_figures_tell_what_became_of_each_message() -> None:
    held = judged(EMAIL, Status.DEAD, copies=0, cuts=1)
    twice = judged(EMAIL, Status.SENT, copies=2, cuts=1)
    lost = judged(SMS, Status.SENT, copies=0)
    once = judged(SMS, Status.SENT, copies=1)

    shown = figures(account(held, twice, lost, once, cuts=2))

    assert shown["planned"] == 4
    assert (shown["delivered_once"], shown["called_off"], shown["lost"]) == (1, 0, 1)
    assert shown["held_for_a_person"] == {"arrived": 0, "did_not": 1}
    assert shown["doubled"] == {"with_look_up": 0, "without": 1}
