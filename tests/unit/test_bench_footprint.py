"""What is read from `/proc` about a tree of processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from bench import footprint

pytestmark = pytest.mark.skipif(
    not footprint.can_measure(), reason="this system has no /proc"
)

GRANDCHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.communicate()
"""


def test_a_tree_holds_children_and_their_children() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", GRANDCHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        grandchild = int(child.stdout.readline())

        found = footprint.tree(child.pid)
        child.communicate("\n")

    assert found == [child.pid, grandchild]


def test_used_processor_time_is_counted() -> None:
    before = footprint.cpu_s(os.getpid())
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass

    assert footprint.cpu_s(os.getpid()) - before == pytest.approx(0.05, abs=0.04)


def test_memory_is_that_of_a_python_at_least() -> None:
    assert footprint.pss_bytes(os.getpid()) > 5 * 1024**2


def test_idleness_has_its_limit_and_its_aim() -> None:
    idle, memory = footprint.measure(os.getpid(), idle_for_s=0.01)

    assert (idle.limit, idle.aim) == (3.0, 1.0)
    assert (memory.limit, memory.aim) == (300.0, 240.0)
    assert memory.value > 5


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["/x/bin/python", "-m", "app", "up", ""], "up"),
        (["/x/bin/python3.11", "-m", "app", "api", "--exit-with-parent"], "api"),
        (["python", "/x/worker.py", "--exit-with-parent"], "worker"),
        (["python", "-I", "-S", "/x/app/guard.py", "/x/valkey-server"], "guard"),
        (["/x/linux-x86_64/valkey-server 127.0.0.1:29887"], "valkey-server"),
    ],
)
def test_a_process_is_called_by_what_it_runs(command: list[str], name: str) -> None:
    assert footprint.name_of(command) == name
