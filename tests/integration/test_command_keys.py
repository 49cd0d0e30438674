from __future__ import annotations

import pytest

from app.runtime import Runtime
from app.services.keys import KeyRing, Scope
from tests.door import Door
from tests.postgres import about_sqlite
from tests.shell import Shell


def test_created_key_opens_what_its_scope_says(shell: Shell, door: Door) -> None:
    ran = shell("keys", "create", "--name", "web site", "--scope", "site", "--json")

    visitor = door.with_key(ran.json["key"])
    assert ran.code == 0
    assert visitor.get("/bookings").status == 200
    assert visitor.post("/services", {"name": "Yoga"}).status == 403


def test_key_is_shown_alone_on_the_first_line(shell: Shell, runtime: Runtime) -> None:
    ran = shell("keys", "create", "--name", "web site", "--scope", "public")

    found = KeyRing(runtime).find(ran.out.splitlines()[0])
    assert found is not None
    assert (found.name, found.scope) == ("web site", Scope.PUBLIC)
    assert "the only time" in ran.out


def test_list_shows_every_key_but_never_the_key_itself(
    shell: Shell, runtime: Runtime
) -> None:
    made = shell("keys", "create", "--name", "site", "--scope", "site", "--json").json

    people, machines = shell("keys", "list"), shell("keys", "list", "--json")

    assert people.code == machines.code == 0
    assert [key["id"] for key in machines.json["data"]] == ["first", made["id"]]
    assert made["id"] in people.out
    assert made["key"] not in people.out + machines.out


def test_revoked_key_opens_nothing_any_more(shell: Shell, runtime: Runtime) -> None:
    made = shell("keys", "create", "--name", "site", "--scope", "site", "--json").json

    ran = shell("keys", "revoke", made["id"])

    assert ran.code == 0
    assert KeyRing(runtime).find(made["key"]) is None
    assert shell("keys", "list", "--json").json["data"][1]["revoked_at"] is not None


def test_first_key_is_not_revoked_but_replaced(shell: Shell, runtime: Runtime) -> None:
    ran = shell("keys", "revoke", "first")

    assert ran.code == 1
    assert "change BELLHOP_API_KEY" in ran.err


def test_key_that_is_not_there_cannot_be_revoked(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("keys", "revoke", "nobody's")

    assert ran.code == 1
    assert "There is no API key" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("create", "--name", "x", "--scope", "boss"),
        ("create", "--name", "", "--scope", "site"),
        ("create", "--name", "two\nlines", "--scope", "site"),
        ("create", "--scope", "site"),
        ("revoke",),
        (),
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_is_made(
    shell: Shell, runtime: Runtime, words: tuple[str, ...]
) -> None:
    ran = shell("keys", *words)

    assert ran.code == 2
    assert "error:" in ran.err
    assert len(shell("keys", "list", "--json").json["data"]) == 1


@about_sqlite
def test_without_a_database_one_is_told_to_migrate(shell: Shell) -> None:
    ran = shell("keys", "list")

    assert ran.code == 1
    assert "There is no database" in ran.err
