"""The worker: one process with one thread, which does one task at a time.

Started as a service or by `up`. The main thread only watches: it beats, and ends the
process when a thread has died or hears nothing more, so that it is started anew.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import dramatiq

from actors.run import Run
from app import config, logs, service_manager
from app.broker import (
    MAIN_WORKER,
    LocalDoorbell,
    WorkerBroker,
    open_local_broker,
    open_worker_broker,
)
from app.config import Settings
from app.errors import BellhopError, ConfigError
from app.logs import fields
from app.runtime import Runtime, open_runtime, queue_namespace, queue_url
from app.services import dispatch, recovery, workers
from app.services.actors_found import load_actors
from app.services.opening import open_courier
from app.services.queue_server import warn_of_queue_server
from app.services.workers import Presence
from app.supervisor import parent

log = logging.getLogger("worker")

#: The main thread looks at everything so often.
LOOK_EVERY_S = 1.0
BEAT_EVERY_S = 5.0
#: A consumer comes round every second or so, whatever happens to the queue server.
DEAF_AFTER_S = 60.0
#: A task is broken off by its time limit; but no exception reaches a thread that waits
#: in the operating system. So long after its limit the worker is started anew, and what
#: came of a message is looked up. The owner's own tasks are given up much sooner.
HANGS_AFTER_S = 105.0
#: The message in hand is finished, or broken off by its time limit before this.
STOP_WITHIN_S = 48.0
#: Exit codes: a thread died (start me again); a bad configuration (do not).
EXIT_BROKEN = 70
EXIT_CONFIG = 78


def main(argv: Sequence[str] | None = None) -> int:
    """Work until told to stop; return the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        settings = config.load()
        logs.configure(settings, process=f"worker-{arguments.name}")
        return _work(settings, name=arguments.name)
    except ConfigError as error:
        print(f"The worker cannot start:\n{error}", file=sys.stderr)  # noqa: T201 - for a person
        return EXIT_CONFIG
    except BellhopError as error:
        print(f"The worker cannot start: {error}", file=sys.stderr)  # noqa: T201 - for a person
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="worker.py", description=__doc__)
    parser.add_argument("--name", default=MAIN_WORKER, help="which queues it drains")
    parent.add_argument(parser)
    return parser


def _work(settings: Settings, *, name: str) -> int:
    stop = _stop_on_signals()
    runtime, broker = _open(settings)
    with runtime:
        presence = workers.register(runtime, name=name)
        courier = open_courier(runtime, boot_id=presence.boot_id, worker=presence.name)
        most = settings.worker_max_tasks
        run = Run(
            courier, presence, is_enough=lambda done: stop.is_set() or 0 < most <= done
        )
        run.declare(broker)
        broker.emit_after("process_boot")
        run.limits.start()
        worker = dramatiq.Worker(broker, queues={name}, worker_threads=1)
        worker.start()
        workers.take_over(runtime)
        run.ring_for_what_is_due()
        log.info("Worker started", extra=fields("worker_started", name=name))
        service_manager.notify("READY=1")
        warn_of_queue_server(settings)  # here nothing waits for its answer
        code = _watch(stop, runtime, presence, broker=broker, worker=worker, run=run)
        service_manager.notify("STOPPING=1")
        _stop(worker)
        run.tidy()
        run.limits.stop()
        workers.leave(runtime, presence)
        courier.close()
        broker.close()
    log.info("Worker stopped", extra=fields("worker_stopped", tasks=run.count))
    return code


def _open(settings: Settings) -> tuple[Runtime, WorkerBroker]:
    registry = load_actors()
    url = queue_url(settings)
    if url is None:
        local = open_local_broker()
        doorbell = LocalDoorbell(local)
        runtime = open_runtime(settings, doorbell=doorbell, registry=registry)
        return runtime, local
    runtime = open_runtime(settings, registry=registry)
    namespace = queue_namespace(runtime.database)
    return runtime, open_worker_broker(url, namespace=namespace)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def on_signal(_number: int, _frame: object) -> None:
        if stop.is_set():
            os._exit(1)  # asked twice: the row tells the next worker what to do
        stop.set()

    for signal_name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        with suppress(AttributeError):  # SIGBREAK is Windows' alone
            signal.signal(getattr(signal, signal_name), on_signal)
    parent.watch_parent(stop.set)
    return stop


def _watch(
    stop: threading.Event,
    runtime: Runtime,
    presence: Presence,
    *,
    broker: WorkerBroker,
    worker: dramatiq.Worker,
    run: Run,
) -> int:
    """Watch until it is time to stop; return the exit code."""
    next_beat = 0.0
    most = runtime.settings.worker_max_tasks
    while not stop.wait(LOOK_EVERY_S):
        trouble = _trouble(worker, broker, run)
        if trouble:
            log.critical("Worker is broken", extra=fields("worker_broken", why=trouble))
            os._exit(EXIT_BROKEN)
        service_manager.notify("WATCHDOG=1")
        if time.monotonic() >= next_beat:
            next_beat = time.monotonic() + BEAT_EVERY_S
            run.tidy()
            if not _beat(runtime, presence):
                return EXIT_BROKEN
        if isinstance(runtime.doorbell, LocalDoorbell):
            _release(runtime)
        if most and run.count >= most:
            log.info("Worker did its share", extra=fields("worker_done", tasks=most))
            return 0
    return 0


def _trouble(worker: dramatiq.Worker, broker: WorkerBroker, run: Run) -> str:
    if not all(thread.is_alive() for thread in worker.workers):
        return "its working thread has died"
    if not all(thread.is_alive() for thread in worker.consumers.values()):
        return "its listening thread has died"
    if run.is_broken:
        return "it cannot clean up after an error"
    if run.limits.overrun_s > HANGS_AFTER_S:
        return "its task in hand does not end"
    if run.gives_up():
        return "a task of the owner's own does not end at its time limit"
    busy = worker.work_queue.unfinished_tasks > 0
    if not busy and time.monotonic() - broker.last_heard > DEAF_AFTER_S:
        return "it has not heard the queue for a minute"
    return ""


def _beat(runtime: Runtime, presence: Presence) -> bool:
    try:
        alive = workers.beat(runtime, presence)
    except BellhopError as error:
        log.warning("Heartbeat failed", extra=fields("heartbeat_failed", cause=error))
        return True
    if not alive:
        log.error(
            "Taken for dead by another host; starting anew",
            extra=fields("taken_for_dead", boot_id=presence.boot_id),
        )
    return alive


def _release(runtime: Runtime) -> None:
    try:
        dispatch.release(runtime)
        # What the worker before this one had heard, nobody else can ring for.
        recovery.relay(runtime)
    except BellhopError as error:
        log.warning("Release failed", extra=fields("release_failed", cause=error))


def _stop(worker: dramatiq.Worker) -> None:
    try:
        worker.stop(timeout=round(STOP_WITHIN_S * 1000))
    except Exception:  # the queue server is away: the rows tell all
        log.exception("Unclean stop", extra=fields("unclean_stop"))


if __name__ == "__main__":
    sys.exit(main())
