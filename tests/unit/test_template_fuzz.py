"""Whatever an owner types is saved or refused, never a stumble, and never slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.templates import TemplateKey, Texts
from app.errors import InvalidError
from app.services.template_checks import Trial, check
from app.services.template_rules import ALLOWED_FILTERS, MOST_PARTS
from app.services.wording import Wording

TRIAL = Trial(
    wording=Wording(business_locale="en", business_timezone="Europe/Madrid"),
    business_name="Salon Rosa",
    timezone="Europe/Madrid",
)
MAIL = TemplateKey(kind=Kind.BOOKING_REMINDER, channel=Channel.EMAIL, language="en")
#: What templates are made of, and what breaks them.
PIECES = [
    *("{{ ", " }}", "{% ", " %}", "{# ", " #}", "{%- ", "-%}", "\n", " "),
    *("start", "price", "service_name", "words", "words.look", "row", "super", "self"),
    *("title", "nothing", "loop", "none", "true", "1", "-1", "1.5", "'a'", "'", '"'),
    *("|", " | time", " | money", " | replace('a', 'b')", " | truncate(3)", " | row"),
    *("if ", "else", "elif 1", "endif", "for x in y", "endfor", "set a = 1", "raw"),
    *('extends "_layout/email.html"', 'extends "_layout/email.txt"', "block lead"),
    *("endblock", "endraw", 'from "_layout/rows.html" import row', "import", "do"),
    *("(", ")", "[", "]", "{", "}", "()", "[0]", "[:2]", "~", "+", "-", "*", "/", "%"),
    *("==", " in ", " not ", " and ", " is defined", ",", ".", ":", "<b>", "&", "á"),
]


#: Expressions that can be read, whatever they mean.
VALUES = st.recursive(
    st.sampled_from(
        [
            *("start", "price", "service_name", "party_size", "words", "words.look"),
            *("title", "1", "-1", "1.5", "'a'", "''", "none", "super()", "nothing"),
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(sorted(ALLOWED_FILTERS))).map(" | ".join),
        st.tuples(inner, st.sampled_from(["+", "~", "==", "<", "in", "and"]), inner)
        .map(" ".join)
        .map("({})".format),
        st.tuples(inner, st.sampled_from(["[0]", "[:2]", "[-9]", "[1:0:-1]"])).map(
            "".join
        ),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        st.tuples(inner, inner, inner).map(
            lambda p: f"{p[0]} | replace({p[1]}, {p[2]})"
        ),
        st.tuples(inner, inner).map(lambda p: f"row({p[0]}, {p[1]})"),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    VALUES.map("{{{{ {} }}}}".format),
    st.tuples(VALUES, VALUES).map(
        lambda p: f"{{% if {p[0]} %}}{{{{ {p[1]} }}}}{{% endif %}}"
    ),
    VALUES.map("{{% block lead %}}{{{{ {} }}}}{{% endblock %}}".format),
    st.sampled_from(
        [
            '{% extends "_layout/email.html" %}',
            '{% extends "_layout/email.txt" %}',
            '{% from "_layout/rows.html" import row %}',
            "{% block facts %}",
            "{% endblock %}",
        ]
    ),
)


def answered(texts: Texts) -> bool:
    """Try a text out: tell whether it may be saved; fail if anything is unforeseen."""
    try:
        check(TRIAL, MAIL, texts)
    except InvalidError:
        return False
    return True


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
@settings(max_examples=400)
def test_pieces_in_any_order_are_saved_or_refused(source: str) -> None:
    answered(Texts(subject="See you", text=source, html=source))


@given(st.lists(STATEMENTS, max_size=4).map("".join))
@settings(max_examples=400)
def test_what_can_be_read_is_saved_or_refused(source: str) -> None:
    answered(Texts(subject="See you", text=source, html=source))


@given(st.text(max_size=40))
def test_any_text_at_all_is_saved_or_refused(source: str) -> None:
    answered(Texts(subject=source, text=source, html=source))


@pytest.mark.parametrize(
    ("piece", "saved"),
    [
        ("{{ start | date }}", True),
        ("{{ words.why_you | replace('a', service_name) }}", True),
        ("{% if start %}{{ start | time }}{% endif %}", True),
        ("{{ service_name ~ service_name ~ service_name }}", True),
        ("{{ 'a' " + "| replace('a', 'aaaa')" * 9 + "}}", False),
    ],
)
def test_the_longest_text_that_is_saved_is_tried_within_seconds(
    piece: str, *, saved: bool
) -> None:
    # Far more than anybody writes, and within the limits of length and of parts.
    source = piece * min(MOST_PARTS // 6, 10_000 // len(piece))
    began = time.monotonic()

    assert answered(Texts(subject="See you", text=source, html=source)) is saved
    assert time.monotonic() - began < 5
