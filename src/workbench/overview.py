"""The overview of the profiles: the same list in three orders, so that sorting needs no script."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import paths
from analysis.results import profile, types
from analysis.show import NotAvailable
from analysis.spreadsheet import to_csv
from analysis.survey import Survey
from analysis.text import labels
from workbench.publish.index import workbook
from workbench.publish.page import page_context, rendered
from workbench.run.record import Ran

ORDERS = {"prefecture": "index.html", "size_class": "by-size.html", "type": "by-type.html"}


def members(survey: Survey, *, seed: int) -> tuple[pd.DataFrame, str]:
    """What the overview says of each respondent, and how far its types can be trusted.

    That is a row a municipality, by its code: ``name``, and ``prefecture, size_class, type`` as
    categories in the order of the overview's groups, missing where it has none. Then the verdict
    in words.
    """
    typology = profile.shared_typology(survey, seed=seed)
    names: dict[int, str] = {}
    kinds = pd.Series(pd.NA, survey.responses.index)
    if not isinstance(typology, NotAvailable):
        kinds = typology.labels.dropna().astype(int)
        every = [*sorted(typology.names), *sorted({*kinds} - {*typology.names})]  # in no type: last
        names = {kind: types.name(survey, typology, kind) for kind in every}
        kinds = kinds.map(names)
    register = survey.register.reindex(survey.responses.index).sort_index()
    prefectures = register.get("prefecture", pd.Series("", register.index)).replace("", None)
    sizes = survey.size_class
    columns = {
        "name": register["name"].astype(str),
        "prefecture": pd.Categorical(prefectures, prefectures.dropna().unique()),
        "size_class": sizes.reindex(register.index),
        "type": pd.Categorical(kinds.reindex(register.index), dict.fromkeys(names.values())),
    }
    listed = pd.DataFrame(columns, register.index).rename_axis("code")
    return listed, survey.answer("types/verdict", **types.verdict(survey, typology)).text


def write(
    folder: Path,
    listed: pd.DataFrame,
    verdict: str,
    rans: Mapping[str, Ran],
    *,
    key: str,
    context: Mapping[str, Any],
    run: str,
) -> None:
    """Write the pages of the overview and the same list for Excel.

    Parameters
    ----------
    listed, verdict : as of `members`; a group without members is left out, an order without groups
        too.
    rans : what became of each page, by code. key : what a page of today's data has as its key.
    run : link to the reports of the wave, or empty.
    """
    words = labels("overview", context["language"])
    states = {code: _state(rans.get(code), key) for code in listed.index}
    counts = Counter(states.values())
    columns = [name for name in ORDERS if len(listed[name].cat.categories)]
    notes = [words["count"].format(n=len(states), made=counts[""] + counts["earlier"])]
    notes += [words[f"some_{k}"].format(n=counts[k]) for k in ("failed", "earlier") if counts[k]]
    notes += [verdict] if verdict and "type" in columns else []
    text = listed.astype("string").fillna("").reset_index()
    table = {
        "name": "profiles",
        "title": words["title"],
        "caption": notes[0],
        "n": len(listed),
        "notes": notes[1:],
        "csv": to_csv(text[["code", "name", *columns]].rename(columns=words)).decode("utf-8-sig"),
    }
    paths.write_atomic(folder / "profiles.xlsx", workbook([table], context["language"]))
    there = {name: ORDERS[name] for name in columns}
    there = there if "prefecture" in there else {"code": ORDERS["prefecture"], **there}
    for by, file in there.items():
        title = f"{words['title']} — {words['sorted'].format(order=words[by])}"
        page = rendered(
            "overview",
            page_context(context, title=title, heading=words["title"]),
            words=words,
            notes=notes,
            run=run,
            orders=there,
            by=by,
            columns=["code", *(column for column in columns if column != by)],
            groups=_grouped(text, listed.get(by), words),
            states=states,
        )
        paths.write_atomic(folder / file, page)


def _state(ran: Ran | None, key: str) -> str:
    if ran is None:
        return "absent"
    if ran.status != "ok":
        return "failed"
    return "" if ran.key == key else "earlier"


def _grouped(
    text: pd.DataFrame, by: pd.Series | None, words: Mapping[str, str]
) -> dict[str, list[dict[str, str]]]:
    """The rows of each group; all in one where there is nothing to group by."""
    if by is None:
        return {words["all"]: text.to_dict("records")}
    groups = {str(name): text[(by == name).to_numpy()] for name in by.cat.categories}
    groups[words["no_group"]] = text[by.isna().to_numpy()]
    return {name: rows.to_dict("records") for name, rows in groups.items() if len(rows)}
