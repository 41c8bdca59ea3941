"""How far a run is: on a terminal a bar, elsewhere a line every ten seconds to standard error."""

from __future__ import annotations

import contextlib
import sys
import time

from tqdm import tqdm

from analysis.errors import Message, localize

EVERY = 10  # seconds
SHOWN = 3  # names in a line


class Progress:
    """Tells how far a run is, whenever `tell` is called; who waits calls it every second.

    Parameters
    ----------
    total : how many are to be made.
    unit : what they are, in the plural.
    """

    def __init__(self, total: int, unit: Message) -> None:
        self.total, self.unit = total, unit
        self.done, self.running = 0, list[str]()
        self.started = self.said = time.monotonic()
        # None: only on a terminal
        self.bar = tqdm(total=total, unit=f" {unit}", disable=None, leave=False)

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
        # a terminal that does not say how wide it is gets no bar (-1)
        if not self.bar.disable and (self.bar.ncols or 1) > 0:
            self.bar.refresh()
            return
        now = time.monotonic()
        if now - self.said < EVERY:
            return
        self.said = now
        line = localize(
            "{done:,} of {total:,} {unit} done, {seconds:.0f} s",
            done=self.done,
            total=self.total,
            unit=self.unit,
            seconds=now - self.started,
        )
        if names := self.running[:SHOWN]:
            line = localize("{line}; running: {names}", line=line, names=names)
        with contextlib.suppress(OSError):  # nobody reads it: no reason to stop
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.close()
