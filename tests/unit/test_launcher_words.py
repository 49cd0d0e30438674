from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path

import pytest

from app.launcher.words import Plan, main, plan_for

BELLHOP = Path(__file__).resolve().parents[2] / "bellhop.py"


def test_test_runs_pytest_with_the_other_arguments() -> None:
    plan = plan_for(["test", "-k", "up", "--durations=3"])

    assert plan == Plan(
        requirements="requirements-dev.txt",
        module="pytest",
        arguments=("-k", "up", "--durations=3"),
    )


@pytest.mark.parametrize("words", [["up", "--demo"], ["doctor"], ["keys", "list"]])
def test_any_other_word_is_a_command_of_bellhop(words: list[str]) -> None:
    plan = plan_for(words)

    assert plan == Plan(
        requirements="requirements.txt", module="app", arguments=tuple(words)
    )


def test_no_word_shows_the_usage_and_installs_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main([])

    assert code == 2
    assert "python3 bellhop.py WORD" in capsys.readouterr().out


def test_help_is_a_success(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--help"])

    assert code == 0
    assert "any other command of Bellhop" in capsys.readouterr().out


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 6, 15), (3, 10, 99)])
def test_python_that_is_too_old_is_told_so(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", (*version, "final", 0))

    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(BELLHOP), run_name="__main__")

    sentence = str(ended.value.code)
    assert sentence.startswith("Bellhop needs Python 3.11 or newer; this is Python")
    assert ".".join(map(str, version)) in sentence
    assert sys.executable in sentence


def test_front_door_uses_no_syntax_that_an_old_python_cannot_read() -> None:
    source = BELLHOP.read_text(encoding="ascii")

    tree = ast.parse(source)

    modern = (ast.JoinedStr, ast.NamedExpr, ast.AnnAssign, ast.FunctionDef, ast.Match)
    assert [node for node in ast.walk(tree) if isinstance(node, modern)] == []
    futures = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
    assert "__future__" not in {node.module for node in futures}
