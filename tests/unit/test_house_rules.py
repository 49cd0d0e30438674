"""The rules of the house that a machine can hold: layers, sizes, borders."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES_OF_FILE = 300
MOST_LINES_OF_FUNCTION = 50
MOST_LINES_OF_MODULE_DOCSTRING = 12
#: The files in `actors/` that come with Bellhop. Whoever adds some of their own writes
#: them as they like, and `python3 bellhop.py test` is none of their teachers.
OUR_ACTORS = {"__init__.py", "ping.py", "run.py"}

#: The floors of the house, the highest first: whoever imports looks down, never up.
#: Modules of one floor may know each other.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("bellhop", "app.launcher"),
    (
        *("worker", "scheduler", "app.__main__"),
        *("app.commands", "app.supervisor", "app.chaos"),
    ),
    ("app.web", "actors"),
    ("app.services", "app.messages.examples"),
    ("app.runtime",),
    ("app.work",),
    ("app.storage", "app.channels", "app.broker", "app.policy", "app.logs"),
    ("app.installation", "app.service_manager"),
    ("app.domain", "app.messages"),
    ("app.errors", "app.clock", "app.config", "app"),
)
#: Rooms that only look at these; they stand beside the floors.
ROOMS: dict[str, tuple[str, ...]] = {
    "app.simulator": ("app.simulator", "app.errors", "app.clock"),
    # The API loads the owner's own tasks, and must stay quick to start.
    "app.work": ("app.work", "app.domain", "app.errors", "app.clock"),
}
#: Who may import what from outside.
BORDERS = {
    "flask": ("app.web",),
    "dramatiq": ("app.broker", "actors", "worker"),
    "requests": ("app.channels.http",),
    "apscheduler": ("scheduler",),
    "sqlalchemy": (
        "app.storage",
        "app.services",
        "app.runtime",
        "app.web",
        "app.commands",
        "app.chaos",
    ),
}


def sources() -> list[Path]:
    folders = [ROOT / name for name in ("app", "actors", "bench", "tests")]
    files = [ROOT / f"{name}.py" for name in ("bellhop", "worker", "scheduler")]
    found = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    # A migration is one long list of statements, and is never changed again.
    return [*files, *(p for p in found if p.parent.name != "versions" and is_ours(p))]


def is_ours(path: Path) -> bool:
    return ROOT / "actors" not in path.parents or path.name in OUR_ACTORS


def product_sources() -> list[Path]:
    return [
        p for p in sources() if p.relative_to(ROOT).parts[0] not in ("tests", "bench")
    ]


def module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def names(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", sources(), ids=names)
def test_files_and_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    too_long = [
        f"{node.name} ({length} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (length := (node.end_lineno or 0) - node.lineno + 1)
        > MOST_LINES_OF_FUNCTION
    ]

    assert too_long == []
    assert len(text.splitlines()) <= MOST_LINES_OF_FILE


@pytest.mark.parametrize("path", product_sources(), ids=names)
def test_every_module_opens_with_a_short_docstring(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert docstring
    assert len(docstring.splitlines()) <= MOST_LINES_OF_MODULE_DOCSTRING


@pytest.mark.parametrize("path", product_sources(), ids=names)
def test_imports_only_look_down(path: Path) -> None:
    importer = module_name(path)

    upward = [name for name in imports(path) if not may_import(importer, name)]

    assert upward == []


@pytest.mark.parametrize("path", product_sources(), ids=names)
def test_borders_are_kept(path: Path) -> None:
    importer = module_name(path)

    smuggled = [
        name
        for name in imports(path)
        for library, allowed in BORDERS.items()
        if belongs(name, library) and not any(belongs(importer, a) for a in allowed)
    ]

    assert smuggled == []


def test_the_environment_is_read_in_config_alone() -> None:
    readers = [
        names(path)
        for path in product_sources()
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8"))
        and not belongs(module_name(path), "app.config")
        and not belongs(module_name(path), "app.launcher")
    ]

    assert readers == []


def test_tests_never_sleep() -> None:
    # Waiting for a condition, between two looks, is what tests/waiting.py is for.
    sleepers = [
        names(path)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if path.name not in ("waiting.py", Path(__file__).name)
        and re.search(r"\btime\.sleep\(|\bsleep\(", path.read_text(encoding="utf-8"))
    ]

    assert sleepers == []


def test_every_exception_to_a_rule_has_its_reason() -> None:
    reasoned = re.compile(r"# (noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\]) *[-#] ?\w")

    bare = [
        f"{names(path)}:{number}"
        for path in product_sources()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(r"# (noqa|type: ignore)", line) and not reasoned.search(line)
    ]

    assert bare == []


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                deeper = f"{node.module}.{alias.name}"
                yield deeper if is_module(deeper) else node.module


def is_module(name: str) -> bool:
    path = ROOT / Path(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def may_import(importer: str, imported: str) -> bool:
    if imported.split(".", maxsplit=1)[0] not in (
        "app",
        "actors",
        "worker",
        "scheduler",
        "bellhop",
    ):
        return True
    for room, allowed in ROOMS.items():
        if belongs(importer, room):
            return any(belongs(imported, name) for name in allowed) or imported == "app"
    if belongs(imported, "app.simulator"):
        return belongs(importer, "app.commands")
    return floor(importer) <= floor(imported)


def floor(module: str) -> int:
    """Return the floor of a module: that of the longest name it belongs to."""
    found = [
        (len(name), index)
        for index, row in enumerate(FLOORS)
        for name in row
        if belongs(module, name)
    ]
    return max(found)[1]


def belongs(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")
