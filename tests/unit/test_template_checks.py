"""What an owner may write into a text, and what is refused with its line."""

from __future__ import annotations

import pytest

from app.domain.kinds import Kind
from app.domain.recipients import Channel
from app.domain.templates import TemplateKey, Texts
from app.errors import InvalidError, Problem
from app.messages.shipped import languages, shipped_texts
from app.services.template_checks import Trial, check
from app.services.wording import Wording

TRIAL = Trial(
    wording=Wording(business_locale="en", business_timezone="Europe/Madrid"),
    business_name="Salon Rosa",
    timezone="Europe/Madrid",
)
REMINDER = TemplateKey(kind=Kind.BOOKING_REMINDER, channel=Channel.SMS, language="en")
MAIL = TemplateKey(kind=Kind.BOOKING_REMINDER, channel=Channel.EMAIL, language="en")
WHOLE = "{{ service_name }}, {{ start | short_day }} at {{ start | time }}"
EVERY_TEXT = [
    TemplateKey(kind=kind, channel=channel, language=language)
    for kind in Kind
    for channel in Channel
    for language in sorted(languages())
]


def refused(source: str, key: TemplateKey = REMINDER, **parts: str) -> list[Problem]:
    with pytest.raises(InvalidError) as caught:
        check(TRIAL, key, Texts(text=source, **parts))
    return list(caught.value.problems)


@pytest.mark.parametrize("key", EVERY_TEXT, ids=str)
def test_our_own_words_could_be_an_owner_s(key: TemplateKey) -> None:
    texts = shipped_texts(key)
    assert texts is not None

    warnings = check(TRIAL, key, texts)

    assert [w for w in warnings if "GSM-7" not in w.message] == []


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("Hi\n{{ custmer_name }}", "line 2: there is no name 'custmer_name'; the "),
        ("{{ old_start | time }}", "line 1: there is no name 'old_start'; the nearest"),
        (
            "{{ start | tme }}",
            "line 1: there is no filter 'tme'; the nearest is 'time'",
        ),
        (
            "{{ words.helo }}",
            "line 1: there is no phrase 'helo'; the nearest is 'hello'",
        ),
        ("a\n\n{{ start | time", "line 3: unexpected end of template"),
        ("{% if start %}", "line 1: Unexpected end of template"),
        ("{% frob %}", "line 1: Encountered unknown tag 'frob'"),
        ("{% for n in [1] %}{{ n }}{% endfor %}", "line 1: loops are not for messages"),
        ("{% set a = 1 %}", "line 1: {% set %} is not for messages"),
        ("{{ 'a' * 1000000000 }}", "line 1: nothing is multiplied"),
        ("{{ 2 ** 99999999 }}", "line 1: pow is not for messages"),
        ("{{ start.year }}", "line 1: no fact has a part .year; only words has"),
        ("{{ ''.__class__ }}", "line 1: no fact has a part .__class__"),
        ("{{ start['year'] }}", "line 1: only letters of a text are taken"),
        ("{{ service_name() }}", "line 1: nothing can be called"),
        ("{{ text | safe }}", "there is no filter 'safe'"),
        ("{{ service_name | truncate(-5) }}", "line 1: The text booking_reminder/en"),
        ("Hi\n{{ start }}", "line 2: The text booking_reminder/en (sms) could not be"),
        ("{{ start }}", "a time is printed with a filter: {{ … | day }}"),
        ("{{ price }}", "a price is printed with its filter: {{ … | money }}"),
        ("{{ party_size }} of you", "a fact that is missing; put {% if … %} around it"),
        ("{{ words.statuses }}", "several phrases; name one of them"),
        ("{% include 'message/en/sms.txt' %}", "line 1: {% include %} is not for"),
        ('{% extends "message/en/sms.txt" %}', "line 1: {% extends %} is for the text"),
        ("{% macro row() %}{{ row() }}{% endmacro %}", "line 1: macros are not for"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_line(source: str, told: str) -> None:
    assert any(told in problem.message for problem in refused(source)), refused(source)


@pytest.mark.parametrize(
    "source",
    [
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ self._TemplateReference__context }}",
        "{{ lipsum | attr('__globals__') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ service_name['__class__'] }}",
        "{{ (service_name ~ '')['format'] }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ service_name | center(1000000000) }}",
        "{{ service_name.ljust(1000000000) }}",
        "{{ range(1000000000) | list }}",
        "{{ namespace() }}",
        "{{ words.update({}) }}",
        "{% import '_layout/rows.html' as rows %}{{ rows }}",
        "{% from '_layout/rows.html' import row %}{{ row('a', 'b') }}",
        "{% include ['/etc/passwd', 'message/en/sms.txt'] %}",
        "{% call row() %}{% endcall %}",
        "{% with a = 1 %}{{ a }}{% endwith %}",
        "{% filter upper %}x{% endfilter %}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{{ debug }}{% debug %}",
    ],
)
def test_what_reaches_for_the_house_is_refused(source: str) -> None:
    assert refused(f"{WHOLE} {source}")


@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 20_00 + "1" + ")" * 20_00 + " }}",
        "{{ " + " and ".join(["start"] * 1000) + " }}",
        "{% if start %}" * 300 + "x" + "{% endif %}" * 300,
        "{{ start | time }}" * 555 + "{{ party_size }}" * 5,
    ],
    ids=["brackets", "and", "if", "long"],
)
def test_what_is_built_to_choke_us_is_refused(source: str) -> None:
    assert refused(source)


def test_one_word_in_place_of_another_makes_no_text_of_any_length() -> None:
    grows = "".join('| replace("a", "aaaaaaaaaa")' for _ in range(12))

    (problem,) = refused("{{ 'a' " + grows + " }}")

    assert "the filter replace would make a text too long" in problem.message


def test_an_e_mail_stands_in_its_own_frame_or_in_none() -> None:
    (problem,) = refused('{% extends "_layout/email.html" %}', MAIL, subject="Hi")

    assert problem == Problem(
        "text", 'line 1: only {% extends "_layout/email.txt" %} can stand here'
    )


def test_every_mistake_is_told_at_once() -> None:
    found = refused(
        "{{ one }}\n{{ two }}", MAIL, subject="{{ three }}", html="{{ start | four }}"
    )

    assert [problem.field for problem in found] == ["subject", "text", "text", "html"]


def test_a_fact_that_may_be_missing_needs_an_if_around_it() -> None:
    (problem,) = refused("Bye\n{{ price | money }}")

    assert problem.field == "text"
    assert problem.message.startswith("line 2: ")
    assert "put {% if … %} around it" in problem.message
    assert (
        check(TRIAL, REMINDER, Texts(text=f"{WHOLE}{{% if price %}} now{{% endif %}}"))
        == []
    )


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": WHOLE, "subject": "Hi"}, "subject"),
        ({"text": WHOLE, "html": "<p>"}, "html"),
    ],
)
def test_an_sms_is_a_text_and_nothing_else(parts: dict[str, str], field: str) -> None:
    source = parts.pop("text")

    assert [problem.field for problem in refused(source, **parts)] == [field]


def test_a_text_that_no_provider_takes_is_refused() -> None:
    (problem,) = refused("x" * 1601)

    assert "1601 characters; at most 1600" in problem.message


def test_an_e_mail_needs_a_subject() -> None:
    assert refused(WHOLE, MAIL) == [Problem("subject", "is needed for an e-mail")]


@pytest.mark.parametrize(
    ("source", "untold"),
    [
        (WHOLE, []),
        ("{{ service_name }} on {{ start | day }}", ["the time (start)"]),
        ("{{ service_name }} at {{ start | time }}", ["the day (start)"]),
        ("{{ start | day }}, {{ start | time }}", ["the service_name"]),
        ("Soon!", ["the service_name", "the time (start)", "the day (start)"]),
        ("{% if start %}Soon: {{ service_name }}{% endif %}", ["the time", "the day"]),
    ],
)
def test_a_reminder_that_does_not_say_when_is_warned_about(
    source: str, untold: list[str]
) -> None:
    warnings = check(TRIAL, REMINDER, Texts(text=source))

    assert len(warnings) == len(untold)
    for what, warning in zip(untold, warnings, strict=True):
        assert warning.message.startswith(f"does not tell {what}")


def test_letters_that_make_an_sms_dear_are_named() -> None:
    (warning,) = check(TRIAL, REMINDER, Texts(text=f"Mañana está ☺: {WHOLE}"))

    assert warning.message.startswith("á ☺ are not in GSM-7")


def test_a_mail_of_plain_text_alone_stands_in_the_usual_frame() -> None:
    texts = Texts(subject="Soon", text=f"Dear {{{{ customer_name }}}}\n\n{WHOLE} <b>")

    assert check(TRIAL, MAIL, texts) == []
