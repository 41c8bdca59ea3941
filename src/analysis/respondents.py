"""The register of a wave: who was invited, of which size class, and whether they replied."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis import municipality
from analysis.codebook import Codebook
from analysis.identity import Identified
from analysis.wave import Wave


def register_of(
    wave: Wave, who: Identified, order: np.ndarray, codebook: Codebook, frame: pd.DataFrame
) -> pd.DataFrame:
    """The invited and whoever else replied, by code.

    `order`: the records that count, as the rows of `frame`. Columns: name, prefecture, size_class
    (of the list of the invited, else of the law on the wave's date, else as told in the reply),
    invited (true of all where no list says who was), replied, received.
    """
    replied = {str(who.codes[i]): int(i) for i in order}
    known = municipality.register()
    rows = _asked(wave)
    asked = set(rows) or set(replied)
    for code, i in replied.items():
        if code not in rows:
            prefecture = str(known.at[code, "prefecture"]) if code in known.index else ""
            rows[code] = {"name": who.names[i], "prefecture": prefecture, "size_class": None}
    told = _told_classes(codebook, frame)
    for code, row in rows.items():
        row["size_class"] = (
            row["size_class"] or municipality.size_class(code, wave.as_of) or told.get(code)
        )
        row["invited"] = code in asked
        row["replied"] = code in replied
        day = who.received[replied[code]] if code in replied else None
        row["received"] = None if day is None else np.datetime64(day, "s")
    texts = ["name", "prefecture", "size_class"]
    columns = [*texts, "invited", "replied", "received"]
    register = pd.DataFrame.from_dict(rows, orient="index", columns=columns).sort_index()
    register.index = register.index.astype("str").rename("code")
    register[texts] = register[texts].astype("str")
    register["received"] = pd.to_datetime(register["received"]).astype("datetime64[s]")
    return register.astype({"invited": bool, "replied": bool})


def invited(wave: Wave, register: pd.DataFrame) -> int | None:
    """How many were asked; None where nobody knows."""
    if wave.invited is None or isinstance(wave.invited, int):
        return wave.invited
    return int(register["invited"].sum())


def _asked(wave: Wave) -> dict[str, dict[str, Any]]:
    if wave.invited == "all":
        return {
            code: {"name": name, "prefecture": prefecture, "size_class": None}
            for code, prefecture, name in municipality.register().itertuples()
        }
    if isinstance(wave.invited, tuple):
        return {
            i.code: {"name": i.name, "prefecture": i.prefecture, "size_class": i.size_class}
            for i in wave.invited
        }
    return {}


def _told_classes(codebook: Codebook, frame: pd.DataFrame) -> dict[str, str]:
    question = codebook.identity("size_class")
    if question is None:
        return {}
    by_label = {text.ja: kind for kind, text in municipality.SIZE_CLASSES.items()}
    by_option = {o.code: by_label[o.ja] for o in question.options if o.ja in by_label}
    answers = frame[question.id].dropna().astype(int)
    return {str(code): by_option[n] for code, n in answers.items() if n in by_option}
