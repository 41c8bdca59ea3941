"""The overview of the profiles: the same list in three orders, so that sorting needs no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from analysis import paths, show
from analysis.codebook import municipality
from analysis.errors import InputError
from analysis.results import profile, types
from analysis.show import NotAvailable
from analysis.spreadsheet import to_csv
from analysis.survey import Survey
from analysis.text import labels
from workbench.publish.page import page_context, rendered
from workbench.publish.spreadsheet import workbook
from workbench.run.record import Ran

ORDERS = {"prefecture": "index.html", "size_class": "by-size.html", "type": "by-type.html"}


def wanted(survey: Survey, asked: Sequence[str] | None) -> dict[str, str]:
    """The municipalities asked for, code -> name; all that replied where none is named.

    Raises
    ------
    InputError : one of them did not reply, is not known, or its name is not unique.
    """
    names = {str(code): str(name) for code, name in survey.names.items()}
    if not asked:
        return names
    codes = [_code(survey, names, text) for text in asked]
    return {code: names[code] for code in dict.fromkeys(codes)}


def _code(survey: Survey, names: Mapping[str, str], text: str) -> str:
    called = [code for code, name in names.items() if name == text]
    code = text if text in names else municipality.parse_code(text)[0] or text
    if code in names:
        return code
    if len(called) == 1:
        return called[0]
    if called:
        raise InputError(
            "{n} municipalities are called {text}",
            hint="give one of the codes {called}",
            n=len(called),
            text=text,
            called=called,
        )
    if code in survey.register.index:
        raise InputError(
            "{text} was asked but did not reply in the wave {name}",
            text=text,
            name=survey.wave.name,
        )
    raise InputError(
        "there is no municipality {text!r} in the wave {name}",
        hint="give a code of six digits, or a name as it stands in the replies",
        text=text,
        name=survey.wave.name,
    )


def members(survey: Survey, *, seed: int) -> tuple[list[dict[str, str]], dict[str, list[str]], str]:
    """What the overview says of each respondent; its groups in order; how far to trust types."""
    found = profile.typology(survey, seed=seed)
    kind_of: dict[str, str] = {}
    known: list[str] = []
    if not isinstance(found, NotAvailable):
        known = [types.name(survey, found, kind) for kind in sorted(found.names)]
        kinds = found.labels.dropna().astype(int)
        kind_of = {str(c): types.name(survey, found, kind) for c, kind in kinds.items()}
    sizes = survey.size_class
    register = survey.register.reindex(survey.responses.index)
    prefectures = register.get("prefecture", pd.Series("", register.index)).fillna("")
    listed = [
        {
            "code": str(code),
            "name": str(register.at[code, "name"]),
            "prefecture": str(prefectures[code]),
            "size_class": "" if pd.isna(sizes[code]) else str(sizes[code]),
            "type": kind_of.get(str(code), ""),
        }
        for code in sorted(survey.responses.index)
    ]
    orders = {
        "prefecture": [name for name in dict.fromkeys(prefectures.sort_index()) if name],
        "size_class": list(sizes.cat.categories),
        "type": known,
    }
    return listed, orders, survey.answer("types/verdict", **types.verdict(survey, found)).text


def write(
    folder: Path,
    listed: Sequence[Mapping[str, str]],
    rans: Mapping[str, Ran],
    *,
    key: str,
    orders: Mapping[str, Sequence[str]],
    verdict: str,
    context: Mapping[str, Any],
    run: str,
) -> None:
    """Write the pages of the overview and the same list for Excel.

    Parameters
    ----------
    listed : of each respondent ``code, name, prefecture, size_class, type``.
    rans : what became of each page, by code. key : what a page of today's data has as its key.
    orders : the groups of each order as they follow each other; a group without members is left
        out, an order without groups too.
    verdict : how far the types can be trusted. run : link to the reports of the wave, or empty.
    """
    words = labels("overview", context["language"])
    states = {row["code"]: _state(rans.get(row["code"]), key) for row in listed}
    there = {name: file for name, file in ORDERS.items() if orders.get(name)}
    if "prefecture" not in there:
        there = {"code": ORDERS["prefecture"], **there}
    columns = [name for name in ("prefecture", "size_class", "type") if orders.get(name)]
    notes = _notes(words, states, verdict if "type" in columns else "")
    table = _workbook(words, listed, columns, notes)
    paths.write_atomic(folder / "profiles.xlsx", workbook([table], context["language"]))
    for by, file in there.items():
        groups = _grouped(listed, by, orders.get(by, ()), words)
        title = f"{words['title']} — {words['sorted'].format(order=words[by])}"
        shown = ["code", *(column for column in columns if column != by)]
        page = rendered(
            "overview",
            page_context(context, title=title, heading=words["title"]),
            words=words,
            notes=notes,
            run=run,
            orders=[
                (target, words["sorted"].format(order=words[name]), name == by)
                for name, target in there.items()
            ],
            jumps=[(f"#g{at}", name, False) for at, (name, _) in enumerate(groups, 1)],
            heads=[(words[name], "") for name in ("name", *shown)],
            groups=[
                (name, [_line(row, shown, states[row["code"]], words) for row in rows])
                for name, rows in groups
            ],
        )
        paths.write_atomic(folder / file, page)


def _state(ran: Ran | None, key: str) -> str:
    if ran is None:
        return "absent"
    if ran.status != "ok":
        return "failed"
    return "" if ran.key == key else "earlier"


def _notes(words: Mapping[str, str], states: Mapping[str, str], verdict: str) -> list[str]:
    counts = pd.Series(list(states.values()), dtype=object).value_counts()
    made = int(counts.get("", 0)) + int(counts.get("earlier", 0))
    notes = [words["count"].format(n=len(states), made=made)]
    for kind in ("failed", "earlier"):
        if counts.get(kind, 0):
            notes.append(words[f"some_{kind}"].format(n=int(counts[kind])))
    return [*notes, verdict] if verdict else notes


def _grouped(
    listed: Sequence[Mapping[str, str]], by: str, order: Sequence[str], words: Mapping[str, str]
) -> list[tuple[str, list[Mapping[str, str]]]]:
    if by == "code":
        return [(words["all"], list(listed))]
    rows: dict[str, list[Mapping[str, str]]] = {name: [] for name in order}
    for row in listed:
        rows.setdefault(row[by], []).append(row)
    return [(name or words["no_group"], those) for name, those in rows.items() if those]


def _line(
    row: Mapping[str, str], columns: Sequence[str], state: str, words: Mapping[str, str]
) -> list[show.Cell]:
    """The row of a municipality: its name, which leads to its page, and these columns."""
    page = "" if state == "absent" else f"{row['code']}.html"
    name = show.part("member", page=page, name=row["name"], state=words.get(state, ""))
    return [(name, "row", "", 1), *((row[column], "", "", 1) for column in columns)]


def _workbook(
    words: Mapping[str, str],
    listed: Sequence[Mapping[str, str]],
    columns: Sequence[str],
    notes: Sequence[str],
) -> dict[str, Any]:
    shown = ["code", "name", *columns]
    rows = pd.DataFrame(list(listed), columns=shown).rename(columns=words)
    return {
        "name": "profiles",
        "title": words["title"],
        "caption": notes[0],
        "n": len(listed),
        "notes": list(notes[1:]),
        "csv": to_csv(rows).decode("utf-8-sig"),
    }
