"""The kernel that a notebook runs in: IPython's, but it drops no output and counts what it sends.

ZeroMQ drops what a reader has not fetched beyond about a thousand messages. Here nothing is
dropped, and each cell's reply gives the number of outputs of the cells so far, which the reader
compares with what arrived, the files that were read, on which the notebook depends, and those that
`analysis` wrote.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import stat
import sys
import sysconfig
import threading
import time
from collections import Counter
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote, urlsplit

import zmq
from ipykernel.compiler import XCachingCompiler
from ipykernel.kernelapp import IPKernelApp
from IPython.core.compilerop import CachingCompiler
from jupyter_client.session import Session
from traitlets import default

OUTPUTS = frozenset(
    {"stream", "display_data", "execute_result", "error", "update_display_data", "clear_output"}
)
# in the metadata of a cell's reply
SENT, READ, WROTE = "outputs_sent", "files_read", "files_written"
# the files of Python and its packages; a project may lie in their prefix, as in /usr/src/app
PARTS = ("stdlib", "platstdlib", "purelib", "platlib")
INSTALLED = tuple(sysconfig.get_path(part) + os.sep for part in PARTS)
SRC = Path(__file__).parents[2]
OUR_PACKAGES = tuple(f"{SRC / name}{os.sep}" for name in ("analysis", "workbench"))
WAVES = str(SRC / "analysis" / "codebook" / "waves.py")
LOOKING = {"names_before", "latest_before"}  # of it: they read the wave.yml of all waves
# as Python's audit events call it; what is linked may be read by its other name
LOOKED_INTO = {"os.link", "os.listdir", "os.scandir", "sqlite3.connect"}
PR_SET_PDEATHSIG = 1  # the signal that a process gets when the one that started it ends
_read: dict[str, str] = {}  # the state of each then; empty of what was written here


def state(file: str) -> str:
    """The state of a file, which differs once it is saved anew; empty of a folder."""
    with contextlib.suppress(OSError):
        about = Path(file).stat()
        if not stat.S_ISDIR(about.st_mode):
            times = f"{about.st_mtime_ns} {about.st_ctime_ns}"  # the second nobody can put back
            return f"{times} {about.st_size} {about.st_ino}"
    return ""


def _watch(event: str, args: tuple[Any, ...]) -> None:
    """Note what Python opens, and folders and databases that it looks into; no log it adds to.

    Left out are the files of Python and its packages.
    """
    if event not in {"open", *LOOKED_INTO} or isinstance(args[0], int) or args[0] == ":memory:":
        return
    name, query = os.fsdecode(args[0] or "."), ""
    if event == "sqlite3.connect" and name.startswith("file:"):  # an address, as ?mode=ro needs
        _, _, name, query, _ = urlsplit(name)
        name = unquote(name)
    file = str(Path(name).absolute())
    if file.startswith(INSTALLED) or _looks_for_modules(file):
        return
    mode, flags = args[1:] if event == "open" else ("", os.O_RDWR)
    flags = os.O_RDONLY if "mode=ro" in query else flags
    if mode:  # of `open`, else the flags of the system's own
        reads, writes = "r" in mode or {*"a+"} <= {*mode}, bool({*mode} & {*"wax+"})
    else:
        reads, writes = not flags & os.O_WRONLY, bool(flags & (os.O_WRONLY | os.O_RDWR))
    if reads and not _looks_for_waves(event):
        _read.setdefault(file, state(file))
    adds = "a" in mode if mode else flags & os.O_APPEND
    if writes and (file in _read or (event == "open" and not adds)):
        _read[file] = ""


def _looks_for_waves(event: str) -> bool:
    """Whether it is `analysis` that learns which waves there are; a run knows what follows."""
    frame: FrameType | None = sys._getframe(1)
    while frame and (frame := frame.f_back):
        code = frame.f_code
        if code.co_filename == WAVES and (event != "open" or code.co_name in LOOKING):
            return True
    return False


def _looks_for_modules(folder: str) -> bool:
    """Whether Python looks for modules, or what is installed, in the project's folder itself.

    A run knows which modules are there.
    """
    return "importlib" in sys._getframe(2).f_code.co_filename and Path(folder, "data/raw").is_dir()


class CountingSession(Session):
    """Says with each cell's reply how many outputs each cell has sent, or could not send."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.counts: Counter[str] = Counter()
        self.counting = threading.Lock()

    def serialize(self, msg: dict[str, Any], ident: Any = None) -> list[bytes]:
        """Count before anything can go wrong; a task may send for a cell that has ended."""
        cell, kind = msg["parent_header"].get("msg_id", ""), msg["header"]["msg_type"]
        with self.counting:
            self.counts[cell] += kind in OUTPUTS
        if kind == "execute_reply":
            wrote = getattr(sys.modules.get("analysis.paths"), "written", ())
            msg["metadata"] |= {SENT: dict(self.counts), READ: dict(_read), WROTE: [*wrote]}
        return super().serialize(msg, ident)


class App(IPKernelApp):
    """Starts the kernel."""

    @default("session")
    def _session_default(self) -> Session:
        return CountingSession(parent=self)

    def init_poller(self) -> None:
        """End with the process that started the kernel, and with it all that the kernel started."""
        super().init_poller()
        if self.poller and os.name == "posix" and os.getpgrp() == os.getpid():
            self.poller = threading.Thread(
                target=_end_after, args=(self.parent_handle,), daemon=True
            )

    def load_config_file(self, *_: Any, **__: Any) -> None:
        """Read no settings of the user or the machine: on every one a notebook gives the same."""

    def _run_startup_files(self) -> None:
        """Run nothing before a notebook that its run does not know of."""

    def init_iopub(self, context: zmq.Context[Any]) -> None:
        """Open the channel of the outputs, without a limit to what waits there."""
        context.setsockopt(zmq.SNDHWM, 0)  # of the sockets that it makes from here on
        super().init_iopub(context)


def _end_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.killpg(0, signal.SIGKILL)


def _path_stats(
    loader: SourceFileLoader, path: str, known: Any = SourceFileLoader.path_stats
) -> Any:
    """Let modules of one's own be compiled from their source each time.

    Python takes what it compiled before for the source of the same second and size, as a file has
    that a program copied with a fixed date; its page would be of the old one.
    """
    if path.startswith((*INSTALLED, *OUR_PACKAGES)):
        return known(loader, path)
    raise OSError(path)  # of a source without a date Python neither reads nor keeps compiled code


def launch(arguments: Sequence[str]) -> None:
    """Turn this process into a kernel, which imports nothing from the folder where it starts."""
    sys.argv = [__file__, *arguments]
    sys.path = [entry for entry in sys.path if entry not in ("", str(Path.cwd()))]
    sys.addaudithook(_watch)
    SourceFileLoader.path_stats = _path_stats  # type: ignore[assignment, method-assign]
    # warnings name a cell as IPython does, by no file of this machine that is another in each run
    XCachingCompiler.get_code_name = CachingCompiler.get_code_name  # type: ignore[method-assign]
    App.launch_instance(argv=[*arguments])


def _end_with_parent() -> None:
    """End with the process that started this one, also while it computes in C (Linux).

    A second process then ends what the kernel started: it sees the end of the kernel by itself.
    """
    if sys.platform != "linux" or os.getpgrp() != os.getpid():
        return
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel = os.getpid()
    if os.fork() == 0:
        for stop in (signal.SIGINT, signal.SIGTERM):  # they are for the kernel
            signal.signal(stop, signal.SIG_IGN)
        _end_after(kernel)


if __name__ == "__main__":
    _end_with_parent()
    launch(sys.argv[1:])
