"""01_clean: what came in, what was repaired, what to ask whom, which answers are missing."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from analysis.cleaning.findings import SEVERITIES
from analysis.cleaning.rules import RULES
from analysis.codebook.model import STATUSES
from analysis.edition import HIDDEN, protects, shown_questions
from analysis.figures import plots
from analysis.show import Answer, Figure, NotAvailable, Prose, Table
from analysis.stats import disclosure, tabulate
from analysis.survey import Survey

NAMED = 10  # files or municipalities up to which a sentence names each
SHOWN_ONE_BY_ONE = 40  # respondents up to which a figure can show each


def answer(survey: Survey) -> Answer:
    """The one sentence of the page."""
    counts = survey.findings["severity"].value_counts()
    sentence = survey.say(
        "cleaning/answer",
        n=survey.n,
        # nobody replied to a published table
        asked=None if survey.wave.named else survey.invited or None,
        replied=survey.replied,
        published=survey.wave.named,
        cells=survey.ledger.received,
        **{kind: int(counts.get(kind, 0)) for kind in SEVERITIES},
    )
    return Answer(sentence)


def arrived(survey: Survey) -> Prose:
    """Which files came (in the edition that may name them), and who did not reply."""
    files = list(dict.fromkeys(name for name in survey.ledger.counts["file"] if name))
    inside = Counter(name.rpartition("/")[0] or name for name in files)
    named = [
        survey.say("cleaning/files_in", place=place, n=n) if n > 1 else place
        for place, n in inside.items()
    ]
    silent = survey.register.loc[~survey.register["replied"].astype(bool), "name"].tolist()
    if survey.wave.named:
        silent = []
    sentence = survey.say(
        "cleaning/arrived",
        n=survey.n,
        files=len(files),
        listed_files=_some(survey, named),
        silent=len(silent),
        listed_silent="" if protects(survey) else _some(survey, silent),
    )
    return Prose(sentence)


def _some(survey: Survey, names: list[str]) -> str:
    """The first names, and how many more there are."""
    return survey.say("cleaning/listed", names=names[:NAMED], more=max(0, len(names) - NAMED))


def ledger(survey: Survey) -> Table:
    """Where every cell of every file ended."""
    cells = survey.ledger
    if protects(survey):  # how many were not asked is an answer, too
        cells = cells.without_kinds()
    return survey.gallery.table(
        cells.table(survey.language),
        "ledger",
        title=survey.label("cleaning.ledger"),
        n=survey.ledger.received,
        notes=[survey.label("cleaning.cells")],
    )


def repairs(survey: Survey) -> Table | NotAvailable:
    """Findings by rule, with an example of each where the audience may see it."""
    found = survey.findings
    if found.empty:
        return NotAvailable("repairs", survey.label("cleaning.no_findings"))
    rows = []
    groups = found.groupby(["rule", "severity"], sort=True, observed=True)
    for (rule, severity), group in sorted(
        groups, key=lambda one: (SEVERITIES.index(one[0][1]), -len(one[1]))
    ):
        row: dict[str, object] = {
            "rule": RULES[rule].title[survey.language],
            "treatment": survey.label(f"severity.{severity}"),
            "findings": len(group),
            "municipalities": group["code"].replace("", None).nunique(),
        }
        if survey.audience == "internal":
            first = group.iloc[0]
            value = survey.label("cleaning.ticked") if rule == "tick" else first["value"]
            row["example"] = f"{first['raw']}{f' → {value}' if value else ''}"
            row["place"] = f"{first['sheet']} {first['cell']}".strip()
        rows.append(row)
    frame = pd.DataFrame(rows)
    if protects(survey):
        frame = _without_small(survey, frame)
    return survey.gallery.table(
        frame.rename(columns=survey.labels("column")),
        "repairs",
        title=survey.label("cleaning.repairs"),
        n=len(found),
        notes=[survey.label("cleaning.severities")],
    )


def _without_small(survey: Survey, frame: pd.DataFrame) -> pd.DataFrame:
    """Rules that were met once or twice, put together by treatment."""
    lost = frame["municipalities"] < disclosure.SMALLEST
    for _, part in frame.groupby("treatment", sort=False):
        if lost[part.index].sum() == 1:  # alone it would be what the sum leaves of the others
            lost.loc[part.index[~lost[part.index]][-1:]] = True
    rest = frame[lost].groupby("treatment", sort=False)["findings"].sum().reset_index()
    rest["rule"], rest["municipalities"] = survey.label("cleaning.other_rules"), HIDDEN
    kept = frame[~lost].astype({"municipalities": object})
    return pd.concat([kept, rest])[list(frame.columns)]


def to_ask(survey: Survey) -> Table | NotAvailable:
    """Doubtful and refused answers: cell by cell inside, as counts for the committee."""
    if protects(survey):
        return NotAvailable("to_ask", survey.label("cleaning.to_ask_public"))
    asked = survey.findings[survey.findings["severity"].isin(["doubtful", "refused"])]
    if asked.empty:
        return NotAvailable("to_ask", survey.label("cleaning.no_findings"))
    frame = _each(survey, asked) if survey.audience == "internal" else _counted(survey, asked)
    return survey.gallery.table(
        frame.rename(columns=survey.labels("column")),
        "to_ask",
        title=survey.label("cleaning.to_ask"),
        n=len(asked),
        notes=[survey.label("cleaning.to_ask_note")],
    )


def _each(survey: Survey, asked: pd.DataFrame) -> pd.DataFrame:
    """One row a finding, those of a municipality together.

    A later reply stands far below in the file, yet its municipality is asked once. What belongs to
    no municipality comes last, or it would read as the one's above it.
    """
    order = dict.fromkeys(asked["name"])
    order.pop("", None)
    place = {name: i for i, name in enumerate([*order, ""])}
    asked = asked.sort_values("name", key=lambda name: name.map(place), kind="stable")
    return pd.DataFrame(
        {
            "municipality": asked["name"].replace("", survey.label("cleaning.office")),
            "question": [_question(survey, q) for q in asked["question"]],
            "treatment": asked["severity"].map(survey.labels("severity")),
            "raw": asked["raw"],
            "to_confirm": asked[survey.language],
            "place": asked["sheet"] + " " + asked["cell"],
        }
    )


def _counted(survey: Survey, asked: pd.DataFrame) -> pd.DataFrame:
    """One row a question: findings and municipalities."""
    none = survey.label("cleaning.no_question")
    named = [_question(survey, question) or none for question in asked["question"]]
    codes = asked["code"].replace("", None)  # a heading is no municipality's
    grouped = asked.assign(question=named, code=codes).groupby("question", observed=True)["code"]
    return grouped.agg(findings="size", municipalities="nunique").reset_index()


def _question(survey: Survey, name: str) -> str:
    """A question, option or item by its id and its words."""
    identity = survey.labels("identity")
    if name in identity and name not in survey.codebook:
        return identity[name]
    label = survey.codebook.label(name) if name in survey.codebook.question_of else None
    if label is None and name in survey.codebook:
        label = survey.codebook[name].label
    return f"{name} {label[survey.language]}" if label else name


# --- missing answers ----------------------------------------------------------------------------


def _states(survey: Survey) -> pd.DataFrame:
    """The status of each question (rows) for each respondent; a battery's is its most frequent."""
    rows = {}
    for question in survey.codebook:
        if question.role == "id" or question.variables[0] not in survey.status:
            continue
        parts = survey.status[list(question.variables)]
        one = parts.mode(axis=1)[0] if question.type == "battery" else parts.iloc[:, 0]
        rows[f"{question.id} {question.label[survey.language]}"] = one
    return pd.DataFrame(rows).T


def _shares(survey: Survey) -> pd.DataFrame:
    """Per question, how many respondents are in each status."""
    states = _states(survey)
    return pd.DataFrame({kind: (states == kind).sum(axis=1) for kind in STATUSES})


def missingness(survey: Survey) -> Figure:
    """Which questions lack answers, the kinds of missing kept apart."""
    if protects(survey):
        return _answered(survey)
    counts, labels = _shares(survey), survey.labels("status")
    shown = counts.rename(columns=labels)
    one_by_one = survey.n <= SHOWN_ONE_BY_ONE and survey.audience == "internal"
    if one_by_one:
        kinds = pd.CategoricalDtype(list(labels.values()))
        matrix = _states(survey).apply(lambda column: column.map(labels).astype(kinds))
        asked = survey.n - counts[["not_applicable", "not_surveyed"]].sum(axis=1)
        matrix.index = [
            f"{name} {answered}/{of}"
            for name, answered, of in zip(matrix.index, counts["answered"], asked, strict=True)
        ]
        ax = plots.plot_missing(matrix.rename(columns=survey.names), language=survey.language)
        if survey.names.str.fullmatch(r"\d+").all():  # places whose names nobody gave
            ax.set_xlabel(survey.label("identity.code"))
    else:
        ax = plots.plot_status(shown, language=survey.language)
    return survey.gallery.show(
        ax,
        "missingness",
        title=survey.label(f"cleaning.missingness{'_each' if one_by_one else ''}"),
        alt=survey.say(
            "cleaning/missingness_alt",
            n=survey.n,
            drawn="each" if one_by_one else "bars",
            worst=counts["no_answer"].idxmax(),
            most=int(counts["no_answer"].max()),
        ),
        n=survey.n,
        denominator=survey.label("cleaning.replied"),
        data=shown.reset_index(names=survey.label("column.question")),
        key=True,
    )


def _answered(survey: Survey) -> Figure:
    """How many answered each question; the kinds of missing would give small numbers away."""
    n = pd.Series(
        {
            f"{q.id} {q.label[survey.language]}": int(tabulate.answered(survey.status, q).sum())
            for q in shown_questions(survey)
        }
    )
    shown = pd.DataFrame({"answered": n, "not_answered": survey.n - n})
    shown = shown.rename(columns=survey.labels("column"))
    return survey.gallery.show(
        plots.plot_status(shown, language=survey.language),
        "missingness",
        title=survey.label("cleaning.answered"),
        alt=survey.say("cleaning/answered_alt", n=survey.n, fewest=n.idxmin(), least=int(n.min())),
        n=survey.n,
        denominator=survey.label("cleaning.replied"),
        data=shown.reset_index(names=survey.label("column.question")),
        key=True,
    )


def missing_words(survey: Survey) -> Prose:
    """What the figure says."""
    if protects(survey):  # how many were not asked is an answer, too
        asked = shown_questions(survey)
        there = sum(int(tabulate.answered(survey.status, q).sum()) for q in asked)
        said = survey.say(
            "cleaning/answers", questions=len(asked), there=there, of=survey.n * len(asked)
        )
        return Prose(said)
    counts = _shares(survey)
    total = {kind: int(n) for kind, n in counts.sum().items()}
    often = _most(counts["no_answer"])
    answered = total.pop("answered")
    sentence = survey.say(
        "cleaning/missing",
        asked=answered + total["no_answer"] + total["dont_know"] + total["unreadable"],
        often=often[often > 0].to_dict(),
        **total,
    )
    return Prose(sentence)


def _most(counts: pd.Series) -> pd.Series:
    """The three largest; where others equal the last of them, only those above it."""
    top = counts[counts > 0].nlargest(4)
    if len(top) < 4 or top.iloc[3] < top.iloc[2]:
        return top.head(3)
    return top[top > top.iloc[3]]
