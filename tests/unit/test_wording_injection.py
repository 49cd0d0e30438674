"""Nothing that a customer or a site writes can act in a message."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.errors import WordingError
from app.messages.examples import example_facts
from app.services.wording import Rendered, Wording

WORDING = Wording(business_locale="en", business_timezone="Europe/Madrid")

#: What attackers type into a field for a name.
PAYLOADS = [
    "{{ 7 * 7 }}",
    "{{7*'7'}}",
    "{% for i in range(9) %}x{% endfor %}",
    "{# gone #}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum | attr('__globals__') }}",
    "{{ self._TemplateReference__context }}",
    "{{ formats }}{{ words }}{{ business_timezone }}",
    "{% include '/etc/passwd' %}",
    "${7*7} #{7*7} <%= 7*7 %> %(service_name)s {service_name} {name} {business}",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></span></p><h1>free</h1>",
    "<!-- --><![CDATA[ ]]>",
    "&lt;b&gt; &amp; &#60;script&#62;",
    "Maria\r\nBcc: eve@evil.example",
    "Maria\nSubject: other\n\nother body",
    "=?UTF-8?Q?=0A?=Bcc: eve@evil.example",
    "\x00\x07\x08\x1b[2J\x7f\x85\x9b31m",
    "\u202egnp.exe\u202c \u2066x\u2069 \u2028 \u2029",
    "\ud800 \udfff half pairs",
    "*bold* _italic_ ~struck~ ```code```",
    "=cmd|' /C calc'!A0",
    "../../../etc/passwd",
    "' OR 1=1; DROP TABLE bookings;--",
    "Ω≈ç√∫µ≤≥÷ 田中さん مرحبا 👩‍👩‍👧‍👦",
]


class Tags(HTMLParser):
    """Lists a page's tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def rendered(channel: Channel, words: str) -> Rendered:
    """Render the kind that tells most, with these words in every fact that is text."""
    facts = replace(
        example_facts(Kind.BOOKING_STATUS_CHANGED),
        customer_name=words,
        service_name=words,
        business_name=words,
        reason=words,
        reference=words,
        old_status=words,
        new_status=words,
    )
    return WORDING.render(
        Kind.BOOKING_STATUS_CHANGED,
        channel,
        facts,
        locale="en",
        timezone="Europe/Madrid",
    )


def assert_harmless(message: Rendered) -> None:
    for part in (message.subject, message.text, message.html):
        part.encode()
        letters = {unicodedata.category(letter) for letter in part.replace("\n", "")}
        assert not letters & {"Cc", "Cs", "Zl", "Zp"}
        assert not set(part) & set(
            "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        )
    assert "\n" not in message.subject
    assert "=?" not in message.subject


@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_in_every_fact_does_nothing(channel: Channel, payload: str) -> None:
    assert_harmless(rendered(channel, f"x {payload}"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_html_has_the_same_tags_whatever_customers_write(payload: str) -> None:
    html = rendered(Channel.EMAIL, f"x {payload}").html

    assert Tags(html).shape == Tags(rendered(Channel.EMAIL, "x").html).shape


@pytest.mark.parametrize("payload", [p for p in PAYLOADS if "{" in p])
def test_a_template_in_a_name_stays_a_name(payload: str) -> None:
    message = rendered(Channel.EMAIL, payload)

    assert payload in message.text
    assert payload in "".join(Tags(message.html).words)
    assert payload in rendered(Channel.WHATSAPP, payload).text or "*" in payload


def test_a_link_in_the_customer_s_name_cannot_be_tapped() -> None:
    facts = replace(
        example_facts(Kind.BOOKING_CONFIRMED),
        customer_name="You won! https://evil.example/prize",
    )

    for channel in Channel:
        message = WORDING.render(
            Kind.BOOKING_CONFIRMED, channel, facts, locale="en", timezone="UTC"
        )
        assert "evil.example" not in message.text + message.html


@given(
    words=st.text(st.characters(codec=None, exclude_categories=()), max_size=300),
    channel=st.sampled_from(Channel),
)
def test_whatever_is_written_the_message_is_harmless_or_refused(
    words: str, channel: Channel
) -> None:
    try:
        message = rendered(channel, words)
    except WordingError as error:
        assert "needs" in str(error)  # noqa: PT017 - only empty words may be refused
        assert not words
    else:
        assert_harmless(message)
