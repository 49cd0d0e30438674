from __future__ import annotations

import pytest

from app.launcher.environment import missing_module
from app.launcher.pip import why

OFFLINE = """\
Collecting alembic==1.20.1
WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('...')
ERROR: Could not find a version that satisfies the requirement alembic==1.20.1
ERROR: No matching distribution found for alembic==1.20.1

""".splitlines()


def test_missing_network_is_named_with_pips_last_line() -> None:
    sentence = why(OFFLINE, requirements="requirements.txt")

    assert sentence == (
        "Bellhop could not install requirements.txt: there is no network, and what it "
        "needs is not installed yet. pip's last line: ERROR: No matching distribution "
        "found for alembic==1.20.1"
    )


def test_full_disk_is_named_even_if_the_network_failed_once() -> None:
    lines = [*OFFLINE, "ERROR: Could not install packages: [Errno 28] No space left"]

    assert ": the disk is full. " in why(lines, requirements="requirements.txt")


def test_other_failures_keep_pips_last_line_alone() -> None:
    lines = ["Collecting x", "/usr/bin/python: No module named pip", ""]

    sentence = why(lines, requirements="requirements-dev.txt")

    assert sentence == (
        "Bellhop could not install requirements-dev.txt. pip's last line: "
        "/usr/bin/python: No module named pip"
    )


def test_silent_pip_is_said_to_be_silent() -> None:
    assert why([], requirements="r.txt").endswith("pip's last line: (it said nothing)")


@pytest.mark.parametrize(
    ("found", "missing"),
    [(frozenset({"venv"}), "ensurepip"), (frozenset({"ensurepip"}), "venv")],
)
def test_missing_module_names_the_debian_package(
    found: frozenset[str], missing: str
) -> None:
    sentence = missing_module("3.13", found=found)

    assert sentence is not None
    assert f"no module {missing}" in sentence
    assert "apt install python3.13-venv" in sentence


def test_nothing_is_missing_from_a_whole_python() -> None:
    assert missing_module("3.11", found=frozenset({"venv", "ensurepip"})) is None
