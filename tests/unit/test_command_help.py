from __future__ import annotations

import pytest

from app.__main__ import COMMANDS, main


@pytest.mark.parametrize("word", COMMANDS)
def test_every_command_says_what_it_does(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([word, "--help"])

    told = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert COMMANDS[word] in told


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(f"  {word} " in told for word in COMMANDS)


def test_word_that_is_no_command_is_refused_with_those_that_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["docter"])

    assert ended.value.code == 2
    assert "doctor" in capsys.readouterr().err
