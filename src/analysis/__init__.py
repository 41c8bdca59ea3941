"""The workbench's analysis package: clean the survey, find types, draw figures, write reports.

``from analysis import Survey`` is the one front door for notebooks. It is looked up only when asked
for, so that the command line starts without pandas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.survey import Survey

__all__ = ["Survey"]
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    if name == "Survey":
        from analysis.survey import Survey

        return Survey
    raise AttributeError(f"module 'analysis' has no attribute {name!r}")
