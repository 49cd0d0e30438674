"""What customers' messages are taken for, and that each answer has its words."""

from __future__ import annotations

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.facts import Facts
from app.domain.gsm import Encoding, sms_size
from app.domain.keywords import KEYWORDS, Meaning
from app.domain.kinds import KINDS, Kind
from app.domain.recipients import Channel
from app.domain.replies import Topic, understand
from app.messages.examples import example_facts
from app.services.wording import MESSAGES, Wording

ALL_WORDS = [
    (word, meaning)
    for meaning, languages in KEYWORDS.items()
    for words in languages.values()
    for word in words
]
WORDING = Wording(business_locale="en", business_timezone="Europe/Madrid")


def meaning_of(text: str, channel: Channel = Channel.WHATSAPP) -> str | None:
    found = understand(text, channel=channel)
    return None if found is None else found.meaning


@pytest.mark.parametrize(("word", "meaning"), ALL_WORDS)
def test_every_keyword_is_understood_alone(word: str, meaning: Meaning) -> None:
    assert meaning_of(word) == meaning
    assert meaning_of(f"  {word.upper()}!!\n") == meaning


def test_no_word_has_two_meanings() -> None:
    words = [word for word, _ in ALL_WORDS]

    assert len(words) == len(set(words))


@pytest.mark.parametrize(("word", "meaning"), ALL_WORDS)
def test_a_keyword_within_a_sentence_is_for_a_person_to_read(
    word: str, meaning: Meaning
) -> None:
    assert meaning_of(f"{word} by at the shop around five please") is None
    assert meaning_of(f"please do not {word}") is None, meaning


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Stop.", "stop"),
        ("opt-out", "stop"),
        ("¡BAJA!", "stop"),
        ("Sí", "confirm"),
        ("SI\u0301", "confirm"),
        ("Yes 👍", "confirm"),
        ("\uff39\uff25\uff33", "confirm"),
        ("INFORMACIÓN", "help"),
        ("late 10", "late"),
        ("Late by 15 minutes", "late"),
        ("10 min late", "late"),
        ("20 minutos tarde", "late"),
        ("I'm late", "late"),
        ("stop by at 5", None),
        ("late 10 20", None),
        ("stop 10", None),
        ("yes or no?", None),
        ("y si no puedo?", None),
        ("👍", None),
        ("", None),
        ("   ", None),
        ("stop " * 100, None),
    ],
)
def test_what_people_write(text: str, expected: str | None) -> None:
    assert meaning_of(text) == expected


def test_a_word_may_be_followed_by_the_bookings_reference() -> None:
    found = understand("c k7m2qxr", channel=Channel.SMS)

    assert found is not None
    assert (found.meaning, found.reference) == (Meaning.CANCEL, "K7M2QXR")


def test_stop_with_a_reference_is_no_keyword() -> None:
    assert meaning_of("stop K7M2QXR") is None


def test_cancel_ends_messages_by_sms_where_carriers_do_so_too() -> None:
    by_sms = understand("CANCEL", channel=Channel.SMS)
    by_whatsapp = understand("CANCEL", channel=Channel.WHATSAPP)

    assert by_sms is not None
    assert by_whatsapp is not None
    assert (by_sms.meaning, by_sms.is_ambiguous) == (Meaning.STOP, True)
    assert (by_whatsapp.meaning, by_whatsapp.is_ambiguous) == (Meaning.CANCEL, False)


def test_the_topics_that_leave_after_an_opt_out_are_topics() -> None:
    assert KINDS[Kind.REPLY].despite_opt_out <= set(Topic)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_topic_has_its_words_in_every_language(language: str) -> None:
    file = MESSAGES / "_words" / f"{language}.toml"

    words = tomllib.loads(file.read_text(encoding="utf-8"))

    assert set(words["replies"]) == set(Topic)


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize("language", ["en", "es"])
def test_an_answer_by_sms_is_short_and_in_cheap_letters(
    topic: Topic, language: str
) -> None:
    facts = Facts(business_name="Salon Rosa", topic=topic)

    text = WORDING.render(
        Kind.REPLY, Channel.SMS, facts, locale=language, timezone="Europe/Madrid"
    ).text

    size = sms_size(text)
    assert size.encoding is Encoding.GSM_7
    assert size.segments <= (2 if topic is Topic.HELP else 1)


def test_a_question_names_the_bookings_that_may_be_meant() -> None:
    facts = Facts(
        business_name="Salon Rosa", topic=Topic.WHICH_ONE, choices="K7M2QXR Fri 2:30 PM"
    )

    for channel in (Channel.SMS, Channel.WHATSAPP):
        text = WORDING.render(
            Kind.REPLY, channel, facts, locale="en", timezone="Europe/Madrid"
        ).text

        assert "K7M2QXR Fri 2:30 PM" in text


def test_the_example_of_an_answer_tells_its_booking() -> None:
    assert example_facts(Kind.REPLY).service_name


@given(st.text(max_size=80), st.sampled_from(Channel))
def test_whatever_is_written_is_understood_or_left_to_a_person(
    text: str, channel: Channel
) -> None:
    found = understand(text, channel=channel)

    assert found is None or found.word in {word for word, _ in ALL_WORDS}


@given(st.sampled_from(ALL_WORDS), st.text("abcdefgh ,!?", min_size=1, max_size=20))
def test_letters_around_a_keyword_make_it_a_sentence(
    keyword: tuple[str, Meaning], more: str
) -> None:
    word, _ = keyword
    found = understand(f"{word} {more}", channel=Channel.WHATSAPP)

    if found is not None and found.reference is None:
        letters = " ".join(re.sub("[,!?]", " ", f"{word} {more}").split())
        assert letters in {known for known, _ in ALL_WORDS}
