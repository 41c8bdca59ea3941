"""05_site_visits: answers of the visited beside those of others, and what was heard there."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from IPython.display import display

from analysis import visit_forms
from analysis import visits as guidebook
from analysis.codebook import Question
from analysis.outputs import NotAvailable, Table
from analysis.report import answers
from analysis.report.answers import Subset
from analysis.report.shown import absent, protects
from analysis.report.visits import KINDS, Chosen
from analysis.survey import Survey
from analysis.visits import Group, guide


def beside(survey: Survey, chosen: Chosen | NotAvailable) -> None:
    """For each city a table of its answers beside its type and size class, with what to ask."""
    if isinstance(chosen, NotAvailable):
        display(NotAvailable("guide", chosen.reason))
        return
    for at, code in enumerate(chosen.cities):
        display(of_city(survey, chosen, code, "guide" if at == 0 else f"guide_{at + 1}"))


def of_city(survey: Survey, chosen: Chosen, code: str, name: str = "guide") -> Table:
    """The table of one city."""
    kind, size = _others(survey, chosen.groups[code], code)
    rows = [
        _row(
            survey, chosen, code, f"{topic.id} {topic.text[survey.language]}", question, kind, size
        )
        for topic in guide().topics
        for question in guidebook.asked(topic, survey.codebook, survey.responses)
        if not protects(survey, question)
        and survey.status.at[code, question.variables[0]] != "not_applicable"
    ]
    city = chosen.cities[code]
    return survey.gallery.table(
        pd.DataFrame(rows),
        name,
        title=survey.pick(f"{city}の回答と比較", f"Answers of {city} beside others"),
        n=survey.n,
        notes=[
            survey.pick(
                "比較の欄は本団体を除く。選択肢は最も多い回答（複数回答は半数以上が選んだもの）と割合、"
                "数値は中央値。nは対象となり回答した団体。非該当の設問は省いた。",
                "The compared leave out the city itself. Options: the most frequent answer "
                "(multiple answers: those of at least half) with its share; numbers: the median. "
                "n: asked and answering. Questions that do not apply are left out.",
            ),
            survey.pick(
                "「珍しい」は、比べた団体（5団体以上）の2割以下しか同じ回答でないもの（段階の設問では"
                "中央値から2段階以上離れたもの）、8割以上が選ぶ選択肢を選ばないもの、または"
                "四分位範囲の1.5倍を超えて離れた数値。",
                "Unusual: at most 20 % of the compared (five or more) say the same and, on a "
                "scale, their median is two steps or more away; an option of at least 80 % is "
                "not chosen; or a number lies beyond 1.5 interquartile ranges.",
            ),
        ],
    )


def _others(survey: Survey, groups: Sequence[Group], code: str) -> tuple[Subset, Subset]:
    """The others of its type and of its size class; nobody where it has none."""
    # `groups`: its type and its size class, where it has them; then all
    kind = groups[0].codes if len(groups) == 3 else ()
    size = groups[-2].codes if len(groups) >= 2 else ()
    return (
        Subset.of(survey, [c for c in kind if c != code]),
        Subset.of(survey, [c for c in size if c != code]),
    )


def _row(
    survey: Survey,
    chosen: Chosen,
    code: str,
    topic: str,
    question: Question,
    kind: Subset,
    size: Subset,
) -> dict[str, str]:
    said = [r for r in chosen.remarks[code] if question.id in r.question.split(", ")]
    return {
        survey.pick("論点", "topic"): topic,
        survey.pick("設問", "question"): f"{question.id} {question.label[survey.language]}",
        survey.pick("本団体の回答", "its answer"): answers.own(survey, code, question),
        chosen.kin: answers.typical(survey, kind, question),
        survey.pick("同じ区分", "its size class"): answers.typical(survey, size, question),
        survey.pick("確かめること", "to ask"): survey.pick("；", "; ").join(
            f"{KINDS[r.kind][survey.language]} {r.text[survey.language]}" for r in said
        ),
    }


def matrix(survey: Survey) -> Table | NotAvailable:
    """What was heard: topics by city."""
    folder = survey.wave.folder / "visits"
    heard = [] if protects(survey) else visit_forms.read_all(folder, survey.register.index)
    columns = {
        f"{visit.name} {visit.date}".strip(): [
            _heard(survey, visit, topic.id) for topic in guide().topics
        ]
        for visit in heard
    }
    if not columns:
        return absent(
            survey,
            "heard",
            "この版で示せる聞き取りの記録はまだない。",
            "There is no record of a visit that this edition may show yet.",
        )
    first = survey.pick("論点", "topic")
    labels = [f"{topic.id}. {topic.text[survey.language]}" for topic in guide().topics]
    return survey.gallery.table(
        pd.DataFrame({first: labels, **columns}),
        "heard",
        title=survey.pick("聞き取りの結果（論点×団体）", "What was heard, topics by city"),
        n=len(heard),
        notes=[
            survey.pick(
                "nは記録票のある団体。〔資料〕は確認した資料、〔相違〕は調査票との違い、〔追〕は追って確認すること。",
                "n: cities with a record. [evidence] seen, [differs] from the questionnaire, "
                "[follow up] later.",
            )
        ],
    )


def _heard(survey: Survey, visit: visit_forms.Visit, topic: int) -> str:
    if topic not in visit.notes.index:
        return "—"
    note = visit.notes.loc[topic]
    if survey.audience != "internal":
        allowed = {"yes"} if survey.audience == "public" else {"yes", "to_confirm", ""}
        if note["publish"] not in allowed:
            return survey.pick("（この版では非公開）", "(not in this edition)")
    marks = {
        "evidence": survey.pick("資料", "evidence"),
        "difference": survey.pick("相違", "differs"),
        "follow_up": survey.pick("追", "follow up"),
    }
    parts = [note["answer"]]
    parts += [
        survey.pick(f"〔{mark}〕{note[key]}", f"[{mark}] {note[key]}")
        for key, mark in marks.items()
        if note[key]
    ]
    return " ".join(part for part in parts if part) or "—"
