"""Where a sweep's cases are executed: processes of this machine, or the workers of a dask scheduler."""

import asyncio
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager

import cryptography  # noqa: F401  with which dask makes keys
import dask
from distributed import Client, Future, LocalCluster, Security, as_completed, rpc
from distributed.comm import CommClosedError, get_address_host_port
from distributed.utils import LoopRunner

from replicate.files import RunError, first_line
from replicate.sweeps.spec import SweepError
from replicate.training.interrupts import deaf_to_interrupts

ANSWER_SECONDS = 10  # within which a scheduler answers
LOOK_SECONDS = 5  # from one look at the workers to the next
LOST_SECONDS = 60  # without an answer
# Of this machine's own processes: dask starts one that died again, and after so long gives it up.
RESTART_SECONDS = 120
PROCESS_SECONDS = 600  # without any of them, after which no other is waited for
# dask advises against large tasks, as those are that bring a case's runs from before.
NO_ADVICE = {"distributed.admin.large-graph-warning-threshold": "1TB"}


@contextmanager
def connected(scheduler: str | None, workers: int) -> Iterator[Client]:
    """A client of the scheduler at an address, or of a cluster of this machine's own.

    Raises:
        RunError: no scheduler answers there.
        SweepError: it was lost meanwhile, or no process could be started.
    """
    if scheduler is None:
        name, there = "of this machine's own", _own(workers)
    else:
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # of a loss, one line is enough
        name, there = f"at {scheduler}", _connect(scheduler)
    with dask.config.set(NO_ADVICE), there as client:
        try:
            yield client
        except (CommClosedError, CancelledError) as error:
            raise SweepError(
                f"the dask scheduler {name} was lost; what is done is stored, and the same command goes on"
            ) from error


@contextmanager
def _own(workers: int) -> Iterator[Client]:
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": True}
    options["security"] = True  # keys of its own: other users of the machine could have it run their code
    options["preload"] = ["replicate.sweeps.deaf"]
    options["silence_logs"] = logging.CRITICAL  # a worker lost, or stopped by Ctrl-C, is told elsewhere
    # A case trains in a kernel, whose memory dask does not see. What dask serves, it serves on loopback and
    # at any port that is free: several sweeps may run side by side. No case waits at a busy worker while
    # another worker is idle: with a saturation of 1 it waits at the scheduler.
    settings = {"distributed.worker.profile.enabled": False, "distributed.scheduler.worker-saturation": 1.0}
    # A machine that slept, or is busy, finds its workers silent for long, and all of them there.
    settings |= {"distributed.scheduler.worker-ttl": None, "distributed.comm.timeouts.tcp": "1 hour"}
    settings["distributed.deploy.lost-worker-timeout"] = f"{RESTART_SECONDS} s"
    with dask.config.set(settings):
        try:
            # Ctrl-C in the middle of their start would have each print a traceback.
            with deaf_to_interrupts():
                cluster = LocalCluster(**options, memory_limit=0, dashboard_address="127.0.0.1:0")
        except RuntimeError as error:
            raise SweepError(
                f"no processes could be started: {first_line(error.__cause__ or error)}"
            ) from error
        with _closed_in_peace(cluster) as client:
            yield client


@contextmanager
def _closed_in_peace(cluster: LocalCluster) -> Iterator[Client]:
    """A client. While both are closed Ctrl-C is not heard: dask would leave a traceback."""
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT)
    try:
        with cluster, Client(cluster) as client:
            try:
                yield client
            finally:
                if in_main:
                    signal.signal(signal.SIGINT, signal.SIG_IGN)
    finally:
        if in_main:
            signal.signal(signal.SIGINT, before)


@contextmanager
def asking() -> Iterator[None]:
    """Where no answer means that the scheduler was lost: dask says so by errors of several kinds.

    Raises:
        CommClosedError: there was none.
    """
    try:
        yield
    except OSError as error:
        raise CommClosedError(first_line(error)) from error


def as_they_end(
    client: Client, futures: list[Future], look: Callable[[int | None], None]
) -> Iterator[Future]:
    """The futures as they end; meanwhile `look` is told the number of workers, None where nobody answers.

    Raises:
        CommClosedError, CancelledError: the scheduler was lost, or has not answered for long.
        SweepError: it is this machine's own, and its processes do not begin again.
    """
    ending, next_look, answered, there = as_completed(futures), 0.0, time.monotonic(), time.monotonic()
    while not ending.is_empty():
        if time.monotonic() >= next_look:
            look(workers := _workers(client))
            answered = time.monotonic() if workers is not None else answered
            if time.monotonic() - answered > LOST_SECONDS:
                raise CommClosedError
            there = time.monotonic() if workers or client.cluster is None else there
            if time.monotonic() - there > PROCESS_SECONDS:
                raise SweepError(
                    "every process was lost; what is done is stored, and the same command goes on"
                )
            _start_what_is_lost(client.cluster)
            next_look = time.monotonic() + LOOK_SECONDS
        for future in ending.next_batch(block=False):
            if future.cancelled():
                raise CancelledError
            yield future
        if not ending.has_ready():
            time.sleep(0.1)


def _start_what_is_lost(cluster: LocalCluster | None) -> None:
    """Start a process for each that dask has given up."""
    if cluster is not None:
        cluster.scale(len(cluster.worker_spec))


def _workers(client: Client) -> int | None:
    """Their number; None where the scheduler does not answer, as one that was stopped."""
    with asking():
        try:
            return len(client.sync(client.scheduler.ncores, callback_timeout=ANSWER_SECONDS))
        except TimeoutError:
            return None


def _connect(scheduler: str) -> Client:
    try:
        get_address_host_port(scheduler)
    except ValueError as error:
        raise RunError(f"{scheduler!r} is no scheduler's address, as tcp://10.0.0.1:8786 is") from error
    try:
        LoopRunner().run_sync(_see_that_it_answers, scheduler)
        return Client(scheduler, timeout=ANSWER_SECONDS)
    except TimeoutError:
        problem = f"nothing was heard for {ANSWER_SECONDS} s"
    except OSError as error:
        problem = first_line(error)
    except Exception:  # what another service says can be misread in any way, as a size of exabytes too
        problem = "what is there does not speak dask's language"
    raise RunError(f"no dask scheduler answers at {scheduler}: {problem}")


async def _see_that_it_answers(address: str) -> None:
    """Ask who is there: a `Client` would wait without end where something listens and says nothing."""
    arguments = Security().get_connection_args("client")
    async with asyncio.timeout(ANSWER_SECONDS), rpc(address, connection_args=arguments) as there:
        kind = (await there.identity(n_workers=0))["type"]
    if kind != "Scheduler":
        raise OSError(f"it is a dask {kind}")
