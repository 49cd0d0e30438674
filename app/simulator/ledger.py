"""What the provider took and what it refused: one JSON line each, never changed.

Every door of the simulator writes here before it answers, so a line outlives a kill of
the process (and with fsync the machine). Many requests at once share one write.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from app.errors import StartError, StorageUnavailableError
from app.simulator.submissions import Submission


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One send as the provider saw it.

    `received_monotonic` can be compared between the processes of one machine. `raw` is
    an e-mail's bytes, one character each (latin-1). `reason` says why it was refused.
    """

    seq: int = 0
    accepted: bool
    reason: str = ""
    fault: str = ""
    provider: str
    channel: str
    recipient: str
    sender: str
    subject: str
    text: str
    provider_message_id: str = ""
    message_id: str
    received_at: str
    received_monotonic: float
    fields: Mapping[str, Any] = field(default_factory=dict)
    raw: str

    @classmethod
    def taken(cls, submission: Submission, *, as_id: str, fault: str = "") -> Self:
        """Make the line of a message that the provider accepted."""
        facts = {**vars(submission), "provider_message_id": as_id, "fault": fault}
        del facts["operation"]
        return cls(accepted=True, **facts)

    @classmethod
    def refused(cls, submission: Submission, *, reason: str, fault: str = "") -> Self:
        """Make the line of a message that the provider did not accept."""
        facts = {**vars(submission), "reason": reason, "fault": fault}
        del facts["operation"]
        return cls(accepted=False, **facts)


class Ledger:
    """The append-only file, and the same in memory for look-ups."""

    def __init__(self, path: Path, *, fsync: bool = True) -> None:
        self._fsync = fsync
        self._door = threading.Lock()  # guards the batch; held for microseconds
        self._disk = threading.Lock()  # held by the one who writes
        self._batch: list[_Waiting] = []
        self._entries = _read(path)
        self._last_seq = self._entries[-1].seq if self._entries else 0
        self._by_id = {entry.provider_message_id: entry for entry in self._entries}
        self._file = path.open("ab", buffering=0)

    def append(self, entries: Sequence[Entry]) -> None:
        """Write the entries; return when they are durable.

        Raises StorageUnavailableError when they could not be written.

        1. Join the batch that waits for the disk.
        2. Wait for the disk; whoever gets it writes the whole batch.
        3. Then find one's own entries written, by oneself or by another.
        """
        with self._door:
            waiting = [self._numbered(entry) for entry in entries]
            self._batch.extend(waiting)
        with self._disk:
            if not all(one.is_written or one.error for one in waiting):
                self._write_batch()
        for one in waiting:
            if one.error is not None:
                problem = f"The ledger cannot be written: {one.error}"
                raise StorageUnavailableError(problem) from one.error

    def entries(self) -> Sequence[Entry]:
        """Return every durable entry, oldest first."""
        return tuple(self._entries)

    def newest_first(self) -> Iterator[Entry]:
        """Go through the durable entries backwards."""
        return reversed(self.entries())

    def find(self, provider_message_id: str) -> Entry | None:
        """Return the accepted entry that was given this id."""
        return self._by_id.get(provider_message_id) if provider_message_id else None

    def clear(self) -> None:
        """Forget everything, on disk too; numbers go on from where they were."""
        with self._disk:
            self._file.truncate(0)
            self._entries = []
            self._by_id = {}

    def close(self) -> None:
        """Finish the line in hand and close the file."""
        with self._disk:
            self._file.close()

    def _numbered(self, entry: Entry) -> _Waiting:
        self._last_seq += 1
        return _Waiting(replace(entry, seq=self._last_seq))

    def _write_batch(self) -> None:
        with self._door:
            batch, self._batch = self._batch, []
        try:
            self._write(b"".join(_line(one.entry) for one in batch))
        except OSError as error:
            for one in batch:
                one.error = error
            return
        for one in batch:
            one.is_written = True
            self._entries.append(one.entry)
            self._by_id[one.entry.provider_message_id] = one.entry

    def _write(self, lines: bytes) -> None:
        if self._file.closed:
            raise OSError(errno.EBADF, "The ledger is closed.")
        before = os.fstat(self._file.fileno()).st_size
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            if self._fsync:
                os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(before)  # half a line would spoil the next one
            raise


@dataclass
class _Waiting:
    """An entry on its way to the disk."""

    entry: Entry
    is_written: bool = False
    error: OSError | None = None


def _line(entry: Entry) -> bytes:
    return json.dumps(vars(entry), separators=(",", ":")).encode() + b"\n"


def _read(path: Path) -> list[Entry]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_bytes() if path.exists() else b""
        whole = lines[: lines.rfind(b"\n") + 1]
        if whole != lines:  # killed in the middle of a write: never answered
            os.truncate(path, len(whole))
        return [Entry(**json.loads(line)) for line in whole.splitlines()]
    except OSError as error:
        raise StartError(f"The ledger {path} cannot be used: {error}.") from error
    except (ValueError, TypeError) as error:
        raise StartError(f"The ledger {path} is not one of this version.") from error
