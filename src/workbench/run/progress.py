"""How far a command is: on a terminal a bar, elsewhere a line every ten seconds to standard error.

Where nothing can be counted, a line says that the command is still at work.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

from analysis.errors import Message, localize

EVERY = 10  # seconds
FIRST = 3  # seconds until the first line of a run
SHOWN = 3  # names in a line


@contextlib.contextmanager
def still_at_work() -> Iterator[None]:
    """Say every ten seconds how long a command has been at work, where no run says how far it is.

    Such as a command that cleans a large wave, compares, or waits for another.
    """
    started, ended = time.monotonic(), threading.Event()

    def tell() -> None:
        while not ended.wait(EVERY):
            now = time.monotonic()
            if now - Progress.told >= EVERY:
                _say(localize("{seconds:.0f} s so far", seconds=now - started))

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody reads it: no reason to stop
        print(line, file=sys.stderr, flush=True)


class Progress:
    """Tells how far a run is, whenever `tell` is called; who waits calls it every second.

    Parameters
    ----------
    total : how many are to be made.
    unit : what they are, in the plural.
    """

    told = 0.0  # when any of them was asked last to tell

    def __init__(self, total: int, unit: Message) -> None:
        self.total, self.unit = total, unit
        self.done, self.running = 0, list[str]()
        self.started = time.monotonic()
        self.next = self.started + FIRST  # a line is said
        from tqdm import tqdm

        # None: only on a terminal
        self.bar: Any = tqdm(total=total, unit=f" {unit}", disable=None, leave=False)

    def begin(self, name: str) -> None:
        """One more is running."""
        self.running.append(name)
        self.bar.set_postfix_str(name)

    def end(self, name: str = "") -> None:
        """One has ended; its `name` if it was said to run."""
        self.done += 1
        if name:
            self.running.remove(name)
            self.bar.set_postfix_str(", ".join(self.running[:SHOWN]), refresh=False)
        self.bar.update()

    def tell(self) -> None:
        """Move the clock of the bar, or say a line if none was said for ten seconds."""
        now = Progress.told = time.monotonic()
        # a terminal that does not say how wide it is gets no bar (-1)
        if not self.bar.disable and (self.bar.ncols or 1) > 0:
            self.bar.refresh()
            return
        if now < self.next:
            return
        self.next = now + EVERY
        line = localize(
            "{done:,} of {total:,} {unit} done, {seconds:.0f} s",
            done=self.done,
            total=self.total,
            unit=self.unit,
            seconds=now - self.started,
        )
        if names := self.running[:SHOWN]:
            line = localize("{line}; running: {names}", line=line, names=names)
        _say(line)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()
