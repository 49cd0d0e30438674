"""The filters that templates print with: `{{ start | time }}`, `{{ price | money }}`.

Registered by `wording.py`; each reads the reader's formats from the template's
context, so that a template author never meets a locale or a time zone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from jinja2 import TemplateRuntimeError, pass_context, pass_eval_context
from jinja2.filters import do_replace
from jinja2.nodes import EvalContext
from jinja2.runtime import Context
from markupsafe import Markup, escape

from app.domain.formats import Formats
from app.domain.gsm import as_gsm, is_gsm
from app.domain.money import Money
from app.domain.recipients import Channel

#: Characters that `replace` may make: none of our texts is longer, and a few of them in
#: a row would otherwise fill the memory.
MOST_REPLACED = 100_000


@pass_context
def day(context: Context, value: object) -> str:
    """Print the weekday and day: `Friday, May 22`."""
    return _formats(context).day(_moment(value, "day"))


@pass_context
def short_day(context: Context, value: object) -> str:
    """Print the weekday and day in few letters: `Fri, May 22`."""
    return _formats(context).short_day(_moment(value, "short_day"))


@pass_context
def date(context: Context, value: object) -> str:
    """Print the weekday and the date with its year: `Friday, May 22, 2026`."""
    return _formats(context).date(_moment(value, "date"))


@pass_context
def time(context: Context, value: object) -> str:
    """Print the time of day; away from home also whose time it is.

    A customer who booked in London for Madrid reads `1:30 PM (London time)`, and will
    not stand before the door an hour early or late.
    """
    moment = _moment(value, "time")
    formats = _formats(context)
    text = formats.time(moment)
    if formats.same_time_as(context["business_timezone"], moment):
        return text
    return f"{text} ({_whose_time(context, moment)})"


@pass_context
def hours(context: Context, value: object, end: object = None) -> str:
    """Print from when until when, as far as both are on one day; `zone` says whose."""
    start = _moment(value, "hours")
    formats = _formats(context)
    text = formats.time(start)
    if not isinstance(end, datetime) or formats.day(end) != formats.day(start):
        return text
    return f"{text} \N{EN DASH} {formats.time(end)}"


@pass_context
def zone(context: Context, value: object) -> str:
    """Print whose time it is: `Madrid time`."""
    return _whose_time(context, _moment(value, "zone"))


@pass_context
def money(context: Context, value: object) -> str:
    """Print a price; in an SMS with letters where its sign would double the cost."""
    if not isinstance(value, Money):
        raise _not_given("money", "a price")
    formats = _formats(context)
    text = formats.money(value)
    if context["channel"] is Channel.SMS and not is_gsm(as_gsm(text)):
        return formats.money_in_code(value)
    return text


@pass_context
def status(context: Context, value: object) -> str:
    """Print a status in words; one that we do not know as it was given."""
    known: Mapping[str, str] = context["words"]["statuses"]
    name = _text(value, "status")
    return known.get(name, name.replace("_", " "))


@pass_context
def greeting(context: Context, name: str) -> str:
    """Print the hello of the language, with the customer's name where it is known."""
    words: Mapping[str, str] = context["words"]
    return words["hello_name"].replace("{name}", name) if name else words["hello"]


def bold(value: str) -> str:
    """Print in bold on WhatsApp."""
    return f"*{str(value).replace('*', '')}*"


def paragraphs(value: object) -> Markup:
    """Print a text of several lines in HTML: empty lines part paragraphs."""
    text = _text(value, "paragraphs")
    blocks = (escape(block.strip()) for block in text.split("\n\n"))
    paragraph = Markup('<p style="margin:0 0 12px">{}</p>')
    html = (paragraph.format(_with_breaks(block)) for block in blocks)
    return Markup("\n").join(html)


@pass_eval_context
def replace(eval_ctx: EvalContext, value: Any, old: Any, new: Any) -> str:
    """Print with one word in place of another: `{{ phrase | replace("{n}", count) }}`.

    Jinja's own, which would make a text of any length.
    """
    text, grows_by = str(value), len(str(new))
    if len(text) + text.count(str(old)) * grows_by > MOST_REPLACED:
        raise TemplateRuntimeError("the filter replace would make a text too long")
    return do_replace(eval_ctx, value, old, new)


#: Every filter by the name that templates use.
FILTERS: Mapping[str, Callable[..., Any]] = {
    made.__name__: made
    for made in (
        *(day, short_day, date, time, hours, zone),
        *(money, status, greeting, bold, paragraphs, replace),
    )
}


def _formats(context: Context) -> Formats:
    formats: Formats = context["formats"]
    return formats


def _moment(value: object, name: str) -> datetime:
    if not isinstance(value, datetime):
        raise _not_given(name, "a time")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise _not_given(name, "a text")
    return value


def _not_given(name: str, what: str) -> TemplateRuntimeError:
    return TemplateRuntimeError(
        f"the filter {name} was not given {what}; put {{% if … %}} around it"
    )


def _whose_time(context: Context, moment: datetime) -> str:
    formats = _formats(context)
    city = formats.city()
    if not city:
        return formats.offset(moment)
    sentence: str = context["words"]["zone_time"]
    return sentence.replace("{city}", city)


def _with_breaks(block: Markup) -> Markup:
    return Markup("<br>\n").join(block.split("\n"))
