"""What runs the notebooks and carries their results, and the tools for the offices."""

from analysis import __version__ as __version__
