"""What a benchmark hands on to its processes, and what it installs for the peers."""

from __future__ import annotations

import pytest

from app.config import names
from bench.children import ROOT, surroundings
from bench.peer_venv import REQUIREMENTS


def pins(text: str) -> dict[str, str]:
    lines = [line.split(" #")[0].strip() for line in text.splitlines()]
    pinned = [line.partition("==") for line in lines if "==" in line]
    return {name.partition("[")[0]: version for name, _, version in pinned}


@pytest.mark.parametrize("name", ["REDIS_URL", "REDIS_URL_FILE", "BELLHOP_PORT"])
def test_the_settings_of_the_person_who_measures_are_left_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "theirs")

    assert name not in surroundings({})


def test_no_setting_of_bellhop_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in names():
        monkeypatch.setenv(name, "theirs")

    assert not set(names()) & set(surroundings({}))


def test_what_is_asked_for_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMETHING_ELSE", "kept")

    found = surroundings({"REDIS_URL": "ours"})

    assert found["SOMETHING_ELSE"] == "kept"
    assert found["REDIS_URL"] == "ours"


def test_the_peers_run_on_bellhops_own_versions() -> None:
    theirs = pins(REQUIREMENTS.read_text(encoding="utf-8"))
    ours = pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))

    assert {"celery", "rq", "huey"} <= set(theirs)
    assert "-r ../requirements.txt" in REQUIREMENTS.read_text(encoding="utf-8")
    assert not set(theirs) & set(ours)


def test_bellhop_itself_needs_no_peer() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        installed = pins((ROOT / name).read_text(encoding="utf-8"))

        assert not {"celery", "rq", "huey", "kombu"} & set(installed)
