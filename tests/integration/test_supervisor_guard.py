"""The guard over a real process, and the watch that children keep themselves."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.supervisor import guard

if sys.platform == "win32":
    pytest.skip("the guard is for POSIX", allow_module_level=True)

#: Says when it is ready for SIGTERM, and how it ended.
SERVER = """
import os, signal
def end(*_):
    os.write(1, b"wrote down\\n")
    os._exit(7)
signal.signal(signal.SIGTERM, end)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""


def _guarded(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, guard.__file__, sys.executable, "-I", "-S", "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_server_is_told_to_stop_when_the_parent_is_gone() -> None:
    with _guarded(SERVER) as guarded:
        assert guarded.stdout is not None
        guarded.stdout.readline()

        rest, _ = guarded.communicate(timeout=20)  # closes standard input

        assert rest == "wrote down\n"
        assert guarded.returncode == 7


def test_server_is_told_to_stop_when_the_guard_is() -> None:
    with _guarded(SERVER) as guarded:
        assert guarded.stdout is not None
        guarded.stdout.readline()

        guarded.send_signal(signal.SIGTERM)
        words = guarded.stdout.read()

        assert guarded.wait(20) == 7
        assert words == "wrote down\n"


def test_death_of_the_server_is_the_guards_exit_code() -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"

    with _guarded(code) as guarded:
        assert guarded.wait(20) == 128 + signal.SIGKILL


def test_child_watches_its_parent_only_when_it_is_told_to() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from app.supervisor.parent import watch_parent\n"
        "import os, signal\n"
        "watch_parent(lambda: os._exit(5))\n"
        "signal.alarm(int(sys.argv[2])); signal.pause()\n"
    )
    root = str(Path(__file__).resolve().parents[2])

    def ends(*arguments: str) -> int:
        command = [sys.executable, "-c", code, root, *arguments]
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, timeout=30, check=False
        ).returncode

    assert ends("20", "--exit-with-parent") == 5
    assert ends("1") == -signal.SIGALRM
