"""The fake provider as tests use it: started as a process, ordered about over HTTP.

`with Simulator() as simulator:` gives one on free ports; it dies with its parent.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

ROOT = Path(__file__).parent.parent
#: Seconds that the control API may take.
CONTROL_TIMEOUT_S = 10.0
#: Seconds after which a simulator that does not end by itself is killed.
STOP_TIMEOUT_S = 10.0

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Simulator:
    """One fake provider in its own process, with a ledger of its own."""

    def __init__(self, *, fsync: bool = True, flags: Sequence[str] = ()) -> None:
        self._flags = [*flags, *([] if fsync else ["--no-fsync"])]
        self._folder = tempfile.TemporaryDirectory(prefix="bellhop-simulator-")
        self._process: subprocess.Popen[str] | None = None
        self.ledger_path = Path(self._folder.name) / "ledger.jsonl"
        self.http = ""
        self.smtp_host = ""
        self.smtp_port = 0

    def __enter__(self) -> Self:
        """Start it on free ports."""
        try:
            self._start(http_port=0, smtp_port=0)
        except BaseException:
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and remove its ledger."""
        self.stop()
        self._folder.cleanup()

    @property
    def pid(self) -> int:
        """The id of its process, for signals."""
        assert self._process is not None, "the simulator is not running"
        return self._process.pid

    def add_fault(
        self,
        kind: str,
        *,
        times: int | None = None,
        match: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        """Order a fault: `add_fault("status", status=429, times=1)`."""
        rule = {
            "match": match or {},
            "times": times,
            "fault": {"kind": kind, **more},
        }
        self.control("POST", "faults", content=[rule])

    def clear_faults(self) -> None:
        """Lift every fault; who hangs because of one is cut off."""
        self.control("DELETE", "faults")

    def ledger(
        self, *, accepted: bool | None = True, **filters: str | int
    ) -> list[dict[str, Any]]:
        """Return what was accepted (False: what was not; None: both), oldest first.

        Filters: provider, channel, recipient, provider_message_id, fault, since_seq.
        """
        asked: dict[str, Any] = dict(filters)
        if accepted is not None:
            asked["accepted"] = "true" if accepted else "false"
        entries: list[dict[str, Any]] = self.control(
            "GET", f"ledger?{urlencode(asked)}"
        )
        return entries

    def reset(self) -> None:
        """Lift every fault and empty the ledger."""
        self.clear_faults()
        self.control("DELETE", "ledger")

    def kill(self) -> None:
        """Kill it as the power going off would (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._reap()

    def stop(self) -> int:
        """Ask it to end, as a service manager does; return its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        return self._reap()

    def restart(self) -> None:
        """Start it anew on the same ports and the same ledger."""
        self.stop()
        port = int(self.http.rpartition(":")[2])
        self._start(http_port=port, smtp_port=self.smtp_port)

    def control(self, method: str, path: str, *, content: object = None) -> Any:
        """Ask the control API and return the `data` of its answer."""
        body = None if content is None else json.dumps(content).encode()
        request = urllib.request.Request(
            f"{self.http}/_simulator/{path}", data=body, method=method
        )
        try:
            with _direct.open(request, timeout=CONTROL_TIMEOUT_S) as answer:
                told = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                sentence = error.read().decode()
            raise AssertionError(f"{method} {path}: {error.code} {sentence}") from error
        return told.get("data", told)

    def _start(self, *, http_port: int, smtp_port: int) -> None:
        command = [sys.executable, "-m", "app.simulator", "--exit-on-eof"]
        places = ["--http-port", str(http_port), "--smtp-port", str(smtp_port)]
        self._process = subprocess.Popen(
            [*command, *places, "--ledger", str(self.ledger_path), *self._flags],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        ready = self._process.stdout.readline()
        if not ready:
            raise AssertionError(f"the simulator ended with code {self._reap()}")
        listening = json.loads(ready)
        self.http = listening["http"]
        self.smtp_host, _, port = listening["smtp"].rpartition(":")
        self.smtp_port = int(port)

    def _reap(self) -> int:
        assert self._process is not None
        process, self._process = self._process, None
        with process:  # closes both pipes
            try:
                return process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait()
