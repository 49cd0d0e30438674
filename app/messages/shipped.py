"""Which texts come with Bellhop: where they stand, and in which languages.

Read by the renderer, and by whoever plans a message; knows nothing of what they say.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from app.domain.recipients import Channel
from app.domain.templates import TemplateKey, Texts

#: Where the texts stand: `<kind>/<language>/<channel file>`.
MESSAGES = Path(__file__).resolve().parent
#: Each channel's files; the first one tells whether a language has the kind.
FILES: Mapping[Channel, tuple[str, ...]] = {
    Channel.SMS: ("sms.txt",),
    Channel.WHATSAPP: ("whatsapp.txt",),
    Channel.EMAIL: ("email.txt", "subject.txt", "email.html"),
}


@functools.cache
def shipped_languages(kind: str, channel: Channel) -> frozenset[str]:
    """Return the languages in which a kind's texts over a channel come with us."""
    first = FILES[channel][0]
    found = MESSAGES.glob(f"{kind}/*/{first}")
    return frozenset(path.parent.name for path in found) & languages()


@functools.cache
def languages() -> frozenset[str]:
    """Return the languages whose common phrases are here: no text goes without."""
    return frozenset(path.stem for path in MESSAGES.glob("_words/*.toml"))


def shipped_texts(key: TemplateKey) -> Texts | None:
    """Return the words that come with us, as they are written; None: there are none."""
    if key.language not in shipped_languages(key.kind, key.channel):
        return None
    text, *others = FILES[key.channel]
    folder = MESSAGES / key.kind / key.language
    words = {file: (folder / file).read_text("utf-8") for file in (text, *others)}
    return Texts(
        subject=words.get("subject.txt", ""),
        text=words[text],
        html=words.get("email.html", ""),
    )
