"""The policy in force, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from app.domain.budgets import Budget
from app.domain.costs import PriceList
from app.domain.kinds import Kind, KindPolicy
from app.domain.queues import QueuePolicy
from app.domain.quiet_hours import QuietHours
from app.domain.schedule import Timing
from app.domain.verifications import CodeLimits
from app.domain.whatsapp import WhatsAppRules


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What the owner decided, and our defaults for the rest."""

    #: Every queue, the owner's own too.
    queues: Mapping[str, QueuePolicy]
    kinds: Mapping[Kind, KindPolicy]
    #: When each job runs.
    schedule: Mapping[str, Timing]
    #: When customers are not disturbed.
    quiet_hours: QuietHours
    #: How long after its end a customer is thanked for coming; 0: never.
    follow_up: timedelta
    #: Where customers may say how it was; empty: nowhere.
    review_url: str
    #: How long finished notifications are kept.
    keep_notifications: timedelta
    #: How long messages of customers are kept that nobody need read any more.
    keep_inbox: timedelta
    #: Where answers to e-mails go; empty: to the sender.
    reply_to: str
    #: The mailbox that takes opt-outs; empty: none.
    unsubscribe_to: str
    #: What messages cost, and what they may cost.
    prices: PriceList
    whatsapp: WhatsAppRules
    #: How many one-time codes are sent at most, and where to.
    codes: CodeLimits
    budget: Budget
    payment_hold: timedelta
    retry_failed: timedelta
    look_up: timedelta
    ring_again: timedelta
    worker_expiry: timedelta
