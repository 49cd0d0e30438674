"""Hosts of their own on this machine: network namespaces (Linux, as root) on a bridge.

`with Network() as network:` is the wire; we are at `network.address`, and each
`network.host("alice")` is a host with a name, an address and a loopback of its own. Its
cable can be drawn and put back.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Self, TypeVar

import pytest

REQUIRED = "BELLHOP_TEST_REQUIRE_SERVICES"
Result = TypeVar("Result")
#: Of `setns`: it is a namespace of the network.
CLONE_NEWNET = 0x40000000
#: Gives what is started a host name of its own, and leaves nothing between it and us.
NAMED = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"')


def require_namespaces() -> None:
    """Skip the test where hosts cannot be made, or fail where they must be."""
    reason = _missing()
    if reason and os.environ.get(REQUIRED) == "1":
        pytest.fail(f"{reason}, and {REQUIRED} is set")
    if reason:
        pytest.skip(reason)


class Network:
    """A bridge and the hosts on it; all of them go with it."""

    def __init__(self) -> None:
        require_namespaces()
        # 198.18.0.0/15 is set apart for tests of networks (RFC 2544).
        self._net = f"198.18.{random.SystemRandom().randrange(256)}"
        self._name = f"bh{os.getpid():x}"  # an interface's has 15 letters at most
        self._stack = ExitStack()
        self._count = 1

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            _ip("link", "add", self._name, "type", "bridge")
            stack.callback(_ip, "link", "delete", self._name)
            _ip("address", "add", f"{self.address}/24", "dev", self._name)
            _ip("link", "set", self._name, "up")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()

    @property
    def address(self) -> str:
        """Where its hosts find us."""
        return f"{self._net}.1"

    def host(self, name: str) -> Host:
        """Add a host."""
        self._count += 1
        space = f"{self._name}-{name}"
        cable = f"{self._name}-{self._count}"
        _ip("netns", "add", space)
        self._stack.callback(_ip, "netns", "delete", space)
        end = ("peer", "name", "eth0", "netns", space)
        _ip("link", "add", cable, "type", "veth", *end)
        # A host with words still on their way would keep its end for minutes.
        self._stack.callback(_ip, "link", "delete", cable)
        _ip("link", "set", cable, "master", self._name, "up")
        _ip("-n", space, "address", "add", f"{self._net}.{self._count}/24", *_ETH0)
        for interface in ("lo", "eth0"):
            _ip("-n", space, "link", "set", interface, "up")
        host = Host(name, space=space, cable=cable)
        self._stack.callback(host.close)
        return host


class Host:
    """One host; made by `Network.host`."""

    def __init__(self, name: str, *, space: str, cable: str) -> None:
        self.name = name
        self._space = space
        self._cable = cable
        self._resident = ThreadPoolExecutor(1, initializer=self._move_in)

    def command(self, *words: str) -> list[str]:
        """Return the words that run this command there, as the process they start."""
        return ["ip", "netns", "exec", self._space, *NAMED, self.name, *words]

    def inside(self, deed: Callable[[], Result]) -> Result:
        """Do something from there: its loopback, its way to the others."""
        return self._resident.submit(deed).result()

    def cut_off(self) -> None:
        """Draw the cable: nothing comes or goes, and nobody is told."""
        _ip("link", "set", self._cable, "down")

    def reconnect(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self._cable, "up")

    def close(self) -> None:
        """End the thread that lives there."""
        self._resident.shutdown()

    def _move_in(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with open(f"/run/netns/{self._space}", "rb") as space:  # noqa: PTH123 - its number is wanted
            if libc.setns(space.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "cannot move into the host")


_ETH0 = ("dev", "eth0")


def _missing() -> str:
    if sys.platform != "linux" or os.geteuid():
        return "hosts of one's own need Linux and root"
    if not shutil.which("ip"):
        return "hosts of one's own need the command `ip` (Debian: iproute2)"
    probe = f"bh{os.getpid():x}-probe"
    made = subprocess.run(
        ["ip", "netns", "add", probe], capture_output=True, text=True, check=False
    )
    if made.returncode:
        return f"hosts of one's own cannot be made here ({made.stderr.strip()})"
    _ip("netns", "delete", probe)
    return ""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
