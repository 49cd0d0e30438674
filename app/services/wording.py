"""The words of a message: facts and a template in, subject, text and HTML out.

`Wording` is built once per process and called by delivery when a message leaves, and
by the API to try a message before it is queued. The template is ours, or a version of
the owner's. It never sends and never guesses: what cannot be worded is a `WordingError`
that names what is missing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.domain.facts import Facts
from app.domain.formats import Formats, formats_for
from app.domain.gsm import as_gsm
from app.domain.plain_text import header_line, shortened, tidy_lines
from app.domain.recipients import Channel
from app.domain.templates import LAST_LANGUAGE, OwnWords, Texts
from app.errors import WordingError
from app.messages.shipped import FILES, MESSAGES
from app.services.wording_filters import FILTERS
from app.services.wording_values import printable, printed

#: Characters that every provider of the channel takes (Twilio 1600, Meta 4096).
LENGTH_LIMITS: Mapping[Channel, int] = {
    Channel.SMS: 1600,
    Channel.WHATSAPP: 1600,
    Channel.EMAIL: 100_000,
}
#: Letters of a subject: mail programs show 40 to 80 of them.
MAX_SUBJECT = 150
#: The HTML of a version that has none of its own: its plain text in the usual frame.
PLAIN_FRAME = "_layout/plain.html"
#: Files of the owner's own that are kept compiled.
_KEPT = 512


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The finished words; subject and HTML are for e-mail, empty elsewhere."""

    subject: str = ""
    text: str
    html: str = ""


#: How a text fails that asks of a fact what it is not: letters of a price, a day plus
#: one. Python itself refuses to read some of them (`1[:2]`).
MISTAKES = (
    *(TemplateError, TypeError, ValueError, ArithmeticError, AttributeError),
    *(LookupError, SyntaxError, RecursionError, AssertionError),
)
#: Gives the template that stands in a file.
Shelf = Callable[[str], Template]


class Wording:
    """All templates of the house, compiled when first used and kept."""

    def __init__(
        self, *, business_locale: str, business_timezone: str, folder: Path = MESSAGES
    ) -> None:
        self._business_locale = business_locale
        self._business_timezone = business_timezone
        self._texts = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            autoescape=_is_html,
            undefined=StrictUndefined,
            finalize=printed,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        self._texts.filters.update(FILTERS)
        self._files = frozenset(self._texts.list_templates())
        self._words = {
            path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
            for path in sorted((folder / "_words").glob("*.toml"))
        }
        self._language = lru_cache(maxsize=1024)(self._best_language)
        self._own = lru_cache(maxsize=_KEPT)(self._compiled)

    @property
    def environment(self) -> ImmutableSandboxedEnvironment:
        """Where templates are read: for whoever looks into one before it is saved."""
        return self._texts

    def phrases(self, language: str) -> Mapping[str, object]:
        """Return the phrases that the texts of a language share."""
        return self._words[language]

    def render(
        self,
        kind: str,
        channel: Channel,
        facts: Facts,
        *,
        locale: str,
        timezone: str,
        own: OwnWords | None = None,
        unsubscribe_url: str = "",
    ) -> Rendered:
        """Word one message for one reader; raise WordingError where that fails.

        `own`: the version of the owner's words that it is pinned to, in any language.
        `unsubscribe_url`: where the reader opts out of such e-mails, if anywhere.
        """
        values = printable(kind, facts)
        if own is None:
            language, written_as = self._language(kind, channel, locale)
        else:
            language = own.language
            written_as = self._written_as(language, locale)
        formats = _formats(locale=written_as, timezone=timezone)
        context = values | self._surroundings(channel, language, formats)
        context["unsubscribe_url"] = unsubscribe_url
        try:
            shelf = self._shelf(f"{kind}/{language}", own)
            rendered = _filled(channel, shelf, context)
        except MISTAKES as error:
            version = f", version {own.version}" if own and own.version else ""
            place = f"{kind}/{language} ({channel}{version})"
            raise WordingError(f"The text {place} {_trouble(error)}.") from error
        _check_length(channel, rendered)
        return rendered

    def _shelf(self, folder: str, own: OwnWords | None) -> Shelf:
        if own is None:
            return lambda file: self._texts.get_template(f"{folder}/{file}")
        sources = own_files(own.texts)
        return lambda file: self._own(file, sources[file])

    def _compiled(self, file: str, source: str) -> Template:
        """Compile words of the owner's; the file's name says whether they are HTML."""
        if not source:
            return self._texts.get_template(PLAIN_FRAME)
        code = self._texts.compile(source, name=file, filename=file)
        return Template.from_code(self._texts, code, self._texts.make_globals(None))

    def fill(
        self,
        kind: str,
        texts: Sequence[str],
        facts: Facts,
        *,
        locale: str,
        timezone: str,
    ) -> list[str]:
        """Fill short texts of the owner's, each on one line; raise WordingError."""
        values = printable(kind, facts)
        language, written_as = self._language(kind, Channel.WHATSAPP, locale)
        formats = _formats(locale=written_as, timezone=timezone)
        context = values | self._surroundings(Channel.WHATSAPP, language, formats)
        try:
            return [
                header_line(self._texts.from_string(text).render(context))
                for text in texts
            ]
        except MISTAKES as error:
            raise WordingError(f"The text {texts} {_trouble(error)}.") from error

    def _surroundings(
        self, channel: Channel, language: str, formats: Formats
    ) -> dict[str, object]:
        """Return what every template has beside the facts (README.md lists them)."""
        return {
            "channel": channel,
            "formats": formats,
            "business_timezone": self._business_timezone,
            "language": str(formats.locale).replace("_", "-"),
            "direction": formats.locale.text_direction,
            "words": self._words[language],
        }

    def _written_as(self, language: str, locale: str) -> str:
        """Return the locale to print times in, in words of that language."""
        for wanted in (locale, self._business_locale, language):
            for folder, written_as in _candidates(wanted):
                if folder == language:
                    return written_as
        return language

    def _best_language(
        self, kind: str, channel: Channel, locale: str
    ) -> tuple[str, str]:
        """Return the folder whose texts fit best, and the locale to print times in."""
        file = FILES[channel][0]
        for wanted in (locale, self._business_locale, LAST_LANGUAGE):
            for folder, written_as in _candidates(wanted):
                if f"{kind}/{folder}/{file}" in self._files and folder in self._words:
                    return folder, written_as
        raise WordingError(
            f"There is no text {kind}/{LAST_LANGUAGE}/{file} in the messages."
        )


def own_files(texts: Texts) -> dict[str, str]:
    """Return an owner's words by the file that each stands for."""
    return {
        "sms.txt": texts.text,
        "whatsapp.txt": texts.text,
        "subject.txt": texts.subject,
        "email.txt": texts.text,
        "email.html": texts.html,
    }


def _filled(channel: Channel, shelf: Shelf, context: dict[str, object]) -> Rendered:
    def fill(file: str) -> str:
        return shelf(file).render(context)

    if channel is Channel.SMS:
        return Rendered(text=as_gsm(tidy_lines(fill("sms.txt"))))
    if channel is Channel.WHATSAPP:
        return Rendered(text=tidy_lines(fill("whatsapp.txt")))
    subject = shortened(header_line(fill("subject.txt")), limit=MAX_SUBJECT)
    context["title"] = subject
    text = tidy_lines(fill("email.txt"))
    context["plain_text"] = text
    return Rendered(subject=subject, text=text, html=fill("email.html").strip())


def _candidates(locale: str) -> Iterator[tuple[str, str]]:
    """Yield `es_MX`, then `es`; both print times as in Mexico. Unknown: nothing."""
    try:
        parsed = Locale.parse(locale.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return
    yield str(parsed), str(parsed)
    yield parsed.language, str(parsed)


def _formats(*, locale: str, timezone: str) -> Formats:
    try:
        return formats_for(locale=locale, timezone=timezone)
    except (ValueError, KeyError, OSError):
        raise WordingError(f"{timezone!r} is not a known time zone.") from None


def _is_html(name: str | None) -> bool:
    return name is not None and name.endswith(".html")


def _check_length(channel: Channel, rendered: Rendered) -> None:
    if not rendered.text or (channel is Channel.EMAIL and not rendered.subject):
        raise WordingError(f"The {channel} message would be empty.")
    limit = LENGTH_LIMITS[channel]
    if len(rendered.text) > limit:
        raise WordingError(
            f"The {channel} message has {len(rendered.text)} characters; "
            f"at most {limit} can be sent."
        )


def _trouble(error: Exception) -> str:
    if isinstance(error, UndefinedError):
        return f"uses a name that nobody filled: {error.message}"
    if isinstance(error, TemplateNotFound):
        return f"is missing its file {error.name}"
    if isinstance(error, TemplateSyntaxError):
        return f"has a mistake in line {error.lineno}: {error.message}"
    return f"could not be filled: {error}"
