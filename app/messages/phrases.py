"""The phrases that the texts of a language share, for the pages that customers see.

A language is one file in `_words/`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale

_FOLDER = Path(__file__).resolve().parent / "_words"
#: The language that has every phrase.
_LAST_LANGUAGE = "en"


@dataclass(frozen=True, kw_only=True)
class Phrases:
    """What is said in one language, and as where times and prices are written in it."""

    language: str
    locale: str
    words: Mapping[str, Any]


def phrases_for(*locales: str) -> Phrases:
    """Return the phrases of the first locale whose language we speak, else English."""
    for locale in (*locales, _LAST_LANGUAGE):
        written_as = locale.replace("-", "_")
        language = written_as.partition("_")[0]
        if language in _all_words():
            break
    return Phrases(language=language, locale=written_as, words=_all_words()[language])


def languages() -> Mapping[str, str]:
    """Return every language that we speak, and how it calls itself."""
    return {
        language: str(Locale.parse(language).get_language_name(language)).capitalize()
        for language in _all_words()
    }


@cache
def _all_words() -> Mapping[str, Mapping[str, Any]]:
    return {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(_FOLDER.glob("*.toml"))
    }
