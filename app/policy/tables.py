"""The tables of `bellhop.toml`: every key, what it accepts, and an example of each.

Used by `reading.py` and `overrides.py`. What a table does not say keeps its default, so
only the keys that were set count (`given`).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
)

from app.domain.costs import EVERYWHERE, Cost, read_cost, read_limit
from app.domain.durations import LONGEST_DURATION, parse_duration, write_duration
from app.domain.kinds import InQuietHours
from app.domain.money import check_currency
from app.domain.queues import Rate
from app.domain.quiet_hours import Window, parse_window
from app.domain.recipients import Channel, normal_email
from app.domain.reminders import Preset
from app.domain.schedule import Timing, parse_timing
from app.policy.rates import parse_rate

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def check_name(value: str) -> str:
    """Return the name of a queue or a worker; raise ValueError for a strange one."""
    if not _NAME.fullmatch(value):
        raise ValueError(
            "must begin with a small letter, with at most 30 small letters, digits, "
            "- or _ after it"
        )
    return value


def _check_country(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value) and value != EVERYWHERE:
        raise ValueError("is no country: write two letters (ES), or other for the rest")
    return value


def _between(least: timedelta, most: timedelta, *, or_none: bool = False) -> Any:
    bounds = f"from {write_duration(least)} to {write_duration(most)}"

    def check(value: timedelta) -> timedelta:
        if not (least <= value <= most or (or_none and not value)):
            raise ValueError(f"must be {'0 or ' if or_none else ''}{bounds}")
        return value

    return AfterValidator(check)


def _mailbox_or_none(value: str) -> str:
    return normal_email(value) if value else ""


def _web_address_or_none(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/\"'<>]+[^\s\"'<>]*", value):
        raise ValueError("must be a web address that begins with https://")
    return value


_INSTANT, _SECOND = timedelta(seconds=0.1), timedelta(seconds=1)
_DAY, _WEEK, _YEAR = timedelta(days=1), timedelta(days=7), timedelta(days=366)

Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Interval = Annotated[Duration, _between(_INSTANT, LONGEST_DURATION)]
Ttl = Annotated[Duration, _between(_SECOND, _YEAR, or_none=True)]
QuickPause = Annotated[Duration, _between(timedelta(0), _DAY)]
RetryCap = Annotated[Duration, _between(_INSTANT, _DAY)]
TimeLimit = Annotated[Duration, _between(_INSTANT, _WEEK)]
#: A reminder leaves so long before the start: what is longer is a slip of the pen.
SendBefore = Annotated[Duration, _between(timedelta(minutes=1), _YEAR)]
LadderWait = Annotated[Duration, _between(timedelta(seconds=10), _DAY)]
Rung = Literal["sms", "whatsapp", "email", "staff"]
Priority = Annotated[StrictInt, Field(ge=0, le=100)]
MaxLength = Annotated[StrictInt, Field(ge=1, le=10_000_000)]
Share = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]
When = Annotated[Timing, BeforeValidator(parse_timing)]
RateLimit = Annotated[Rate | None, BeforeValidator(parse_rate)]
Mailbox = Annotated[StrictStr, AfterValidator(_mailbox_or_none)]
WebAddress = Annotated[StrictStr, AfterValidator(_web_address_or_none)]
Hours = Annotated[Window | None, BeforeValidator(parse_window)]
#: So long after the end; what is longer nobody connects with the appointment.
FollowUp = Annotated[Duration, _between(timedelta(minutes=1), _WEEK, or_none=True)]
#: `none` is none of them.
PresetOrNone = Annotated[
    Preset | None, BeforeValidator(lambda value: None if value == "none" else value)
]
Price = Annotated[Cost, BeforeValidator(read_cost)]
Limit = Annotated[Cost | None, BeforeValidator(read_limit)]
Currency = Annotated[str, AfterValidator(check_currency)]
Country = Annotated[str, AfterValidator(_check_country)]
Worth = Annotated[float, Field(strict=True, gt=0, le=1_000_000, allow_inf_nan=False)]
Name = Annotated[StrictStr, AfterValidator(check_name)]
Count = Annotated[StrictInt, Field(ge=1, le=1_000_000)]


class Table(BaseModel):
    """A table of the file, or a part of one."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    def given(self) -> dict[str, Any]:
        """Return what was set, by key."""
        return {key: getattr(self, key) for key in self.model_fields_set}


def _key(example: str, default: Any = None) -> Any:
    """Describe one key; the default counts in tables that are no queue's or kind's."""
    return Field(default, examples=[example])


class QueueTable(Table):
    """`[queues.NAME]`: the fields of `QueuePolicy`."""

    priority: Priority = _key("50")
    worker: Name = _key('"main"')
    rate_limit: RateLimit = _key('"10/m"')
    ttl: Ttl = _key('"2h"')
    max_length: MaxLength = _key("5000")
    retry_delays: Annotated[tuple[QuickPause, ...], Field(max_length=20)] = _key(
        '["60s", "120s", "240s"]'
    )
    retry_jitter: Share = _key("0.2")
    retry_cap: RetryCap = _key('"10m"')
    soft_time_limit: TimeLimit = _key('"240s"')
    time_limit: TimeLimit = _key('"300s"')


class FileQueueTable(QueueTable):
    """`[queues.NAME]` as the file may write it."""

    #: The queue is the owner's own.
    new: StrictBool = _key("true", default=False)


class KindTable(Table):
    """`[kinds.NAME]`: the fields of `KindPolicy` that an owner may set."""

    channels: frozenset[Channel] = _key('["whatsapp", "sms", "email"]')
    send_before: tuple[SendBefore, ...] = _key('["24h", "2h"]')
    #: One channel after the other, each only if the one before has not arrived.
    ladder: tuple[Rung, ...] = _key('["whatsapp", "sms", "email", "staff"]')
    ladder_wait: LadderWait = _key('"10m"')
    #: Who has unsubscribed still gets it, and a spent budget does not stop it.
    essential: StrictBool = _key("true")
    #: What it does in quiet hours: `leave`, `soon` or `wait`.
    quiet_hours: InQuietHours = _key('"wait"')


class QuietHoursTable(Table):
    """`[quiet_hours]`: when customers are not disturbed, in their time zone."""

    #: On every day that has no window of its own; 0: none.
    hours: Hours = _key('"21:00-08:00"')
    #: The window that begins on that day.
    monday: Hours = _key('"21:00-08:00"')
    tuesday: Hours = _key('"21:00-08:00"')
    wednesday: Hours = _key('"21:00-08:00"')
    thursday: Hours = _key('"21:00-08:00"')
    friday: Hours = _key('"23:00-08:00"')
    saturday: Hours = _key('"23:00-10:00"')
    sunday: Hours = _key('"21:00-08:00"')
    channels: frozenset[Channel] = _key(
        '["sms", "whatsapp"]', default=frozenset({Channel.SMS, Channel.WHATSAPP})
    )


class RemindersTable(Table):
    """`[reminders]`: when customers hear of their appointment, before and after it."""

    #: `salon`, `clinic` or `restaurant`: instead of a `send_before`.
    preset: PresetOrNone = _key('"salon"')
    #: So long after its end they are thanked; 0: never.
    follow_up: FollowUp = _key('"2h"', default=timedelta(0))
    #: Where they may say how it was.
    review_url: WebAddress = _key('"https://salon.example/review"', default="")


class RetentionTable(Table):
    """`[retention]`: how long what is finished is kept."""

    notifications: Interval = _key('"7d"', default=timedelta(days=7))
    #: What customers wrote, once nobody need read it any more.
    inbox: Interval = _key('"90d"', default=timedelta(days=90))


class EmailTable(Table):
    """`[email]`: where what people write by e-mail is read."""

    reply_to: Mailbox = _key('"hello@salon.example"', default="")
    #: Takes opt-outs that are written and not clicked.
    unsubscribe_to: Mailbox = _key('"unsubscribe@salon.example"', default="")


class EngineTable(Table):
    """`[engine]`: pauses that are no queue's own; tests shorten them."""

    #: How long an unpaid booking holds its places.
    payment_hold: Interval = _key('"15m"', default=timedelta(minutes=15))
    #: The first pause of a failed message; it doubles up to an hour.
    retry_failed: Duration = _key('"5m"', default=timedelta(minutes=5))
    #: An unknown outcome is looked up after this; earlier "not found" proves nothing.
    look_up: Duration = _key('"60s"', default=timedelta(seconds=60))
    #: A queued row whose doorbell was not answered in this time is rung for again.
    ring_again: Duration = _key('"5s"', default=timedelta(seconds=5))
    #: A worker on another host is dead when its heartbeat is older.
    worker_expiry: Interval = _key('"30s"', default=timedelta(seconds=30))


class BudgetTable(Table):
    """`[budget]`: what messages may cost."""

    daily: Limit = _key('"20 EUR"')
    monthly: Limit = _key('"300 EUR"')
    #: The share of either at which the owner is warned, and money saved.
    soft: Share = _key("0.8", default=0.8)
    #: What one of another currency is worth in the budget's own.
    exchange: dict[Currency, Worth] = _key("{ USD = 0.88 }", default={})


class WhatsAppTemplateTable(Table):
    """`[whatsapp.templates.KIND.LANGUAGE]`: a template that Meta has approved."""

    name: Annotated[StrictStr, Field(min_length=1, max_length=512)] = _key(
        '"booking_confirmed"'
    )
    language: Annotated[StrictStr, Field(min_length=2, max_length=20)] = _key(
        '"en_US"', default="en"
    )
    parameters: tuple[Annotated[StrictStr, Field(min_length=1)], ...] = _key(
        '["{{ customer_name }}", "{{ start | time }}"]', default=()
    )


class WhatsAppTable(Table):
    """`[whatsapp]`: what is sent to whoever has not written for a day."""

    templates: dict[str, dict[str, WhatsAppTemplateTable]] = {}
    #: For a sandbox: send words, whenever the customer last wrote.
    free_words: StrictBool = _key("true", default=False)


class VerificationsTable(Table):
    """`[verifications]`: how many one-time codes are sent at most, and where to."""

    #: Two capital letters each; not set: BELLHOP_PHONE_REGION, or every country.
    countries: frozenset[Country] | None = _key('["ES", "PT"]')
    per_recipient_a_day: Count = _key("10", default=10)
    per_visitor_an_hour: Count = _key("10", default=10)
    a_day: Count = _key("500", default=500)
    #: So many to one block of numbers within ten minutes, hardly any of them typed in,
    #: stop the channel for an hour.
    burst: Count = _key("20", default=20)


class File(Table):
    """The whole file."""

    queues: dict[str, FileQueueTable] = {}
    kinds: dict[str, KindTable] = {}
    schedule: dict[str, When] = {}
    quiet_hours: QuietHoursTable = QuietHoursTable()
    reminders: RemindersTable = RemindersTable()
    retention: RetentionTable = RetentionTable()
    email: EmailTable = EmailTable()
    engine: EngineTable = EngineTable()
    budget: BudgetTable = BudgetTable()
    verifications: VerificationsTable = VerificationsTable()
    whatsapp: WhatsAppTable = WhatsAppTable()
    #: `[prices.twilio.sms]`: what a segment or message costs, by country.
    prices: dict[str, dict[Channel, dict[Country, Price]]] = {}


#: The tables by name, NAME standing for any queue's or kind's.
TABLES: dict[str, type[Table]] = {
    "queues.NAME": FileQueueTable,
    "kinds.NAME": KindTable,
    "quiet_hours": QuietHoursTable,
    "reminders": RemindersTable,
    "retention": RetentionTable,
    "email": EmailTable,
    "engine": EngineTable,
    "budget": BudgetTable,
    "verifications": VerificationsTable,
}
