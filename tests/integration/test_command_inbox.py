"""`inbox`: the staff sees who waits, and ticks off what is dealt with."""

from __future__ import annotations

from app.runtime import Runtime
from tests.replying import ALICES_PHONE, write
from tests.shell import Shell


def test_who_waits_is_listed_until_it_is_done(shell: Shell, runtime: Runtime) -> None:
    entry = write(runtime, "Do you have\nparking?", profile_name="Alice")
    write(runtime, "help")

    waiting = shell("inbox", "list")
    done = shell("inbox", "done", entry["id"])
    after = shell("inbox", "list")

    assert waiting.code == done.code == after.code == 0
    assert entry["id"] in waiting.out
    assert f"Alice {ALICES_PHONE}" in waiting.out
    assert "Do you have parking?" in waiting.out
    assert len(waiting.out.splitlines()) == 2
    assert "dealt with" in done.out
    assert after.out == "Nobody waits for an answer.\n"


def test_machines_get_the_whole_entries(shell: Shell, runtime: Runtime) -> None:
    write(runtime, "help")
    entry = write(runtime, "Hello?")

    listed = shell("inbox", "list", "--all", "--json")
    done = shell("inbox", "done", entry["id"], "--json")

    assert [e["state"] for e in listed.json["data"]] == ["open", "answered"]
    assert done.json["state"] == "done"


def test_a_message_that_is_not_there_is_one_clear_line(
    shell: Shell, runtime: Runtime
) -> None:
    ran = shell("inbox", "done", "nothing")

    assert ran.code == 1
    assert "nothing" in ran.err
