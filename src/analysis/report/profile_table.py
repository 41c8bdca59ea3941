"""profile (自治体カルテ): where a municipality stands, what its peers do, and its answers."""

from __future__ import annotations

import pandas as pd

from analysis import plots
from analysis.codebook import Question
from analysis.expression import Expression
from analysis.outputs import Figure, NotAvailable, Prose, Table
from analysis.report import answers, types
from analysis.report.profile import FACTS, Place, likeness, missing_measures
from analysis.report.shown import absent, kept_back, protects, shown_questions
from analysis.report.summary import COSTS
from analysis.survey import Survey

MEASURES = 5  # rows of what peers do
YES = 3  # yes/no questions that a section needs before their share is shown
COMPARED = 5  # municipalities that quartiles need


def standing(survey: Survey, here: Place) -> Figure | NotAvailable:
    """Its place on each composite, against the quartiles of its size class or of all."""
    frame, unit = _composites(survey)
    mates = here.mates(survey)
    alone = len(mates) < COMPARED
    others = frame if alone else frame.loc[mates]
    place = pd.DataFrame(
        {
            "value": frame.loc[here.code],
            "low": others.quantile(0.25),
            "median": others.median(),
            "high": others.quantile(0.75),
        }
    ).dropna()
    if place.empty:
        return absent(survey, "standing", "指標の値がない。", "There is no indicator with a value.")
    who = (
        survey.pick("全団体", "all municipalities")
        if alone
        else survey.pick(f"他の{here.size_class}", f"others of its class ({here.size_class})")
    )
    label = survey.pick(
        f"●本団体、帯は{who}（n={len(others):,}）の四分位範囲、縦線は中央値（{unit}）",
        f"Dot: this municipality; band: quartiles, line: median of {who}, n={len(others):,} "
        f"({unit})",
    )
    ax = plots.plot_dots(place, label=label, language=survey.language)
    far = (place["value"] - place["median"]).abs().idxmax()
    return survey.gallery.show(
        ax,
        f"standing_{here.code}",
        title=survey.pick(f"{here.name}の位置", f"Where {here.name} stands"),
        alt=survey.pick(
            f"指標ごとの{here.name}の位置と{who}の四分位範囲。中央値から最も遠いのは「{far}」。",
            f"{here.name} by indicator against the quartiles of {who}; farthest from the median: "
            f"{far}.",
        ),
        n=len(others),
        denominator=who,
        data=place.round(3).reset_index(names="indicator"),
        key=True,
    )


def _composites(survey: Survey) -> tuple[pd.DataFrame, str]:
    """What places a municipality: composites of several features; of yes/no tables, shares."""
    sizes = pd.Series(survey.features.groups).value_counts()
    hidden = set(kept_back(survey))
    chosen = [
        i
        for i in survey.codebook.indices
        if (i.role == "cluster" and sizes.get(i.id, 0) > 1)
        or (i.rule and i.role != "factor" and not hidden & Expression(i.rule).names)
    ]
    if chosen:
        numbers = survey.indices[[i.id for i in chosen]].astype(float)
        scaled = (numbers - numbers.mean()) / numbers.std(ddof=0).replace(0, 1.0)
        scaled.columns = [i.text[survey.language] for i in chosen]
        return scaled, survey.pick("全団体で標準化した値", "standardised over all")
    columns = {}
    for section in survey.codebook.sections:
        asked = [q.id for q in survey.codebook if q.section == section.id and q.type == "binary"]
        if len(asked) >= YES:
            label = survey.pick(
                f"{section.ja}（{len(asked)}項目の実施率）", f"{section.en} (share of {len(asked)})"
            )
            columns[label] = survey.responses[asked].astype("Float64").mean(axis=1) * 100
    for q in survey.codebook.with_role("outcome"):
        if q.unit and q.unit.ja == "％" and q.id in survey.responses:
            columns[q.label[survey.language]] = survey.responses[q.id]
    frame = pd.DataFrame(columns, index=survey.responses.index).astype(float)
    return frame, survey.pick("％", "percent")


def peers(survey: Survey, here: Place) -> Table | Prose:
    """What at least half of the peers do and it does not, peer by peer; `steps` says if nothing."""
    frame = missing_measures(survey, here).head(MEASURES)
    if frame.empty:
        return Prose("")
    rows = []
    for row in frame.itertuples():
        line = {survey.pick("取組み", "measure"): row.label}
        for code in here.peers:
            done = survey.responses.at[code, row.variable]
            line[str(survey.names[code])] = "" if pd.isna(done) else "○" if bool(done) else "–"
        if isinstance(row.cost, str):
            line[survey.pick("費用", "cost")] = COSTS[row.cost][survey.language]
        rows.append(line)
    alike = likeness(survey)
    by = {
        "ja": "区分が同じで" + "・".join(q.label.ja for q in alike),
        "en": "class and " + ", ".join(q.label.en for q in alike),
    }
    home = survey.pick("同じ都道府県で", "same prefecture, ") if here.prefecture_only else ""
    return survey.gallery.table(
        pd.DataFrame(rows).fillna(""),
        "peers",
        title=survey.pick(
            "似た団体が行い、本団体が行っていないこと", "What peers do and it does not"
        ),
        n=len(here.peers),
        notes=[
            survey.pick(
                f"似た団体：{home}{by['ja']}の近い団体。",
                f"Peers: {home}nearest by {by['en']}.",
            )
        ],
    )


def its_answers(survey: Survey, here: Place) -> Table:
    """Its answers beside those of its type and its size class, a row a question."""
    groups = {
        types.kin_word(survey, here.found): here.kin(),
        survey.pick("同じ区分", "its class"): here.mates(survey),
    }
    others = {name: answers.Subset.of(survey, codes) for name, codes in groups.items() if codes}
    as_of = survey.wave.as_of
    rows = []
    for question in _told(survey):
        if survey.status.at[here.code, question.variables[0]] == "not_applicable":
            continue
        row = {
            survey.pick("設問", "question"): question.label[survey.language],
            survey.pick("本団体", "this one"): answers.own(survey, here.code, question, brief=True),
        }
        for name, group in others.items():
            row[name] = answers.typical(survey, group, question, brief=True)
        rows.append(row)
    return survey.gallery.table(
        pd.DataFrame(rows),
        "answers",
        title=survey.pick(
            f"公表された指標（{as_of}時点）と比較", f"Published indicators (as of {as_of})"
        )
        if survey.wave.named
        else survey.pick("回答と比較", "Its answers beside others"),
        n=survey.n,
        notes=[
            survey.pick(
                "比較は本団体を除く。最も多い回答（複数回答は半数以上が選んだ上位2つ）と割合、または中央値。"
                "nは対象となり回答した団体。非該当は省いた。",
                "Others without itself: most frequent answer (multiple: the first two of half or "
                "more) or median; n: asked and answering.",
            )
        ],
    )


def _told(survey: Survey) -> list[Question]:
    """The questions that the page tells, without those that its head and its figures give."""
    head = likeness(survey)[:FACTS]
    drawn = {name for kind in survey.codebook.staff for name in Expression(kind.rule).names}
    return [
        q
        for q in shown_questions(survey)
        if not q.identity and q not in head and q.id not in drawn and not protects(survey, q)
    ]
