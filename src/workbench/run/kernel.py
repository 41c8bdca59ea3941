"""The kernel that a notebook runs in: IPython's, but it drops no output and counts what it sends.

ZeroMQ drops what a reader has not fetched beyond about a thousand messages. Here nothing is
dropped, and each cell's reply gives the number of its outputs, which the reader compares with what
arrived, and the files that were read, on which the notebook depends.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import zmq
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.jsonutil import json_default
from jupyter_client.session import Session, json_packer
from traitlets import default

OUTPUTS = frozenset(
    {"stream", "display_data", "execute_result", "error", "update_display_data", "clear_output"}
)
SENT, READ = "outputs_sent", "files_read"  # in the metadata of a cell's reply
INSTALLED = (sys.prefix, sys.base_prefix)
_read: set[str] = set()


def _watch(event: str, given: tuple[Any, ...]) -> None:
    """Note a file that Python opens to read it, but for those of Python and its packages."""
    if event != "open" or not isinstance(given[0], str):
        return
    path, mode, flags = given
    if "r" in mode if mode else not flags & os.O_WRONLY:
        file = str(Path(path).absolute())
        if not file.startswith(INSTALLED):
            _read.add(file)


class CountingSession(Session):
    """Says with each cell's reply how many outputs the cell has sent, or could not send."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.counts: Counter[str] = Counter()
        self.counting = threading.Lock()
        self.pack = _packed

    def serialize(self, msg: dict[str, Any], ident: Any = None) -> list[bytes]:
        """Count before anything can go wrong."""
        cell, kind = msg["parent_header"].get("msg_id", ""), msg["header"]["msg_type"]
        with self.counting:
            self.counts[cell] += kind in OUTPUTS
        if kind == "execute_reply":
            msg["metadata"] |= {SENT: self.counts[cell], READ: sorted(_read)}
            _read.clear()
        return super().serialize(msg, ident)


def _packed(content: Any) -> bytes:
    """Content as JSON; half a surrogate pair, which is no Unicode, becomes �, and is not lost."""
    try:
        return json_packer(content)
    except UnicodeEncodeError:
        text = json.dumps(content, default=json_default, ensure_ascii=False)
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


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


def launch(arguments: Sequence[str]) -> None:
    """Turn this process into a kernel, which imports nothing from the folder where it starts."""
    sys.argv = [__file__, *arguments]
    sys.path = [entry for entry in sys.path if entry not in ("", str(Path.cwd()))]
    sys.addaudithook(_watch)
    App.launch_instance(argv=[*arguments])


if __name__ == "__main__":
    launch(sys.argv[1:])
