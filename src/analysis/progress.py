"""What runs and how long it will take, on one line of a terminal."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TextIO

TYPICAL = 3  # time left is said once this many have ended


class Progress:
    """What runs, on one line of a terminal; nothing elsewhere.

    Parameters
    ----------
    total : how many there are.
    stream : where to write.
    what : the word for one of them, in the plural.
    """

    def __init__(
        self, total: int, stream: TextIO | None = None, *, what: str = "notebooks"
    ) -> None:
        self.total, self.done, self.started = total, 0, time.monotonic()
        self.guard, self.stream, self.what = threading.Lock(), stream or sys.stderr, what
        self.shown = self.stream.isatty()
        self.at: dict[str, int] = {}

    def cell(self, name: str, number: int) -> None:
        """A cell of a notebook starts."""
        with self.guard:
            self.at[name] = number
            running = ", ".join(f"{n} cell {k}" for n, k in sorted(self.at.items()))
            self._write(f"{self._count()} {running}")

    def line(self, name: str, status: str, seconds: float) -> None:
        """One has ended."""
        with self.guard:
            self.done += 1
            self.at.pop(name, None)
            self._write(f"{self._count()} {name}: {status}, {seconds:.1f} s")

    def end(self) -> None:
        """Leave the line empty for what comes next."""
        self._write("")

    def left(self) -> float | None:
        """Seconds left, from the pace so far; None while that is not known."""
        if self.done < TYPICAL:
            return None
        return (time.monotonic() - self.started) / self.done * (self.total - self.done)

    def _count(self) -> str:
        elapsed, left = time.monotonic() - self.started, self.left()
        ahead = f", about {shown(left)} left" if left else ""
        return f"[{self.done}/{self.total} {self.what}, {shown(elapsed)}{ahead}]"

    def _write(self, text: str) -> None:
        if self.shown:
            width = shutil.get_terminal_size().columns - 1
            self.stream.write(f"\r\033[K{text[:width]}")
            self.stream.flush()


def shown(seconds: float) -> str:
    """Seconds as one reads them.

    Examples
    --------
    >>> shown(9.6), shown(754)
    ('10 s', '12 min 34 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"
