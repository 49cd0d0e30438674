"""What a chaos run orders, and what goes wrong meanwhile: the seed decides, fairly."""

from __future__ import annotations

from collections import Counter

import pytest

from app.chaos.orders import CHANGED_WITHIN, FAULTY, Deed, faults, orders
from app.chaos.troubles import Trouble, appointments
from app.domain.recipients import Channel, normal_phone
from app.simulator.fault_rules import read_rules
from app.simulator.faults import Fault, Kind, Stage

SEEDS = (1, 2, 3)


@pytest.mark.parametrize("count", [1, 7, 100, 1000])
def test_as_many_messages_are_ordered_as_are_wanted(count: int) -> None:
    asked = orders(count, seed=1)

    assert len(asked) == count


def test_the_same_seed_orders_the_same() -> None:
    assert orders(100, seed=5) == orders(100, seed=5)
    assert list(faults(orders(100, seed=5), seed=5)) == list(
        faults(orders(100, seed=5), seed=5)
    )
    planned = appointments(50, seed=5, has_server=True)
    assert planned == appointments(50, seed=5, has_server=True)


def test_another_seed_orders_otherwise() -> None:
    assert orders(100, seed=5) != orders(100, seed=6)


@pytest.mark.parametrize("seed", SEEDS)
def test_half_of_the_messages_go_over_each_channel(seed: int) -> None:
    over = Counter(order.customer.channel for order in orders(1000, seed=seed))

    assert set(over) == {Channel.SMS, Channel.EMAIL}
    assert min(over.values()) >= 450


@pytest.mark.parametrize("seed", SEEDS)
def test_a_booking_is_changed_soon_after_it_was_made_and_once(seed: int) -> None:
    asked = orders(1000, seed=seed)
    made = {o.customer: n for n, o in enumerate(asked) if o.deed is Deed.BOOK}
    changed = [
        (n, o.customer)
        for n, o in enumerate(asked)
        if o.deed in (Deed.CANCEL, Deed.MOVE)
    ]

    assert {customer for _, customer in changed} == set(made)
    assert len(changed) == len(made) == 50
    # Other bookings' changes may have come in between.
    assert all(0 < n - made[c] <= 3 * CHANGED_WITHIN for n, c in changed)


def test_every_customer_has_an_address_of_their_own_that_can_be_reached() -> None:
    customers = {order.customer for order in orders(1000, seed=1)}
    phones = {c.address for c in customers if c.channel is Channel.SMS}

    assert len({customer.address for customer in customers}) == len(customers)
    assert {normal_phone(phone, region=None) for phone in phones} == phones


@pytest.mark.parametrize("seed", SEEDS)
def test_the_simulator_understands_every_fault(seed: int) -> None:
    asked = orders(1000, seed=seed)

    rules = read_rules(list(faults(asked, seed=seed)))

    once = [rule for rule in rules if rule.times == 1]
    always = [rule for rule in rules if rule.times is None]
    assert {rule.fault.kind for rule in always} == {Kind.DELAY, Kind.LATE_ANSWER}
    assert 0 < len(once) < 2 * FAULTY * len(asked)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_fault_leaves_open_whether_an_email_was_taken(seed: int) -> None:
    asked = orders(1000, seed=seed)
    emails = {
        order.customer.address
        for order in asked
        if order.customer.channel is Channel.EMAIL
    }

    rules = read_rules(list(faults(asked, seed=seed)))

    wrong = [
        rule.fault
        for rule in rules
        if rule.match.recipient in emails and rule.times == 1
    ]
    assert wrong
    assert all(map(is_plain_refusal, wrong))


def is_plain_refusal(fault: Fault) -> bool:
    """Whether the sender knows for sure that the e-mail was not taken."""
    answered = fault.kind is Kind.STATUS and 400 <= (fault.code or 0) < 500
    before_the_words = fault.stage is not Stage.FINAL_DOT
    return not fault.accepted and (answered or before_the_words)


@pytest.mark.parametrize("kills", [1, 8, 20, 200])
@pytest.mark.parametrize("has_server", [True, False])
def test_every_trouble_comes_while_workers_are_killed(
    kills: int, *, has_server: bool
) -> None:
    planned = appointments(kills, seed=1, has_server=has_server)

    moments = [appointment.after_kills for appointment in planned]
    impossible = set() if has_server else {Trouble.DATABASE_CUT}
    assert {one.trouble for one in planned} == set(Trouble) - impossible
    assert moments == sorted(moments)
    assert all(0 <= moment <= kills - 1 for moment in moments)
