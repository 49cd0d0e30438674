"""A WhatsApp message as a phone shows it: bold, italic and struck words, as HTML.

Pure. Called by the preview's page.
"""

from __future__ import annotations

import re
from html import escape

#: Each mark stands around words, never inside one, and not across lines.
_MARKS = {"*": "b", "_": "i", "~": "s"}
_STYLED = {
    tag: re.compile(
        rf"(?<![\w{mark}]){re.escape(mark)}(\S(?:[^{mark}\n]*\S)?){re.escape(mark)}(?![\w{mark}])"
    )
    for mark, tag in _MARKS.items()
}
_ADDRESS = re.compile(r"https?://\S+")


def as_html(text: str) -> str:
    """Return the message as HTML that is safe to show; its lines stay lines."""
    parts, end = [], 0
    for found in _ADDRESS.finditer(text):  # marks in an address are letters of it
        parts += [_styled(text[end : found.start()]), f"<u>{escape(found[0])}</u>"]
        end = found.end()
    return "".join([*parts, _styled(text[end:])]).replace("\n", "<br>\n")


def _styled(text: str) -> str:
    html = escape(text)
    for tag, pattern in _STYLED.items():
        html = pattern.sub(rf"<{tag}>\1</{tag}>", html)
    return html
