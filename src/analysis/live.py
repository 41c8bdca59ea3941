"""A kernel of JupyterLab outlives the data that it loaded: under each cell it then says so."""

from __future__ import annotations

from IPython import get_ipython
from IPython.display import display

from analysis import paths
from analysis.cleaning import store
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.show import Prose
from analysis.stats.disclosure import Audience
from analysis.text import Language, label

_loaded: dict[str, tuple[str, Audience, Language]] = {}  # by wave: key of its data, edition


def state(wave: str) -> str:
    """The key of a wave's data as they are now; empty where they cannot be read."""
    try:
        return store.key(Wave.read(wave))
    except (InputError, OSError):
        return ""


def watch(wave: str, key: str, audience: Audience, language: Language) -> None:
    """Say under each cell from now on that the data of a wave are no longer those of `key`.

    Where this kernel loaded an earlier state of them, or an edition for fewer readers, that is said
    at once: cells that did not run since then show it.
    """
    shell = get_ipython()
    if not hasattr(shell, "kernel"):
        return
    before, edition, _ = _loaded.get(wave, (key, audience, language))
    if before != key:
        display(Prose(label("lab.loaded_anew", language, wave=wave)))
    if paths.AUDIENCES.index(edition) < paths.AUDIENCES.index(audience):
        display(Prose(label("lab.other_edition", language)))
    _loaded[wave] = key, audience, language
    if _remind not in shell.events.callbacks["post_run_cell"]:
        shell.events.register("post_run_cell", _remind)


def _remind(_result: object) -> None:
    for wave, (key, _, language) in _loaded.items():
        if state(wave) != key:
            display(Prose(label("lab.changed", language, wave=wave)))
