"""02_explore: simple and cross tabulation of every question, with its denominators."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
from IPython.display import display

from analysis import tables
from analysis.codebook import Question
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table
from analysis.report import one_question, shown
from analysis.report.answers import digits
from analysis.report.one_question import cell, written
from analysis.report.shown import COUNTED, absent, prose, protects, shown_questions
from analysis.survey import Survey
from analysis.text import escape, say
from analysis.visits import guide


def answer(survey: Survey) -> Answer:
    """How much there is to explore."""
    questions = shown_questions(survey)
    full = [q for q in questions if tables.answered(survey.status, q).sum() == survey.n]
    return Answer(
        survey.pick(
            f"{survey.n:,}団体の{len(questions)}問を集計し、うち{len(full)}問には全団体が回答していた。",
            f"{len(questions)} questions of {survey.n:,} municipalities are tabulated; "
            f"{len(full)} were answered by all.",
        ),
        survey.pick(
            "割合の分母は、その設問の対象となり回答した団体である。",
            "Shares are of those asked and answering.",
        ),
    )


def frequencies(survey: Survey) -> Table:
    """Every answer of every question: count, share, denominator, and the missing."""
    rows = []
    for question in shown_questions(survey):
        if question.type not in COUNTED:
            continue
        counted = shown.frequency(survey, question)
        counts, shares = written(counted)
        bounds = _bounds(survey, question, counted)
        for label in counted.frame.index:
            rows.append(
                {
                    survey.pick(
                        "設問", "question"
                    ): f"{question.id} {question.label[survey.language]}",
                    survey.pick("回答", "answer"): label,
                    survey.pick("団体数", "count"): counts[label],
                    survey.pick("割合（％）", "share (%)"): shares[label],
                    survey.pick("とりうる範囲（％）", "bounds (%)"): bounds[label],
                    survey.pick("割合の母数", "share of"): _base(survey, counted),
                    survey.pick("欠測", "missing"): _missing(survey, counted),
                }
            )
    frame = pd.DataFrame(rows)
    if protects(survey):  # see `shown.frequency`
        frame = frame.drop(columns=survey.pick("欠測", "missing"))
    column = survey.pick("とりうる範囲（％）", "bounds (%)")
    note = [] if frame[column].eq("").all() else [_bounds_note(survey)]
    if not note:
        frame = frame.drop(columns=column)
    return survey.gallery.table(
        frame,
        "frequencies",
        title=survey.pick("単純集計", "Simple tabulation"),
        n=survey.n,
        notes=[
            survey.pick(
                "割合の分母nは、対象となり回答した団体。複数回答の割合の合計は100％を超える。",
                "Shares are of n, those asked and answering; with multiple answers they add up to "
                "more than 100 %.",
            ),
            *note,
            *shown.note(survey),
        ],
    )


def _bounds(survey: Survey, question: Question, counted: tables.Counted) -> dict[str, str]:
    """Answer -> the least and greatest share that it can have; empty where all answered.

    How many did not answer is no less an answer: where small cells are hidden there are no bounds.
    The size class is known of those who did not reply, too.
    """
    size = one_question.to_answer(survey, question)
    written = {}
    for label, count in counted.frame["count"].items():
        hidden = protects(survey, question) or not counted.n or question.identity is not None
        found = None if hidden else survey.population.bounds(int(count), counted.n, size)
        written[str(label)] = (
            "" if found is None else "{:.1f}～{:.1f}".format(*(100 * end for end in found))
        )
    return written


def _bounds_note(survey: Survey) -> str:
    here = survey.population
    return say("population/bounds_note", survey.language, kind=here.kind, size=here.size)


def numbers(survey: Survey) -> Table | NotAvailable:
    """Median, quartiles and range of every numeric question; median of each item of a battery."""
    rows = []
    for question in shown_questions(survey):
        if question.type not in shown.MEASURED:
            continue
        counted = shown.frequency(survey, question)
        if question.type == "battery" and protects(survey, question):
            continue  # its figure has the means that this edition may show
        for label, median, n in _medians(survey, question, counted):
            values = (
                {tables.STATISTICS[survey.language][0]: round(median, 2)}
                if question.type == "battery"
                else counted.frame["value"].round(2).to_dict()
            )
            rows.append({survey.pick("設問", "question"): label, "n": n, **values})
    if not rows:
        return absent(survey, "numbers", "数値の設問がない。", "No numeric question.")
    return survey.gallery.table(
        pd.DataFrame(rows),
        "numbers",
        title=survey.pick("数値の設問", "Numeric questions"),
        n=survey.n,
        notes=[
            survey.pick("nは回答した団体。", "n: municipalities that answered."),
            *_rounding_note(survey),
        ],
    )


def _rounding_note(survey: Survey) -> list[str]:
    if not any(protects(survey, question) for question in survey.codebook):
        return []
    return [
        survey.pick(
            "個々の回答が分からないよう、有効数字2桁に丸め、最小・最大・平均と、上下のどちらかに"
            "3団体以上ない値は載せない。",
            "So that no single answer can be told: two digits, no least, greatest or mean, and no "
            "value with fewer than three municipalities on either side.",
        )
    ]


def _medians(
    survey: Survey, question: Question, counted: tables.Counted
) -> list[tuple[str, float, int]]:
    """A number's label, median and n; of a battery those of each item."""
    name, frame = f"{question.id} {question.label[survey.language]}", counted.frame
    if question.type == "battery":
        lines = zip(frame.index, frame["median"], frame["count"], strict=True)
        return [(f"{name} — {item}", float(median), int(n)) for item, median, n in lines]
    unit = tables.unit_of(question, survey.language)
    return [(f"{name}{unit}", float(frame["value"].iloc[0]), counted.n)]


def _groups(survey: Survey, by: str, name: str) -> pd.Series | NotAvailable:
    """The breakdown, unless this wave lacks it."""
    groups = survey.by(by)
    if groups is None or groups.dropna().astype(str).eq("").all():
        return absent(survey, name, "この調査には区分がない。", "This wave lacks the breakdown.")
    return groups


def cross_numbers(survey: Survey, by: str) -> Table | NotAvailable:
    """Every numeric question, and each item of a battery, by a breakdown: the median and its n."""
    groups = _groups(survey, by, "cross_numbers")
    if isinstance(groups, NotAvailable):
        return groups
    lines: dict[str, dict[str, str]] = {}
    for question in shown_questions(survey):
        if question.type not in shown.MEASURED or protects(survey, question):
            continue
        for group, counted in tables.by_group(
            survey.responses, survey.status, question, groups, survey.language
        ):
            for label, median, n in _medians(survey, question, counted):
                lines.setdefault(label, {})[str(group)] = (
                    f"{digits(median)} (n={n:,})" if n else shown.HIDDEN
                )
    if not lines:
        return absent(
            survey,
            "cross_numbers",
            "区分ごとに示せる数値の設問がない。",
            "No number may be shown by the breakdown.",
        )
    return survey.gallery.table(
        pd.DataFrame(lines).T.reset_index(names=survey.pick("設問", "question")),
        "cross_numbers",
        title=survey.pick(
            f"数値・段階の中央値（{_named(survey, by)}別）",
            f"Medians of numbers and scales by {_named(survey, by)}",
        ),
        n=survey.n,
        notes=[
            survey.pick(
                "各欄は「中央値（n）」。nは各区分で対象となり回答した団体。",
                "Each cell: median (n), n being those asked and answering in the group.",
            )
        ],
    )


def cross(survey: Survey, by: str) -> Table | NotAvailable:
    """Every question by a breakdown: share in each group, its n in the heading."""
    groups = _groups(survey, by, "cross")
    if isinstance(groups, NotAvailable):
        return groups
    rows = []
    for question in shown_questions(survey):
        same = question.id == by or question.identity == by
        if question.type not in COUNTED or same:
            continue
        crossed = shown.cross(survey, question, groups)
        for label, line in crossed.counts.dropna().iterrows():
            name = f"{question.id} {question.label[survey.language]}"
            row: dict[str, Any] = {
                survey.pick("設問", "question"): name,
                survey.pick("回答", "answer"): label,
            }
            row |= {str(g): cell(c, int(crossed.n[g])) for g, c in line.items()}
            rows.append(row)
    if not rows:
        return absent(
            survey,
            "cross",
            "回答が少なく、区分ごとに分けると個々の団体の回答が分かるため、この版で区分別に示せる設問はない。",
            "No question may be broken down in this edition: with so few replies that would tell "
            "single answers.",
        )
    return survey.gallery.table(
        pd.DataFrame(rows),
        "cross",
        title=survey.pick(f"クロス集計（{_named(survey, by)}別）", f"By {_named(survey, by)}"),
        n=survey.n,
        notes=[
            survey.pick(
                "各欄は「割合％（団体数／分母）」。分母は各区分で対象となり回答した団体。",
                "Each cell: share (count / denominator) of those asked and answering in the group.",
            ),
            *shown.note(survey),
        ],
    )


def _named(survey: Survey, by: str) -> str:
    """What a breakdown is called."""
    known = {
        "size_class": survey.pick("規模区分", "size class"),
        "type": survey.pick("類型", "type"),
        "prefecture": survey.pick("都道府県", "prefecture"),
    }
    return known.get(by) or survey.question(by).label[survey.language]


def sections(survey: Survey) -> None:
    """A figure for each question, section by section; the key one is of the first outcome."""
    key = next((f"q_{q.id}" for q in survey.codebook.with_role("outcome")), "")
    for section in survey.codebook.sections:
        here = [q for q in shown_questions(survey) if q.section == section.id]
        drawn = [made for q in here if isinstance(made := one_question.figure(survey, q), Figure)]
        if drawn:
            display(Prose(f"### {escape(section.text[survey.language])}"))
            for made in drawn:
                display(replace(made, key=made.name == key))


def free_text(survey: Survey) -> Prose:
    """What was written freely, by topic of the discussion; in the internal edition only.

    A text stands under every topic whose words it holds (`words` in data/visit_topics.yml), else
    under "others": words, not a reader's judgement, so that the list is the same for everyone.
    """
    if survey.audience != "internal":
        return prose(
            survey, "自由記述はこの版には載せない。", "Free text is not part of this edition."
        )
    lines = []
    for question in (q for q in survey.codebook if q.free):
        values = survey.responses[question.id][survey.status[question.id] == "answered"]
        lines.append(f"**{escape(question.label[survey.language])}** (n = {len(values):,})\n")
        for theme, codes in _themes(survey, values).items():
            lines.append(f"- **{escape(theme)}** ({len(codes):,})")
            lines += [
                f"    - {escape(values[code])} — {escape(survey.names.get(code, code))}"
                for code in codes
            ]
        lines.append("")
    return Prose(
        "\n".join(lines) or survey.pick("自由記述の設問はない。", "There is no free-text question.")
    )


def _themes(survey: Survey, values: pd.Series) -> dict[str, list[str]]:
    """Topic -> the municipalities whose text holds one of its words; then the others."""
    found: dict[str, list[str]] = {}
    for topic in guide().topics:
        codes = [c for c, text in values.items() if any(w in str(text) for w in topic.words)]
        if codes:
            found[topic.text[survey.language]] = codes
    named = {code for codes in found.values() for code in codes}
    if rest := [code for code in values.index if code not in named]:
        found[survey.pick("その他", "others")] = rest
    return found


def _base(survey: Survey, counted: tables.Counted) -> str:
    """What a share is of."""
    if not counted.multiple:
        return f"n = {counted.n:,}"
    return survey.pick(f"複数回答、n = {counted.n:,}", f"multiple answers, n = {counted.n:,}")


def _missing(survey: Survey, counted: tables.Counted) -> str:
    labels = survey.labels("status")
    return ", ".join(f"{labels[k]} {v:,}" for k, v in counted.missing.items())
