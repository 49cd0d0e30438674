"""One run of `up`: check everything, start everything, watch, stop everything.

Called by `commands/up.py`. Nothing is started before every check has passed, and
whatever was started is stopped again, however the run ends.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from app import logs
from app.channels.credentials import Mode
from app.config import Settings
from app.domain.recipients import Channel
from app.installation import first_api_key, make_data_dir
from app.supervisor import leftovers, valkey
from app.supervisor.banner import Facts, banner
from app.supervisor.checks import (
    check_port_free,
    check_reachable,
    only_one,
    queue_variable,
)
from app.supervisor.child import EXIT_CONFIG, Child
from app.supervisor.console import Console, log_to, open_console
from app.supervisor.embedded_queue import EmbeddedQueue
from app.supervisor.readiness import own_url, why_not_ready
from app.supervisor.stop_signals import StopSignals
from app.supervisor.supervisor import Supervisor

log = logging.getLogger(__name__)

#: Seconds between two looks at the signals and the children.
LOOK_AGAIN_S = 0.1
#: Seconds after which a person hears what is still missing, again and again.
SAY_AGAIN_S = 15.0
EXIT_KILLED = 130


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to start, so that tests can start something smaller."""

    #: Makes the services, given what their environment must have beside ours.
    services: Callable[[Mapping[str, str]], Sequence[Child]]
    migrate: Callable[[], None]
    #: How each channel sends: through a provider, as a preview, or not at all.
    modes: Mapping[Channel, Mode]
    #: Called once when the box is ready, with its address and the first API key.
    on_ready: Callable[[str, str], None] | None = None
    #: The embedded queue server's program; None where there is none.
    queue_program: Callable[[], Path | None] = valkey.program


def run(settings: Settings, *, plan: Plan) -> int:
    """Run the box until it is told to stop, and return the exit code."""
    console = open_console()
    logs.configure(settings, process="up")
    log_to(console)
    try:
        return _run_alone(settings, plan, console)
    finally:
        console.close()


def _run_alone(settings: Settings, plan: Plan, console: Console) -> int:
    data_dir = make_data_dir(settings)
    with only_one(data_dir, url=own_url(settings)):
        run_dir = data_dir / "children"
        run_dir.mkdir(exist_ok=True, mode=0o700)
        leftovers.end_all(run_dir)
        check_port_free(settings)
        check_reachable(settings)
        supervisor = Supervisor(console=console, run_dir=run_dir)
        box = _Box(settings, plan, console=console, supervisor=supervisor)
        with StopSignals() as signals:
            return box.run(signals)


class _Box:
    """The parts of one run."""

    def __init__(
        self,
        settings: Settings,
        plan: Plan,
        *,
        console: Console,
        supervisor: Supervisor,
    ) -> None:
        self._settings = settings
        self._plan = plan
        self._console = console
        self._supervisor = supervisor
        self._queue: EmbeddedQueue | None = None

    def run(self, signals: StopSignals) -> int:
        try:
            self._start(signals)
            if self._becomes_ready(signals):
                self._welcome()
            while self._goes_on(signals):
                time.sleep(LOOK_AGAIN_S)
        finally:
            is_clean = self._stop(signals)
        if self._supervisor.with_bad_settings():
            return EXIT_CONFIG
        return 0 if is_clean or not signals.insisted else EXIT_KILLED

    def _start(self, signals: StopSignals) -> None:
        self._api_key = first_api_key(self._settings)
        environment = self._start_queue(signals)
        if signals.asked:
            return
        self._plan.migrate()
        for child in self._plan.services(environment):
            self._supervisor.start(child)

    def _start_queue(self, signals: StopSignals) -> dict[str, str]:
        """Start the embedded server where one is needed; return how it is reached."""
        program = self._plan.queue_program()
        if self._settings.given_queue or program is None:
            return {}
        self._queue = EmbeddedQueue(program, folder=self._settings.data_dir / "queue")
        self._queue.start(self._supervisor, is_wanted=lambda: not signals.asked)
        return {"REDIS_URL": self._queue.url}

    def _becomes_ready(self, signals: StopSignals) -> bool:
        say_at = time.monotonic() + SAY_AGAIN_S
        while self._goes_on(signals):
            reason = why_not_ready(self._settings)
            if reason is None:
                return True
            self._supervisor.check_hope()
            if time.monotonic() >= say_at:
                log.warning("Not ready yet", extra=logs.fields("waiting", why=reason))
                say_at = time.monotonic() + SAY_AGAIN_S
            time.sleep(LOOK_AGAIN_S)
        return False

    def _welcome(self) -> None:
        settings = self._settings
        kept = settings.data_dir / "api_key" if settings.api_key is None else None
        facts = Facts(
            url=own_url(settings),
            api_key=self._api_key,
            api_key_file=kept,
            modes=self._plan.modes,
            data_dir=settings.data_dir,
            queue=self._queue_in_words(),
        )
        self._console.say(banner(facts))
        if self._plan.on_ready is not None:
            self._plan.on_ready(facts.url, self._api_key.value)

    def _queue_in_words(self) -> str | None:
        if self._settings.given_queue:
            return f"the one that {queue_variable(self._settings)} names"
        return None if self._queue is None else "embedded, in the data directory"

    def _goes_on(self, signals: StopSignals) -> bool:
        return not signals.asked and self._supervisor.with_bad_settings() is None

    def _stop(self, signals: StopSignals) -> bool:
        if keeper := self._supervisor.with_bad_settings():
            self._console.say(
                f"Bellhop stops: {keeper.child.name} cannot start with these "
                "settings:\n" + "\n".join(keeper.last_lines)
            )
        if signals.asked:
            self._console.say("Stopping, what is in hand is finished (Ctrl-C: at once)")
        is_clean = self._supervisor.stop(in_a_hurry=lambda: signals.insisted)
        if self._queue is not None:
            self._queue.remove_url()
        log.info("Stopped", extra=logs.fields("stopped", clean=is_clean))
        return is_clean
