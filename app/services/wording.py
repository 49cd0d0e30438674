"""The words of a message: facts and a template in, subject, text and HTML out.

`Wording` is built once per process and called by delivery when a message leaves, and
by the API to try a message before it is queued. It never sends and never guesses:
what cannot be worded is a `WordingError` that names what is missing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
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
from app.errors import WordingError
from app.services.wording_filters import FILTERS
from app.services.wording_values import printable

#: Where the texts stand: `<kind>/<language>/<channel file>`.
MESSAGES = Path(__file__).resolve().parent.parent / "messages"
#: The language that every kind has, used where no better one has texts.
LAST_LANGUAGE = "en"
#: Each channel's files; the first one tells whether a language has the kind.
FILES: Mapping[Channel, tuple[str, ...]] = {
    Channel.SMS: ("sms.txt",),
    Channel.WHATSAPP: ("whatsapp.txt",),
    Channel.EMAIL: ("email.txt", "subject.txt", "email.html"),
}
#: Characters that every provider of the channel takes (Twilio 1600, Meta 4096).
LENGTH_LIMITS: Mapping[Channel, int] = {
    Channel.SMS: 1600,
    Channel.WHATSAPP: 1600,
    Channel.EMAIL: 100_000,
}
#: Letters of a subject: mail programs show 40 to 80 of them.
MAX_SUBJECT = 150


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """The finished words; subject and HTML are for e-mail, empty elsewhere."""

    subject: str = ""
    text: str
    html: str = ""


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

    def render(
        self, kind: str, channel: Channel, facts: Facts, *, locale: str, timezone: str
    ) -> Rendered:
        """Word one message for one reader; raise WordingError where that fails."""
        values = printable(kind, facts)
        language, written_as = self._language(kind, channel, locale)
        formats = _formats(locale=written_as, timezone=timezone)
        context = values | self._surroundings(channel, language, formats)
        try:
            rendered = self._rendered(kind, channel, language, context)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            place = f"{kind}/{language} ({channel})"
            raise WordingError(f"The text {place} {_trouble(error)}.") from error
        _check_length(channel, rendered)
        return rendered

    def _rendered(
        self, kind: str, channel: Channel, language: str, context: dict[str, object]
    ) -> Rendered:
        def fill(file: str) -> str:
            return self._texts.get_template(f"{kind}/{language}/{file}").render(context)

        if channel is Channel.SMS:
            return Rendered(text=as_gsm(tidy_lines(fill("sms.txt"))))
        if channel is Channel.WHATSAPP:
            return Rendered(text=tidy_lines(fill("whatsapp.txt")))
        subject = shortened(header_line(fill("subject.txt")), limit=MAX_SUBJECT)
        context["title"] = subject
        text = tidy_lines(fill("email.txt"))
        return Rendered(subject=subject, text=text, html=fill("email.html").strip())

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
