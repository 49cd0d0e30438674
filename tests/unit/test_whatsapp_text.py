"""WhatsApp's marks as HTML: what a phone shows, and nothing that acts."""

from __future__ import annotations

import pytest

from app.domain.whatsapp_text import as_html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*See you soon!*", "<b>See you soon!</b>"),
        ("_now_ or ~never~", "<i>now</i> or <s>never</s>"),
        ("*_both_*", "<b><i>both</i></b>"),
        ("one\ntwo", "one<br>\ntwo"),
        # no marks
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("a snake_case_name", "a snake_case_name"),
        ("* not bold*", "* not bold*"),
        ("*not\nbold*", "*not<br>\nbold*"),
        ("**", "**"),
        # what acts
        ("<b>&", "&lt;b&gt;&amp;"),
        ("*<i>*", "<b>&lt;i&gt;</b>"),
        ("https://a.example/_x_*y*", "<u>https://a.example/_x_*y*</u>"),
        ('https://a.example/"><b>', "<u>https://a.example/&quot;&gt;&lt;b&gt;</u>"),
    ],
)
def test_marks_are_shown_as_a_phone_shows_them(text: str, html: str) -> None:
    assert as_html(text) == html
