"""Previews as a page for a browser: bubbles as on a phone, the e-mail in a frame.

Called by the API and by `preview --page`; needs nothing from elsewhere and runs no
script, so that it may be kept as a file.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, Template
from markupsafe import Markup

from app.domain.costs import write_cost
from app.domain.whatsapp_text import as_html
from app.services.previews import Preview

_TEMPLATES = Path(__file__).resolve().parent / "templates"


def page_of(kind: str, previews: Sequence[Preview]) -> str:
    """Return the page that shows these previews of a kind."""
    measures = [measure(seen) for seen in previews]
    return _template().render(kind=kind, previews=previews, measures=measures)


def measure(seen: Preview) -> str:
    """Say in a line how long a message is, and what it costs."""
    parts = [f"{len(seen.rendered.text)} characters"]
    if seen.size is not None:
        plural = "" if seen.size.segments == 1 else "s"
        parts.append(f"{seen.size.segments} segment{plural} of {seen.size.encoding}")
    if seen.unfit:
        parts.append(f"UCS-2 because of {' '.join(seen.unfit)}")
    if seen.cost is not None:
        parts.append(f"about {write_cost(seen.cost)}")
    return ", ".join(parts)


@functools.cache
def _template() -> Template:
    environment = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)
    environment.filters["whatsapp"] = lambda text: Markup(as_html(text))  # noqa: S704 - escaped there
    return environment.get_template("preview.html")
