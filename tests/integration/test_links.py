"""Links to a booking's own page: short, made by nobody but us, good for a long time."""

from __future__ import annotations

import hashlib
import string

import pytest
from itsdangerous import URLSafeSerializer

from app import installation
from app.domain.ids import new_id
from app.errors import NotFoundError
from app.runtime import Runtime
from app.services.links import Links


def token_of(links: Links, booking_id: str) -> str:
    return links.manage_url(booking_id).rpartition("/")[2]


def test_a_link_leaves_room_for_words_in_an_sms(runtime: Runtime) -> None:
    links, booking_id = Links(runtime), new_id()

    token = token_of(links, booking_id)

    assert links.booking_id(token) == booking_id
    assert len(token) <= 37


def test_a_link_never_ends_where_telephones_see_the_end_of_a_sentence(
    runtime: Runtime,
) -> None:
    links = Links(runtime)

    last = {token_of(links, new_id())[-1] for _ in range(200)}

    assert last <= set(string.ascii_letters + string.digits)


def test_no_letter_of_a_link_can_be_another(runtime: Runtime) -> None:
    links, booking_id = Links(runtime), new_id()
    token = token_of(links, booking_id)

    for place, letter in enumerate(token[:-1]):
        other = "A" if letter != "A" else "B"
        with pytest.raises(NotFoundError):
            links.booking_id(token[:place] + other + token[place + 1 :])


def test_a_link_that_was_sent_when_they_were_long_still_works(
    runtime: Runtime,
) -> None:
    links, booking_id = Links(runtime), new_id()
    long = URLSafeSerializer(
        installation.secret_key(runtime.settings).value,
        salt="manage-booking",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )

    assert links.booking_id(str(long.dumps(booking_id))) == booking_id


def test_an_id_that_others_made_has_a_link_too(runtime: Runtime) -> None:
    links = Links(runtime)

    assert links.booking_id(token_of(links, "from-elsewhere/1")) == "from-elsewhere/1"
