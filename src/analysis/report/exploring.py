"""02_explore: what was answered, by whom, and beside the nation; one municipality in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import pandas as pd
from IPython.display import display

from analysis import edition, one_question
from analysis.codebook import national
from analysis.codebook.model import Question
from analysis.codebook.municipality import SIZE_CLASSES
from analysis.edition import COUNTED, absent, prose, protects, shown_questions
from analysis.figures import plots
from analysis.one_question import cell, written
from analysis.show import Answer, Figure, NotAvailable, Prose, Table
from analysis.stats import disclosure, population, tabulate
from analysis.stats.visits import guide
from analysis.survey import Survey
from analysis.text import escape, say
from analysis.typology.projection import representativeness

MANY = 2  # items of a battery, and options of a group, that a brief answer lists


class Subset(NamedTuple):
    """The answers of some municipalities, taken out once for all the questions that follow."""

    responses: pd.DataFrame
    status: pd.DataFrame

    @classmethod
    def of(cls, survey: Survey, codes: Sequence[str]) -> Subset:
        """The rows of these municipalities."""
        rows = survey.responses.index.get_indexer(list(codes))
        return cls(survey.responses.take(rows), survey.status.take(rows))


def own(survey: Survey, code: str, question: Question, *, brief: bool = False) -> str:
    """What it answered, or which kind of missing it is; `brief`: of a long battery the mean."""
    state = tabulate.state_of(survey.status, code, question)
    if state != "answered":
        return survey.label(f"status.{state}")
    said = pd.Series({v: survey.responses.at[code, v] for v in question.variables}, dtype=object)
    match question.type:
        case "multi":
            chosen = [
                option.text[survey.language]
                for option, v in zip(question.options, question.variables, strict=True)
                if pd.notna(said[v]) and said[v]
            ]
            return survey.label("answers.separator").join(chosen)
        case "battery" if brief and len(question.items) > MANY:
            return _mean(survey, said[list(question.variables)].dropna())
        case "battery":
            return " / ".join(
                f"{item.text[survey.language]} {said[item.id]}"
                for item in question.items
                if pd.notna(said[item.id])
            )
        case "single" | "ordinal" | "binary":
            return tabulate.labels_of(question, survey.language)[int(said[question.id])]
        case "date":
            return f"{said[question.id]:%Y-%m}"
    return number(float(said[question.id]), question, survey)


def number(value: float, question: Question, survey: Survey) -> str:
    """A number with its unit."""
    unit = question.unit[survey.language] if question.unit else ""
    said = digits(value)
    return f"{said}{unit}" if survey.language == "ja" else f"{said} {unit}".strip()


def digits(value: float) -> str:
    """A number in four digits, from a thousand whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def _mean(survey: Survey, values: pd.Series) -> str:
    mean = float(values.astype(float).mean())
    return survey.label("answers.mean", n=len(values), mean=mean)


def typical(survey: Survey, group: Subset, question: Question, *, brief: bool = False) -> str:
    """What a group of municipalities mostly says, with its n; `brief`: the most frequent only.

    Where several answers are equally frequent, none of them is singled out.
    """
    counted = tabulate.frequency(group.responses, group.status, question, survey.language)
    if counted.n == 0 or question.type in {"date", "text"}:
        return "—"
    frame, n = counted.frame, f" (n={counted.n:,})"
    match question.type:
        case "multi":
            often = frame[frame["share"] >= 0.5].sort_values(
                "share", ascending=False, kind="stable"
            )
            often = often.head(MANY) if brief else often
            said = [f"{label} {row['share']:.0%}" for label, row in often.iterrows()]
            listed = survey.label("answers.separator").join(said)
            return (listed or survey.label("answers.none_by_half")) + n
        case "battery" if brief and len(frame) > MANY:
            return _mean(survey, frame["mean"]) + n
        case "battery":
            return " / ".join(f"{label} {row['median']:g}" for label, row in frame.iterrows()) + n
        case "integer" | "ratio":
            return number(float(frame["value"].iloc[0]), question, survey) + n
    top = frame.index[frame["count"] == frame["count"].max()]
    if len(top) > (1 if brief else MANY):
        return survey.label("answers.differ" if brief else "answers.answers_differ") + n
    each = survey.label("answers.each") if len(top) > 1 else ""
    return f"{survey.label('answers.alike').join(top)}{each} {frame['share'].max():.0%}{n}"


def answer(survey: Survey) -> Answer:
    """How much there is to explore."""
    questions = shown_questions(survey)
    full = [q for q in questions if tabulate.answered(survey.status, q).sum() == survey.n]
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
        counted = edition.frequency(survey, question)
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
            *edition.note(survey),
        ],
    )


def _bounds(survey: Survey, question: Question, counted: tabulate.Counted) -> dict[str, str]:
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
        if question.type not in edition.MEASURED:
            continue
        counted = edition.frequency(survey, question)
        if question.type == "battery" and protects(survey, question):
            continue  # its figure has the means that this edition may show
        for label, median, n in _medians(survey, question, counted):
            values = (
                {tabulate.STATISTICS[survey.language][0]: round(median, 2)}
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
    survey: Survey, question: Question, counted: tabulate.Counted
) -> list[tuple[str, float, int]]:
    """A number's label, median and n; of a battery those of each item."""
    name, frame = f"{question.id} {question.label[survey.language]}", counted.frame
    if question.type == "battery":
        lines = zip(frame.index, frame["median"], frame["count"], strict=True)
        return [(f"{name} — {item}", float(median), int(n)) for item, median, n in lines]
    unit = tabulate.unit_of(question, survey.language)
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
        if question.type not in edition.MEASURED or protects(survey, question):
            continue
        for group, counted in tabulate.by_group(
            survey.responses, survey.status, question, groups, survey.language
        ):
            for label, median, n in _medians(survey, question, counted):
                lines.setdefault(label, {})[str(group)] = (
                    f"{digits(median)} (n={n:,})" if n else edition.HIDDEN
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
        crossed = edition.cross(survey, question, groups)
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
            *edition.note(survey),
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


def _base(survey: Survey, counted: tabulate.Counted) -> str:
    """What a share is of."""
    if not counted.multiple:
        return f"n = {counted.n:,}"
    return survey.pick(f"複数回答、n = {counted.n:,}", f"multiple answers, n = {counted.n:,}")


def _missing(survey: Survey, counted: tabulate.Counted) -> str:
    labels = survey.labels("status")
    return ", ".join(f"{labels[k]} {v:,}" for k, v in counted.missing.items())


def stands_for(survey: Survey) -> Prose:
    """What the numbers of the wave stand for, and what they do not."""
    return Prose(population.words(survey.population, survey.language))


def classes(survey: Survey) -> tuple[pd.DataFrame, float] | NotAvailable:
    """Size class -> replies and the nation on the wave's date; whether it could be a random draw.

    Not available where these are all municipalities, or where the edition would tell of single
    ones.
    """
    name, nation = "representation", national.size_classes(survey.wave.as_of)
    here = survey.register["size_class"].reindex(survey.responses.index)
    here = here[here.isin(nation.index)]
    if len(here) == nation.sum():
        return absent(
            survey,
            name,
            f"全国の{len(here):,}団体すべてのデータである。",
            f"These are all {len(here):,} municipalities.",
        )
    counts = here.value_counts().reindex(nation.index, fill_value=0).to_numpy(int)
    fit = disclosure.may_be_shown(counts, survey.codebook.disclosure.group)
    if here.empty or (protects(survey) and not fit.all()):
        return absent(
            survey,
            name,
            "区分ごとの回答数が少ないため示せない。",
            "Too few replies in each class to be shown.",
        )
    frame, p = representativeness(here, nation)
    return frame.rename(index=lambda kind: SIZE_CLASSES[kind][survey.language]), p


def representation(
    survey: Survey, compared: tuple[pd.DataFrame, float] | NotAvailable
) -> Figure | NotAvailable:
    """Respondents beside the national distribution by size class; `compared`: of `classes`."""
    if isinstance(compared, NotAvailable):
        return compared
    frame, _ = compared
    n, total = int(frame["count"].sum()), int(frame["national"].sum())
    ax = plots.plot_beside(frame, language=survey.language)
    return survey.gallery.show(
        ax,
        "representation",
        title=survey.pick(
            "回答団体と全国の規模区分", "Size classes of the respondents and the nation"
        ),
        alt=representation_words(survey, compared).markdown,
        n=n,
        denominator=survey.pick(
            f"回答団体、全国は{total:,}団体", f"replies; nation: {total:,} municipalities"
        ),
        data=frame.round(4).reset_index(names="size_class"),
    )


def representation_words(
    survey: Survey, compared: tuple[pd.DataFrame, float] | NotAvailable
) -> Prose:
    """What the figure says."""
    if isinstance(compared, NotAvailable):
        return Prose("")
    frame, p = compared
    n = int(frame["count"].sum())
    gap = frame["here"] - frame["nation"]
    most, least = gap.idxmax(), gap.idxmin()
    up, down = frame.loc[most], frame.loc[least]
    said = survey.pick(
        f"全国に比べて多いのは{most}（回答{up['here']:.0%}、全国{up['nation']:.0%}）、"
        f"少ないのは{least}（回答{down['here']:.0%}、全国{down['nation']:.0%}）。",
        f"More than in the nation: {most} ({up['here']:.0%} of the replies, {up['nation']:.0%} of "
        f"the nation); fewer: {least} ({down['here']:.0%}; nation {down['nation']:.0%}). ",
    )
    if survey.population.tests:
        said += survey.pick(
            f"回答団体は全国から無作為に選ばれたものではない（無作為なら、これほど偏る確率はp={p:.3f}）。",
            "The replies are no random draw from the nation (of a random one, a spread as uneven "
            f"would have p={p:.3f}). ",
        )
    return Prose(
        said
        + survey.pick(
            f"回答の割合をそのまま全国の割合とは読めない（n={n:,}）。",
            f"Shares of the replies are no national shares (n={n:,}).",
        )
    )
