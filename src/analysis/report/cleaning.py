"""01_clean: what came in, what was repaired, what to ask whom."""

from __future__ import annotations

import pandas as pd

from analysis import disclosure, plots, tables
from analysis.codebook import STATUSES
from analysis.findings import SEVERITY_LABELS
from analysis.outputs import Answer, Figure, NotAvailable, Prose, Table
from analysis.report.shown import HIDDEN, absent, protects, shown_questions
from analysis.rules import RULES
from analysis.survey import Survey
from analysis.text import Text

STATUS_LABELS = {
    "answered": Text(ja="回答あり", en="answered"),
    "no_answer": Text(ja="無回答", en="no answer"),
    "not_applicable": Text(ja="非該当", en="not applicable"),
    "dont_know": Text(ja="不明", en="does not know"),
    "not_surveyed": Text(ja="調査無し", en="not surveyed"),
    "unreadable": Text(ja="不採用", en="refused"),
}
SHOWN_ONE_BY_ONE = 40  # respondents up to which a figure can show each


def answer(survey: Survey) -> Answer:
    """The one sentence of the page."""
    counts = survey.findings["severity"].value_counts()
    repaired, doubtful, refused = (int(counts.get(kind, 0)) for kind in SEVERITY_LABELS)
    cells = survey.ledger.received
    asked = None if survey.wave.named else survey.invited  # nobody replied to a published table
    of = survey.pick("公表データ", "Published data") if survey.wave.named else ""
    came = survey.pick(f"{survey.n:,}団体", f"{survey.n:,} municipalities")
    rate = ""
    if asked:
        came = survey.pick(
            f"{asked:,}団体のうち{came}", f"{survey.n:,} of {asked:,} municipalities"
        )
        share = f"{survey.n / asked:.1%}"
        rate = survey.pick(f"（回収率{share}）", f" (response rate {share})")
    return Answer(
        survey.pick(
            f"{came}の{of or '回答'}{rate}、{cells:,}セルをすべて台帳に記録した"
            f"（補正{repaired:,}件、要確認{doubtful:,}件、不採用{refused:,}件）。",
            f"{of or 'The replies'} of {came}{rate}: all {cells:,} cells are accounted for; "
            f"{repaired:,} repaired, {doubtful:,} doubtful, {refused:,} refused.",
        )
    )


def ledger(survey: Survey) -> Table:
    """Where every cell of every file ended."""
    return survey.gallery.table(
        survey.ledger.table(survey.language),
        "ledger",
        title=survey.pick("台帳：受け取ったセルの行き先", "Ledger: where every cell ended"),
        n=survey.ledger.received,
        notes=[survey.pick("nは受け取ったセルの数。", "n is the number of cells received.")],
    )


def _nothing(survey: Survey, name: str) -> NotAvailable:
    """What stands in the place of a table of findings where there are none."""
    return absent(survey, name, "該当する指摘はない。", "There are no such findings.")


def repairs(survey: Survey) -> Table | NotAvailable:
    """Findings by rule, with an example of each where the audience may see it."""
    found = survey.findings
    if found.empty:
        return _nothing(survey, "repairs")
    rows = []
    for (rule, severity), group in found.groupby(["rule", "severity"], sort=True, observed=True):
        row: dict[str, object] = {
            survey.pick("規則", "rule"): RULES[rule].title[survey.language],
            survey.pick("扱い", "treatment"): SEVERITY_LABELS[severity][survey.language],
            survey.pick("件数", "findings"): len(group),
            survey.pick("団体数", "municipalities"): group["code"].replace("", None).nunique(),
        }
        if survey.audience == "internal":
            first = group.iloc[0]
            row[survey.pick("例", "example")] = f"{first['raw']} → {first['value']}"
            row[survey.pick("場所", "place")] = f"{first['sheet']} {first['cell']}".strip()
        rows.append(row)
    frame = pd.DataFrame(rows)
    if protects(survey):
        frame = _without_small(survey, frame)
    return survey.gallery.table(
        frame,
        "repairs",
        title=survey.pick("整理の規則ごとの件数", "Findings by rule of cleaning"),
        n=len(found),
        notes=[survey.pick("nは指摘の件数。", "n is the number of findings.")],
    )


def _without_small(survey: Survey, frame: pd.DataFrame) -> pd.DataFrame:
    """Rules that were met once or twice, put together by treatment."""
    rule, treatment, findings, places = frame.columns[:4]
    lost = frame[places] < disclosure.SMALLEST
    for _, part in frame.groupby(treatment, sort=False):
        lost.loc[part.index] |= disclosure.suppress(part[[findings]])[findings].isna()
    rest = frame[lost].groupby(treatment, sort=False)[findings].sum().reset_index()
    rest[rule] = survey.pick("その他の規則", "other rules")
    rest[places] = HIDDEN
    kept = frame[~lost].astype({places: object})
    return pd.concat([kept, rest])[list(frame.columns)]


def to_ask(survey: Survey) -> Table | NotAvailable:
    """Doubtful and refused answers: cell by cell inside, as counts for the committee."""
    if protects(survey):
        return absent(
            survey,
            "to_ask",
            "確認事項は調査者と回答団体の間のものであり、公開版には載せない。",
            "What to confirm is between the researchers and the respondents, not public.",
        )
    asked = survey.findings[survey.findings["severity"].isin(["doubtful", "refused"])]
    if asked.empty:
        return _nothing(survey, "to_ask")
    if survey.audience == "internal":
        frame = pd.DataFrame(
            {
                survey.pick("団体", "municipality"): asked["name"],
                survey.pick("設問", "question"): asked["question"],
                survey.pick("扱い", "treatment"): [
                    SEVERITY_LABELS[kind][survey.language] for kind in asked["severity"]
                ],
                survey.pick("原文", "raw text"): asked["raw"],
                survey.pick("確認したいこと", "what to confirm"): asked[survey.language],
                survey.pick("場所", "place"): asked["sheet"] + " " + asked["cell"],
            }
        )
    else:
        frame = (
            asked.assign(
                question=asked["question"].replace("", survey.pick("（設問外）", "(none)"))
            )
            .groupby("question", observed=True)["code"]
            .agg(["size", "nunique"])
            .reset_index()
            .set_axis(
                [
                    survey.pick("設問", "question"),
                    survey.pick("件数", "findings"),
                    survey.pick("団体数", "municipalities"),
                ],
                axis=1,
            )
        )
    return survey.gallery.table(
        frame,
        "to_ask",
        title=survey.pick("確認事項", "What to confirm"),
        n=len(asked),
        notes=[
            survey.pick(
                "要確認・不採用の指摘。団体ごとの照会票は workbench queries で作る。",
                "Doubtful and refused findings; workbench queries writes a sheet for each.",
            )
        ],
    )


def _states(survey: Survey) -> pd.DataFrame:
    """The status of each question (rows) for each respondent; a battery's is its most frequent."""
    rows = {
        f"{question.id} {question.label[survey.language]}": survey.status[
            list(question.variables)
        ].mode(axis=1)[0]
        if question.type == "battery"
        else survey.status[question.variables[0]]
        for question in survey.codebook
        if question.role != "id" and question.variables[0] in survey.status
    }
    return pd.DataFrame(rows).T


def _shares(survey: Survey) -> pd.DataFrame:
    """Per question, how many respondents are in each status."""
    states = _states(survey)
    return pd.DataFrame({kind: (states == kind).sum(axis=1) for kind in STATUSES})


def missingness(survey: Survey) -> Figure:
    """Which questions lack answers, the kinds of missing kept apart."""
    if protects(survey):
        return _answered(survey)
    counts = _shares(survey)
    labels = {kind: STATUS_LABELS[kind][survey.language] for kind in STATUSES}
    shown = counts.rename(columns=labels)
    if survey.n <= SHOWN_ONE_BY_ONE and survey.audience == "internal":
        kinds = pd.CategoricalDtype(list(labels.values()))
        matrix = _states(survey).apply(lambda column: column.map(labels).astype(kinds))
        ax = plots.plot_missing(matrix.rename(columns=survey.names), language=survey.language)
        drawn = survey.pick("各団体の回答状況を示す表", "the kind of answer of each municipality")
    else:
        ax = plots.plot_status(shown, language=survey.language)
        drawn = survey.pick("団体数を積み上げた棒グラフ", "stacked bars of how many answered")
    worst, most = counts["no_answer"].idxmax(), int(counts["no_answer"].max())
    least = survey.pick("無回答はない", "Nothing was left unanswered")
    if most:
        least = survey.pick(
            f"無回答が最も多いのは「{worst}」の{most}団体",
            f"Most without an answer: {worst}, {most}",
        )
    return survey.gallery.show(
        ax,
        "missingness",
        title=survey.pick("設問ごとの回答状況", "Answers and kinds of missing by question"),
        alt=survey.pick(
            f"設問ごとに、回答・無回答・非該当などの別に{drawn}。{least}（n={survey.n:,}）。",
            f"By question, {drawn}: answered, no answer, not applicable and other kinds. "
            f"{least} (n={survey.n:,}).",
        ),
        n=survey.n,
        denominator=survey.pick("回答団体", "municipalities that replied"),
        data=shown.reset_index(names=survey.pick("設問", "question")),
        key=True,
    )


def _answered(survey: Survey) -> Figure:
    """How many answered each question; the kinds of missing would give small numbers away."""
    n = pd.Series(
        {
            f"{q.id} {q.label[survey.language]}": int(tables.answered(survey.status, q).sum())
            for q in shown_questions(survey)
        }
    )
    shown = pd.DataFrame(
        {
            survey.pick("回答あり", "answered"): n,
            survey.pick("回答なし（非該当を含む）", "none (not applicable too)"): survey.n - n,
        }
    )
    return survey.gallery.show(
        plots.plot_status(shown, language=survey.language),
        "missingness",
        title=survey.pick("設問ごとの回答状況", "Answers by question"),
        alt=survey.pick(
            f"設問ごとに、回答した団体数の棒グラフ。最も少ないのは「{n.idxmin()}」の"
            f"{n.min():,}団体（n={survey.n:,}）。",
            f"Bars of how many answered each question; fewest: {n.idxmin()}, {n.min():,} of "
            f"{survey.n:,}.",
        ),
        n=survey.n,
        denominator=survey.pick("回答団体", "municipalities that replied"),
        data=shown.reset_index(names=survey.pick("設問", "question")),
        key=True,
    )


def missing_words(survey: Survey) -> Prose:
    """What the figure says."""
    counts = _shares(survey)
    total = counts.sum()
    asked = int(total.sum() - total["not_applicable"] - total["not_surveyed"])
    share = total["no_answer"] / asked if asked else 0.0
    top = counts["no_answer"].nlargest(3)
    if protects(survey):
        ids = {q.id for q in shown_questions(survey)}
        top = top[[name.split()[0] in ids for name in top.index]]
        top = top[top >= disclosure.SMALLEST]
    listed = survey.pick("、", ", ").join(
        survey.pick(f"{name}（{value}）", f"{name} ({value})")
        for name, value in top.items()
        if value
    )
    none, skipped, unasked = (
        int(total[kind]) for kind in ("no_answer", "not_applicable", "not_surveyed")
    )
    surveyed = survey.pick(f"と「調査無し」{unasked:,}問", f" and {unasked:,} not surveyed")
    text = survey.pick(
        f"問われた延べ{asked:,}問のうち無回答は{none:,}問（{share:.1%}）。分岐により問われなかった"
        f"「非該当」{skipped:,}問{surveyed if unasked else ''}は分母に含めない。",
        f"Of {asked:,} answers asked for, {none:,} ({share:.1%}) were not given. {skipped:,} that "
        f"the skip rules left out{surveyed if unasked else ''} are not in the denominator. ",
    )
    often = survey.pick(f"無回答の多い設問は、{listed}。", f"Most often missing: {listed}.")
    return Prose(text + often if listed else text)
