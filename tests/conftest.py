"""What tests of the whole house ask for: a runtime on a fresh database, its door."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.runtime import Runtime
from tests.door import Door, open_door
from tests.engine import Engine, open_engine
from tests.house import make_runtime
from tests.postgres import drop_databases_under
from tests.shell import Shell


@pytest.fixture(autouse=True)
def _no_database_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Remove the test's databases of PostgreSQL, once its houses are closed."""
    yield
    if folder := request.node.funcargs.get("tmp_path"):
        drop_databases_under(folder)


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """A house of its own, with a silent queue and every channel in preview."""
    with make_runtime(tmp_path) as house:
        yield house


@pytest.fixture
def door(runtime: Runtime) -> Door:
    """The house's API, asked with the admin key unless said otherwise."""
    return open_door(runtime)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """One worker of a house of its own, taken apart; time stands still."""
    with open_engine(tmp_path) as worker:
        yield worker


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """The commands, run in the test's folder: on the same house as `runtime`."""
    return Shell(tmp_path, monkeypatch, capsys)
