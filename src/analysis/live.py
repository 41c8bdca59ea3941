"""A kernel of JupyterLab outlives the data that it loaded: under each cell it then says so."""

from __future__ import annotations

from analysis.cleaning import store
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.show import Prose
from analysis.text import Language, label

_loaded: dict[str, tuple[str, Language]] = {}  # wave -> key of its data, language of the survey


def state(wave: str) -> str:
    """The key of a wave's data as they are now; empty where they cannot be read."""
    try:
        return store.key(Wave.read(wave))
    except InputError:
        return ""


def watch(wave: str, key: str, language: Language) -> None:
    """Say from now on where the data of a wave, loaded when they had `key`, are others.

    Where an earlier state was loaded before in this kernel, that is said at once: cells that did
    not run since then show it.
    """
    from IPython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    if not hasattr(shell, "kernel"):
        return
    if wave in _loaded and _loaded[wave][0] != key:
        display(Prose(label("lab.loaded_anew", language).format(wave=wave)))
    _loaded[wave] = key, language
    if _remind not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _remind)


def _remind(_result: object) -> None:
    from IPython.display import display

    for wave, (key, language) in _loaded.items():
        if state(wave) != key:
            display(Prose(label("lab.changed", language).format(wave=wave)))
