"""Loading `actors/`: what is found there, and one clear error for each bad file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.ids import new_id
from app.errors import ConfigError
from app.services.actors_found import load_actors

Files = Callable[..., str]
GOOD = "from app.work import task\n\n\n@task()\ndef {name}() -> None: ...\n"


@pytest.fixture(name="actors")
def actors_of_somebody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Files]:
    """Write a package of actors; return its name."""
    package = f"actors_{new_id().replace('-', '')}"
    (tmp_path / package).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(**files: str) -> str:
        for name, text in files.items():
            path = tmp_path / package / f"{name}.py"
            path.write_text(text, encoding="utf-8")
        return package

    yield write
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


def problems(package: str) -> dict[str, str]:
    with pytest.raises(ConfigError) as caught:
        load_actors(package)
    return {
        problem.field.removeprefix(package): problem.message
        for problem in caught.value.problems
    }


def test_every_file_is_a_place_for_tasks(actors: Files) -> None:
    package = actors(one=GOOD.format(name="first"), two=GOOD.format(name="second"))

    assert [kind.name for kind in load_actors(package)] == ["first", "second"]


def test_a_second_look_finds_the_same(actors: Files) -> None:
    package = actors(one=GOOD.format(name="first"))

    assert list(load_actors(package)) == list(load_actors(package))


def test_a_task_that_another_file_imports_is_one_task(actors: Files) -> None:
    package = actors(a="", b=GOOD.format(name="first"))
    actors(a=f"from {package}.b import first\n")

    assert len(load_actors(package)) == 1


def test_our_own_actor_is_no_task(actors: Files) -> None:
    package = actors(run="raise RuntimeError('not to be loaded')")

    assert len(load_actors(package)) == 0


def test_every_bad_file_is_named_with_its_line_and_reason(actors: Files) -> None:
    package = actors(
        broken="x = 1\ndef :\n",
        failing="\n\nraise RuntimeError('no licence\\nat all')\n",
        leaving="import sys\nsys.exit('bye')\n",
        missing="import nothing_of_this_name\n",
        wrong=GOOD.format(name="first").replace("@task()", "@task(priority=101)"),
    )

    found = problems(package)

    assert set(found) == {
        "/broken.py:2",
        "/failing.py:3",
        "/leaving.py:2",
        "/missing.py:1",
        "/wrong.py:4",
    }
    assert found["/failing.py:3"] == "cannot be loaded: RuntimeError: no licence"
    assert "nothing_of_this_name" in found["/missing.py:1"]
    assert "from 0 to 100" in found["/wrong.py:4"]


def test_two_tasks_of_one_name_in_two_files_are_named_both(actors: Files) -> None:
    package = actors(one=GOOD.format(name="same"), two=GOOD.format(name="same"))

    found = problems(package)

    assert "one.py:4" in found["/two.py:4"]


def test_two_tasks_of_one_name_in_one_file_are_named_both(actors: Files) -> None:
    package = actors(one=GOOD.format(name="same") + GOOD.format(name="same"))

    assert "one.py:4" in problems(package)["/one.py:9"]


def test_the_files_that_come_with_bellhop_can_be_loaded() -> None:
    assert load_actors().get("ping") is not None
