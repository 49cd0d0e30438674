"""`customers`: printed whole, and erased only when somebody means it."""

from __future__ import annotations

from app.runtime import Runtime
from app.storage.tables import inbox
from tests.house import ALICE, count
from tests.replying import ALICES_PHONE, write
from tests.shell import Shell


def test_an_export_is_json_that_can_be_handed_over(
    shell: Shell, runtime: Runtime
) -> None:
    write(runtime, "Where are you?")

    ran = shell("customers", "export", "--phone", ALICES_PHONE)

    assert ran.code == 0
    assert [row["text"] for row in ran.json["inbox"]] == ["Where are you?"]


def test_nothing_is_erased_without_yes(shell: Shell, runtime: Runtime) -> None:
    write(runtime, "Where are you?")

    people = shell("customers", "erase", "--phone", ALICES_PHONE)
    machines = shell("customers", "erase", "--phone", ALICES_PHONE, "--json")

    assert people.code == machines.code == 1
    assert "add --yes" in people.out
    assert machines.json["found"]["inbox"] == 1
    assert count(runtime, inbox, address=ALICES_PHONE) == 1


def test_with_yes_the_customer_is_forgotten(shell: Shell, runtime: Runtime) -> None:
    write(runtime, "Where are you?")

    ran = shell("customers", "erase", "--phone", ALICES_PHONE, "--yes")
    again = shell("customers", "erase", "--phone", ALICES_PHONE, "--yes", "--json")

    assert ran.code == again.code == 0
    assert "Backups, logs" in ran.out
    assert again.json["inbox"] == 0
    assert count(runtime, inbox, address=ALICES_PHONE) == 0


def test_whoever_names_nobody_is_told_how(shell: Shell, runtime: Runtime) -> None:
    nobody = shell("customers", "export")
    strange = shell("customers", "export", "--email", str(ALICE.phone))

    assert nobody.code == strange.code == 1
    assert "--email, --phone" in nobody.err
    assert "--email is not an e-mail address" in strange.err
