"""Every text of every kind, channel and language: complete, correct, and as agreed.

The golden files under `tests/golden/` hold what customers read. After changing a text
on purpose, run the tests once with BELLHOP_TEST_REWRITE_GOLDEN=1 and read the diff.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, meta, nodes

from app.domain.bookings import BookingStatus
from app.domain.facts import OPTIONAL_NAMES, REQUIRED_NAMES, Facts, names_of
from app.domain.gsm import Encoding, sms_size
from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.messages.examples import example_facts
from app.services.wording import FILES, MESSAGES, Rendered, Wording
from app.services.wording_filters import FILTERS

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
REWRITE = os.environ.get("BELLHOP_TEST_REWRITE_GOLDEN") == "1"
LANGUAGES = sorted(path.stem for path in (MESSAGES / "_words").glob("*.toml"))
#: What every template has beside the facts of its kind.
ALWAYS_THERE = frozenset(
    {"words", "language", "direction", "channel", "formats", "business_timezone"}
    | {"unsubscribe_url"}
)
#: What every booking sends, or nearly every one: dear where it takes two segments.
OFTEN = {
    *(Kind.BOOKING_CONFIRMED, Kind.BOOKING_REMINDER, Kind.FOLLOW_UP),
    *(Kind.MESSAGE, Kind.REPLY, Kind.ONE_TIME_CODE),
}
WORDING = Wording(business_locale="en", business_timezone="Europe/Madrid")

every_kind = pytest.mark.parametrize("kind", list(Kind))
every_channel = pytest.mark.parametrize("channel", list(Channel))
every_language = pytest.mark.parametrize("language", LANGUAGES)


def render(
    kind: str, channel: Channel, language: str, facts: Facts | None = None
) -> Rendered:
    return WORDING.render(
        kind,
        channel,
        facts or example_facts(kind, locale=language),
        locale=language,
        timezone="Europe/Madrid",
    )


def parts(channel: Channel, message: Rendered) -> dict[str, str]:
    """Return what the channel's files became, by the name of the file."""
    if channel is not Channel.EMAIL:
        return {FILES[channel][0]: message.text}
    return {
        "subject.txt": message.subject,
        "email.txt": message.text,
        "email.html": message.html,
    }


def templates(kind: str) -> Iterator[Path]:
    return (path for path in (MESSAGES / kind).glob("*/*") if path.is_file())


def parsed(path: Path) -> nodes.Template:
    environment = Environment(autoescape=True)
    environment.filters.update(FILTERS)
    return environment.parse(path.read_text(encoding="utf-8"))


def used_names(path: Path) -> set[str]:
    return meta.find_undeclared_variables(parsed(path))


def used_filters(path: Path) -> set[str]:
    return {found.name for found in parsed(path).find_all(nodes.Filter)}


def barest(kind: str, language: str) -> Facts:
    """Return the example with nothing but what the kind requires."""
    example = example_facts(kind, locale=language)
    names = {f.name for f in fields(Facts)} & OPTIONAL_NAMES[kind]
    empty = Facts(business_name="Salon Rosa")
    return replace(
        example, **{name: getattr(empty, name) for name in names - {"business_name"}}
    )


@every_language
@every_channel
@every_kind
def test_customers_read_what_was_agreed(
    kind: Kind, channel: Channel, language: str
) -> None:
    for file, words in parts(channel, render(kind, channel, language)).items():
        golden = GOLDEN / kind / language / file
        if REWRITE:
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(words + "\n", encoding="utf-8", newline="\n")

        assert golden.read_text(encoding="utf-8") == words + "\n"


def test_no_golden_file_is_left_over() -> None:
    kept = {
        str(p.relative_to(GOLDEN))
        for p in GOLDEN.rglob("*")
        if p.is_file() and p.suffix != ".ics"
    }
    wanted = {
        str(Path(kind, language, file))
        for kind in Kind
        for language in LANGUAGES
        for files in FILES.values()
        for file in files
    }

    assert kept == wanted


@every_language
@every_kind
def test_every_kind_has_every_file_in_every_language(kind: Kind, language: str) -> None:
    wanted = {file for files in FILES.values() for file in files}

    assert {p.name for p in (MESSAGES / kind / language).iterdir()} == wanted


def test_every_folder_is_a_kind() -> None:
    folders = {p.name for p in MESSAGES.iterdir() if p.is_dir() and p.name[0] != "_"}

    assert folders == set(Kind)


@every_language
@every_channel
@every_kind
def test_the_required_names_are_enough(
    kind: Kind, channel: Channel, language: str
) -> None:
    message = render(kind, channel, language, barest(kind, language))

    for words in parts(channel, message).values():
        assert words
        assert "None" not in words
        assert "<html" in words or not re.search(
            r'\(\s*\)|""|[,:]\s*[.,]|\s[.,]', words
        )


@every_kind
def test_no_template_uses_a_name_outside_the_table(kind: Kind) -> None:
    for path in templates(kind):
        of_html = {"title", "row"} if path.name == "email.html" else set()

        assert used_names(path) <= names_of(kind) | ALWAYS_THERE | of_html, path


@every_kind
def test_every_required_name_is_told_on_every_channel(kind: Kind) -> None:
    frame = used_names(MESSAGES / "_layout" / "email.txt")
    for path in templates(kind):
        told = used_names(path) | (frame if path.name.startswith("email.") else set())
        if path.name != "subject.txt":
            assert told >= REQUIRED_NAMES[kind], path


def test_templates_use_our_filters_and_never_switch_escaping_off() -> None:
    for path in MESSAGES.rglob("*"):
        if path.suffix in {".txt", ".html"}:
            allowed = FILTERS.keys() | {"replace", "truncate"}

            assert used_filters(path) <= allowed, path
            assert "autoescape" not in path.read_text(encoding="utf-8"), path


@every_language
def test_every_language_has_the_same_phrases(language: str) -> None:
    phrases, english = (
        tomllib.loads((MESSAGES / "_words" / f"{name}.toml").read_text("utf-8"))
        for name in (language, "en")
    )

    assert phrases.keys() == english.keys()
    assert phrases["statuses"].keys() == set(BookingStatus)
    for page in ("unsubscribe_page", "own_page"):
        assert phrases[page].keys() == english[page].keys()
    for name, phrase in phrases.items():
        slots = re.findall(r"{\w+}", str(english[name]))
        assert re.findall(r"{\w+}", str(phrase)) == slots, name


@every_kind
def test_an_english_sms_stays_in_gsm_7_and_what_leaves_often_in_one_segment(
    kind: Kind,
) -> None:
    size = sms_size(render(kind, Channel.SMS, "en").text)

    assert size.encoding is Encoding.GSM_7
    assert size.segments <= (1 if kind in OFTEN else 2)


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.MESSAGE])
def test_spanish_sms_do_so_on_a_weekday_that_is_in_gsm_7(kind: Kind) -> None:
    size = sms_size(render(kind, Channel.SMS, "es").text)

    assert size.encoding is Encoding.GSM_7
    assert size.segments <= (1 if kind in OFTEN else 2)


class Page(HTMLParser):
    """Reads a page as a mail program does: open tags, links, visible words."""

    EMPTY = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.shown: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"head", "style"} & set(self.open):
            self.shown.append(data)


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


@every_language
@every_kind
def test_plain_text_and_html_of_an_e_mail_say_the_same(
    kind: Kind, language: str
) -> None:
    message = render(kind, Channel.EMAIL, language)
    page = Page(message.html)
    links = [value for name, value in page.attributes if name == "href"]

    assert words_of(" ".join(page.shown + links)) == words_of(message.text)
    assert all(link in message.text for link in links)


@every_language
@every_kind
def test_html_is_whole_and_loads_nothing_from_elsewhere(
    kind: Kind, language: str
) -> None:
    message = render(kind, Channel.EMAIL, language)
    page = Page(message.html)

    assert page.open == []
    assert ("lang", language) in page.attributes
    assert ("name", "viewport") in page.attributes
    assert not {"src", "srcset", "background"} & {name for name, _ in page.attributes}
    assert not re.search(r"url\(|@import|<script|<link|<img", message.html)
    assert "prefers-color-scheme: dark" in message.html
    assert len(message.html) < 10_000  # Gmail cuts at 102 kB


@every_kind
def test_an_example_in_spanish_leaves_no_english_behind(kind: Kind) -> None:
    text = render(kind, Channel.EMAIL, "es").text

    assert not words_of(text) & {"your", "booking", "the", "you", "haircut", "when"}
