"""`inspect registered`: the kinds of task, with what starts them."""

from __future__ import annotations

from app.domain.kinds import Kind
from app.runtime import Runtime
from tests.shell import Shell


def test_people_see_every_kind(runtime: Runtime, shell: Shell) -> None:
    ran = shell("inspect", "registered")

    lines = {line.split()[0]: line for line in ran.out.splitlines()}
    assert ran.code == 0
    assert set(Kind) < set(lines)
    assert "high" in lines["ping"]
    assert "actors/ping.py:" in lines["ping"]


def test_machines_see_what_starts_a_task(runtime: Runtime, shell: Shell) -> None:
    kinds = {
        row["kind"]: row
        for row in shell("inspect", "registered", "--json").json["data"]
    }

    assert kinds["ping"]["events"] == []
    assert kinds["ping"]["timing"] == ""
    assert kinds["ping"]["summary"] == "Tell which process on which host has answered."
