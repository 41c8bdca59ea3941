"""The kernels of a run: warm ones where the system has them, each with its caps, none left behind.

A plain kernel spends most of a short notebook's time on imports. A warm one is forked from a server
(that of `multiprocessing`) which has imported what notebooks import. It is a kernel as any other:
a process of its own, a clean namespace, errors and death seen as with any. Only Linux has been
tried; anywhere else plain kernels are started.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from multiprocessing import forkserver
from pathlib import Path
from queue import Empty
from types import ModuleType
from typing import Any, TypeVar

import zmq
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

from analysis import paths, results
from analysis.errors import localize
from analysis.fingerprints import AUDIENCE, INPUTS
from workbench import temporary
from workbench.run import TO_WARM
from workbench.run.record import Options

T = TypeVar("T")
PROVISIONER = "workbench-fork"  # entry point of jupyter_client, see pyproject.toml
LAUNCHER = [sys.executable, "-m", "workbench.run.ipython_kernel"]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_MAX_THREADS")
PLACES = ("WORKBENCH_ROOT", "WORKBENCH_REPORTS", "WORKBENCH_CACHE")
READ = (*THREADS, INPUTS, TO_WARM, "WORKBENCH_ROOT", "TMPDIR")  # variables of the server
INLINE = "module://matplotlib_inline.backend_inline"
LONGEST_FOLDER = 90  # bytes; the path of a socket may have 103 (macOS) or 107 (Linux)
# What the server imports, with all that these import. A figure drawn there would tie matplotlib to
# it; with `matplotlib_inline` its hook would never meet the kernel's shell, and figures vanish.
WARM = (
    "workbench.run.kernels",
    "workbench.run.ipython_kernel",
    "IPython.core.debugger",
    "sqlite3",
    "tornado.platform.asyncio",
    "IPython.core.oinspect",
    "pyarrow.parquet",
    "matplotlib.backends.backend_agg",
    *("PIL.GifImagePlugin", "PIL.JpegImagePlugin"),  # to save any picture
    "sklearn.cluster",
    "analysis.figures.diagrams",
    *(f"analysis.results.{file.stem}" for file in Path(results.__path__[0]).glob("[a-z]*.py")),
)
_starting = threading.Lock()
_log = logging.getLogger(__name__)


def can_fork() -> bool:
    """Whether warm kernels are possible here."""
    return sys.platform == "linux"


class Kernels:
    """The kernels of one run: how each is started, and that none outlives the run.

    Parameters
    ----------
    options : of the run: warm kernels, where the system has them; how much data each may hold
        (RLIMIT_DATA; Linux only); how long a cell may take.
    threads : of BLAS and OpenMP in each kernel, so that kernels side by side share the cores.
    environment : variables for the kernels beside those of this process.
    ahead : the edition of which the server keeps the survey in memory for all kernels, and perhaps
        of its `pages` what they share; see `workbench.run.warm`.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        threads: int = 1,
        environment: Mapping[str, str] | None = None,
        ahead: Mapping[str, Any] | None = None,
    ) -> None:
        self.options = options or Options()
        self.fork = self.options.fork and can_fork()
        self.environment = {
            **dict.fromkeys(THREADS, str(threads)),
            "MPLBACKEND": INLINE,  # with another that the user has set, plots vanish in silence
            "TMPDIR": str(temporary.folder()),
            AUDIENCE: self.options.audience,
            **_places(),
            **(environment or {}),
        }
        if self.fork:
            orders = {"parent": os.getpid(), "modules": WARM, "ahead": ahead}
            self.environment[TO_WARM] = json.dumps(orders)
        self.running: set[Manager] = set()
        self.stopped, self.over = "", False

    @property
    def root(self) -> Path:
        """The project of the kernels: on a worker of a cluster what was sent to it."""
        sent = self.environment.get("WORKBENCH_ROOT")
        return Path(sent).resolve() if sent else paths.root()

    def warm(self) -> None:
        """Let the server import in the background while this process does something else."""
        if self.fork:
            # where it fails now, a kernel tries again and says so
            with contextlib.suppress(OSError), _server(self.environment):
                pass

    def stop(self, why: str, *, over: bool = False) -> None:
        """End all kernels at once, with all that they started, and start no more.

        `over`: because its time is over. The server ends, too, if a kernel waits for its imports.
        """
        if not self.stopped:
            self.stopped, self.over = why, over
        for manager in list(self.running):
            manager.end()
        if self.fork and _starting.locked():
            with contextlib.suppress(OSError, TypeError):  # it has ended, or not begun
                os.kill(forkserver._forkserver._forkserver_pid, signal.SIGKILL)  # type: ignore[attr-defined]


def _places() -> dict[str, str]:
    """The folders that variables name, whole: a notebook may change into another folder."""
    return {name: str(Path(os.environ[name]).resolve()) for name in PLACES if os.environ.get(name)}


class EagerClient(AsyncKernelClient):
    """Talks to a kernel as soon as it answers.

    jupyter_client's own waits until nothing more arrives for 0.2 s; a run knows outputs by cells.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:  # type: ignore[override]
        """Wait until the kernel has answered and its outputs arrive; `timeout` in seconds."""
        end = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < end and await self.is_alive():
            self.kernel_info()
            with contextlib.suppress(Empty):
                await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=0.2)
                return
        raise RuntimeError("the kernel died before it answered, or does not answer")


class Manager(AsyncKernelManager):
    """Starts and ends the kernel of one notebook, as its run's `Kernels` say."""

    client_factory = EagerClient

    def __init__(self, kernels: Kernels, **options: Any) -> None:
        super().__init__(**options)
        self.kernels = kernels
        self.group = 0  # the process group of the kernel

    @property
    def kernel_spec(self) -> KernelSpec:
        """This very Python, whatever a ``python3`` in the user's folders may point at."""
        known = {**get_kernel_dict(), "argv": [*LAUNCHER, "-f", "{connection_file}"]}
        spec = KernelSpec(resource_dir=RESOURCES, **known)
        if self.kernels.fork:
            spec.metadata["kernel_provisioner"] = {"provisioner_name": PROVISIONER}
        return spec

    async def start_kernel(self, **options: Any) -> None:  # type: ignore[override]
        """Start it with the run's environment and caps.

        Raises RuntimeError: the run has been stopped.
        """
        if self.kernels.stopped:
            raise RuntimeError(self.kernels.stopped)
        if os.name == "posix":
            self._use_sockets_in_a_folder()
        await super().start_kernel(env={**os.environ, **self.kernels.environment}, **options)
        self.kernels.running.add(self)
        self.group = self._pid()
        if self.kernels.options.memory_mb and sys.platform == "linux":
            import resource  # only there

            most = self.kernels.options.memory_mb << 20
            resource.prlimit(self._pid(), resource.RLIMIT_DATA, (most, most))
        if self.kernels.stopped:
            self.end()

    def client(self, **options: Any) -> Any:
        """A client that fetches all outputs, however many wait for it."""
        client = super().client(**options)
        client.context.setsockopt(zmq.RCVHWM, 0)  # of the sockets that it makes
        return client

    async def cleanup_resources(self, restart: bool = False) -> None:  # type: ignore[override]
        """Forget the kernel that has ended, and end what it started and left."""
        self.kernels.running.discard(self)
        if self.group and os.name == "posix":
            with contextlib.suppress(OSError):
                os.killpg(self.group, signal.SIGKILL)
        await super().cleanup_resources(restart=restart)
        if self.transport == "ipc" and not restart:
            shutil.rmtree(Path(self.ip).parent, ignore_errors=True)

    async def _async_wait(self, pollinterval: float = 0.005) -> None:
        """Wait for its end, and look more often than every tenth of a second."""
        await super()._async_wait(pollinterval)

    def _use_sockets_in_a_folder(self) -> None:
        """Communicate over sockets in a folder that only this user can read.

        A network port that is free when it is chosen may be taken before the kernel binds it. Where
        the folder's name is too long for a socket, network ports are used after all.
        """
        folder = tempfile.mkdtemp(prefix="k-", dir=temporary.folder())
        if len(folder) > LONGEST_FOLDER:
            Path(folder).rmdir()
            return
        self.transport = "ipc"
        self.connection_file = f"{folder}/kernel.json"
        self.ip = f"{folder}/kernel"

    def end(self) -> None:
        """Kill the kernel from another thread; the thread that waits for it then sees its death."""
        pid = self._pid()
        with contextlib.suppress(OSError):
            if pid and sys.platform == "win32":
                os.kill(pid, signal.SIGTERM)
            elif pid:
                try:
                    os.killpg(pid, signal.SIGKILL)
                except ProcessLookupError:  # a fork that has no group of its own yet
                    os.kill(pid, signal.SIGKILL)

    def _pid(self) -> int:
        return getattr(self.provisioner, "pid", None) or 0


@contextlib.contextmanager
def started_kernels(
    options: Options, jobs: int, inputs: Mapping[str, str], ahead: Mapping[str, Any] | None = None
) -> Iterator[Kernels]:
    """The kernels of a run; all are stopped when its time is over.

    `inputs` are the keys of the cleaned data that they may read, by wave; `ahead`: see `Kernels`.
    """
    if options.fork and not can_fork():
        print(localize("Warm kernels need Linux; plain kernels are used."), file=sys.stderr)
    threads = max(1, (os.cpu_count() or 1) // jobs)
    environment = {INPUTS: json.dumps(inputs)}
    kernels = Kernels(options, threads=threads, environment=environment, ahead=ahead)
    over = localize("the run took longer than {seconds:g} s", seconds=options.timeout or 0)
    timer = threading.Timer(options.timeout or 0, kernels.stop, [over], {"over": True})
    timer.daemon = True
    if options.timeout:
        timer.start()
    try:
        yield kernels
    finally:
        timer.cancel()


def in_threads(
    more: Callable[[int], Iterable[Callable[[], T]]],
    jobs: int,
    kernels: Kernels,
    tell: Callable[[], None],
) -> Generator[T]:
    """The results of tasks as they end, run in `jobs` threads; to be closed after use.

    `more` is called at first and whenever tasks have ended, or a second has passed, with the number
    of free threads; it gives the tasks that can start now. `tell` is called as often. On any error
    the kernels are stopped, or the threads would go on.
    """
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        running: set[Future[T]] = set()
        try:
            while True:
                for task in more(jobs - len(running)):
                    running.add(pool.submit(task))
                if not running:
                    return
                done, running = wait(running, timeout=1, return_when=FIRST_COMPLETED)
                tell()
                yield from (future.result() for future in done)
        except BaseException:
            kernels.stop(localize("the run was stopped"))
            raise


# --- forking ---------------------------------------------------------------------------------


class ForkProvisioner(LocalProvisioner):
    """Forks kernels from the warm server; starts plain ones where that fails."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Fork a kernel in the place of ``python -m workbench.run.ipython_kernel ARGUMENTS``."""
        folder = str(kwargs.get("cwd") or Path.cwd())
        environment = {**kwargs["env"], "JPY_PARENT_PID": str(os.getpid())}
        manager: Any = self.parent
        context = multiprocessing.get_context("forkserver")
        about = (cmd[len(LAUNCHER) :], environment, folder)
        for last in (False, True):  # the second time from a new server
            process: Any = context.Process(target=become_kernel, args=about, daemon=True)
            try:
                with _server(environment):
                    process.start()
            except (OSError, EOFError) as error:  # EOFError: the server died at this moment
                if manager.kernels.stopped:
                    raise RuntimeError(manager.kernels.stopped) from None
                if last:
                    _log.warning("no warm kernel (%s); a plain one is started", error)
                else:
                    time.sleep(0.5)  # until the system reports that the server has ended
            else:
                self.process = Forked(process)  # type: ignore[assignment]
                self.pid = self.pgid = process.pid
                self.cwd = folder
                return self.connection_info
        return await super().launch_kernel(cmd, **kwargs)


class Forked:
    """A forked kernel as `LocalProvisioner` uses it: the part of `subprocess.Popen` it needs."""

    stdin = stdout = stderr = None

    def __init__(self, process: Any) -> None:
        self.process, self.pid = process, process.pid
        self.kill, self.terminate = process.kill, process.terminate

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self.process.exitcode

    def wait(self) -> int | None:
        """Wait for its end."""
        self.process.join()
        return self.poll()


@contextlib.contextmanager
def _server(environment: Mapping[str, str]) -> Iterator[None]:
    """The server, started if there is none with the variables that what it imports reads.

    Meanwhile this process is no daemon and has no main module: multiprocessing would run the main
    module again in every kernel (0.7 s with papermill at its top), and forbids the daemonic workers
    of dask to start processes that could outlive them; our kernels end with their parent.
    """
    settings = {name: environment[name] for name in READ if name in environment}
    with _starting:
        main, current = sys.modules["__main__"], multiprocessing.current_process()
        before = dict(os.environ)
        daemon = current._config.pop("daemon", None)  # type: ignore[attr-defined]
        sys.modules["__main__"] = ModuleType("__main__")
        os.environ.update({"MPLBACKEND": INLINE, **settings})
        try:
            multiprocessing.get_context("forkserver").set_forkserver_preload(["workbench.run.warm"])
            forkserver.ensure_running()
            yield
        finally:
            for name in {"MPLBACKEND", *settings} - before.keys():
                os.environ.pop(name, None)  # another thread may have put back the variables it had
            os.environ.update(before)
            sys.modules["__main__"] = main
            if daemon is not None:
                current._config["daemon"] = daemon  # type: ignore[attr-defined]


# --- in the child ----------------------------------------------------------------------------


def become_kernel(arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
    """Turn this fork into the kernel that ``python -m workbench.run.ipython_kernel`` would be."""
    # what the server imported stays: looking through it for garbage would copy its memory
    gc.freeze()
    gc.set_threshold(10_000)  # and among 700 new objects there is hardly any
    os.setsid()
    # the server would not end while a kernel holds it, and the kernel ends with the server
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
    multiprocessing.set_start_method(None, force=True)
    threads = environment.get(THREADS[0], "")
    if threads.isdigit() and threads != os.environ.get(THREADS[0]):
        from threadpoolctl import threadpool_limits

        threadpool_limits(int(threads))  # another number than when the server started
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()  # a fork has the random state of its parent
    if "pandas" in sys.modules:  # imported outside a kernel, it took the server for a terminal
        sys.modules["pandas"].set_option("display.max_columns", 20)
    # skip the debugger: importing it takes a tenth of the time of a short notebook
    sys.modules.setdefault("debugpy", None)  # type: ignore[arg-type]
    from workbench.run import ipython_kernel

    # end with the server, which ends with the process that asked for this kernel
    server = f"--IPKernelApp.parent_handle={os.getppid()}"
    ipython_kernel.launch([*arguments, server])
