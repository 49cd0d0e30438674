"""The server's end of one SMTP connection, and the ways to fail on it.

Used by `smtp_session.py`; what `HttpLine` is for HTTP. A failure that leaves no reply
never returns: aiosmtpd cancels the dialogue when its connection is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NoReturn, cast

from aiosmtpd.smtp import SMTP

from app.simulator.faults import Hold
from app.simulator.wire import TRICKLE_PAUSE_S, reset_on_close


class SmtpLine:
    """Fails on the connection that a dialogue has at the moment."""

    def __init__(self, dialogue: SMTP) -> None:
        self._dialogue = dialogue
        self._loop = dialogue.loop

    async def hang(self, hold: Hold) -> NoReturn:
        """Say nothing until the client leaves or the faults are lifted."""
        hold.call_on_release(self._soon(self.close))
        await self._end()

    async def cut(self) -> NoReturn:
        """Cut the line: the client sees a connection reset."""
        transport = self._transport()
        if transport is not None:
            reset_on_close(transport.get_extra_info("socket"))
            transport.abort()
        await self._end()

    async def trickle(self, reply: str, hold: Hold) -> NoReturn:
        """Send a reply one byte at a time, then close."""
        for byte in f"{reply}\r\n".encode():
            if (transport := self._transport()) is not None:
                transport.write(bytes([byte]))
            if await self.pause(TRICKLE_PAUSE_S, hold):
                break
        self.close()
        await self._end()

    async def pause(self, seconds: float, hold: Hold) -> bool:
        """Wait; say whether that was ended by lifting the faults."""
        lifted = asyncio.Event()
        hold.call_on_release(self._soon(lifted.set))
        try:
            await asyncio.wait_for(lifted.wait(), timeout=seconds)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Close the connection after what was written to it."""
        if (transport := self._transport()) is not None:
            transport.close()

    def _transport(self) -> asyncio.Transport | None:
        # STARTTLS puts another one in its place, so it is asked for each time.
        return cast("asyncio.Transport | None", self._dialogue.transport)

    def _soon(self, act: Callable[[], None]) -> Callable[[], None]:
        def from_another_thread() -> None:
            self._loop.call_soon_threadsafe(act)

        return from_another_thread

    async def _end(self) -> NoReturn:
        while True:
            await asyncio.Event().wait()
