"""Tries a text of the owner's out before it is saved: refused, or warned about.

Called before `templates.save`. It is read by the rules, then filled with the example of
its kind, once with every fact and once with only those that are always there: what
could not leave is refused here, with its line, and not at the customer's door.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.config import Settings
from app.domain.facts import REQUIRED_NAMES, Facts, names_of
from app.domain.gsm import as_gsm, unfit_for_gsm
from app.domain.money import Money
from app.domain.recipients import Channel
from app.domain.templates import OwnWords, TemplateKey, Texts
from app.errors import InvalidError, Problem, WordingError
from app.messages.examples import example_facts
from app.services.template_rules import Part, Vocabulary, rule_problems
from app.services.wording import Rendered, Wording

#: Characters of each part as it is written; what it prints has limits of its own.
LONGEST: Mapping[str, int] = {"subject": 500, "text": 10_000, "html": 40_000}
_FILES = {Channel.SMS: {"text": "sms.txt"}, Channel.WHATSAPP: {"text": "whatsapp.txt"}}
_EMAIL_FILES = {"subject": "subject.txt", "text": "email.txt", "html": "email.html"}
#: A start that differs by this alone shows whether a text says its time, its day.
_PROBES = {"time": timedelta(minutes=17), "day": timedelta(days=3)}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Where a text is tried out: the house's words, in which zone, for whom."""

    wording: Wording
    business_name: str
    timezone: str


def trial_of(settings: Settings, wording: Wording) -> Trial:
    """Return where an owner's texts are tried out."""
    return Trial(
        wording=wording,
        business_name=settings.business_name,
        timezone=settings.timezone,
    )


def check(trial: Trial, key: TemplateKey, texts: Texts) -> list[Problem]:
    """Return what the owner is warned of; raise InvalidError with every mistake."""
    parts = list(_parts(key, texts))
    problems = [*_shape_problems(key, texts), *_lengths(texts)]
    if not problems:
        vocabulary = Vocabulary(
            names=names_of(key.kind), phrases=trial.wording.phrases(key.language)
        )
        environment = trial.wording.environment
        for part in parts:
            problems += rule_problems(environment, part, vocabulary)
    if not problems:
        problems += _fill_problems(trial, key, texts)
    if problems:
        raise InvalidError(problems)
    return [*_untold(trial, key, texts), *_dear(key, texts)]


def _parts(key: TemplateKey, texts: Texts) -> Iterator[Part]:
    for field, file in _FILES.get(key.channel, _EMAIL_FILES).items():
        if source := getattr(texts, field):
            yield Part(field=field, file=file, source=source)


def _shape_problems(key: TemplateKey, texts: Texts) -> Iterator[Problem]:
    if not texts.text.strip():
        yield Problem("text", "is needed")
    if key.channel is Channel.EMAIL:
        if not texts.subject.strip():
            yield Problem("subject", "is needed for an e-mail")
        return
    for field in ("subject", "html"):
        if getattr(texts, field):
            yield Problem(field, f"is for e-mails; {key.channel} has none")


def _lengths(texts: Texts) -> Iterator[Problem]:
    for field, longest in LONGEST.items():
        length = len(getattr(texts, field))
        if length > longest:
            yield Problem(field, f"has {length} characters; at most {longest} are kept")


def _fill_problems(trial: Trial, key: TemplateKey, texts: Texts) -> list[Problem]:
    found = []
    full = _example(trial, key)
    for facts in (full, _fewest(key, full)):
        try:
            _fill(trial, key, texts, facts)
        except WordingError as error:
            field, line = _place(error, key, texts)
            words = f"line {line}: {error}" if line else str(error)
            found.append(Problem(field, words))
    return list(dict.fromkeys(found))


def _fill(trial: Trial, key: TemplateKey, texts: Texts, facts: Facts) -> Rendered:
    return trial.wording.render(
        key.kind,
        key.channel,
        facts,
        locale=key.language,
        timezone=trial.timezone,
        own=OwnWords(language=key.language, texts=texts),
    )


def _example(trial: Trial, key: TemplateKey) -> Facts:
    return example_facts(
        key.kind, locale=key.language, business_name=trial.business_name
    )


def _fewest(key: TemplateKey, full: Facts) -> Facts:
    """Return the example with nothing but the facts that its kind always has."""
    needed = {name: full.get(name) for name in REQUIRED_NAMES[key.kind]}
    return Facts(**{"business_name": full.business_name, **needed})  # type: ignore[arg-type]  # they come from Facts


def _place(error: WordingError, key: TemplateKey, texts: Texts) -> tuple[str, int]:
    """Return the part and the line of it where filling failed; line 0: not known."""
    files = {part.file: part.field for part in _parts(key, texts)}
    place, trace = ("text", 0), error.__cause__ and error.__cause__.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file in files:
            place = (files[file], trace.tb_lineno)
        trace = trace.tb_next
    return place


def _untold(trial: Trial, key: TemplateKey, texts: Texts) -> Iterator[Problem]:
    """Warn of each fact that the kind is sent for and that the text does not tell."""
    facts = _example(trial, key)
    told = _fill(trial, key, texts, facts)
    for name in sorted(REQUIRED_NAMES[key.kind]):
        for what, other in _other(facts, name):
            try:
                again = _fill(trial, key, texts, replace(facts, **{name: other}))
            except WordingError:
                continue  # it looks the fact up among phrases, and so depends on it
            for field in ("text", "html"):
                if (said := getattr(told, field)) and said == getattr(again, field):
                    yield Problem(field, f"does not tell {what} of this {key.kind}")


def _other(facts: Facts, name: str) -> Iterator[tuple[str, Any]]:
    value = facts.get(name)
    if isinstance(value, datetime):
        for what, shift in _PROBES.items():
            yield f"the {what} ({name})", value + shift
    elif isinstance(value, Money):
        yield f"the {name}", Money(value.amount + 100, value.currency)
    else:
        yield f"the {name}", "Qqq"


def _dear(key: TemplateKey, texts: Texts) -> Iterator[Problem]:
    """Warn of letters that make every SMS of this text dearer."""
    letters = unfit_for_gsm(as_gsm(texts.text))
    if key.channel is Channel.SMS and letters:
        words = "are not in GSM-7: 70 characters fit in a segment instead of 160"
        yield Problem("text", f"{' '.join(letters)} {words}")
