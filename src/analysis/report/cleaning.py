"""01_clean: what came in, what was repaired, what to ask whom."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from analysis import disclosure
from analysis.findings import SEVERITY_LABELS
from analysis.outputs import Answer, NotAvailable, Prose, Table, escape
from analysis.report.shown import HIDDEN, absent, protects
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
NAMED = 10  # files or municipalities up to which a sentence names each
OFFICE = Text(ja="（事務局で確認）", en="(for the researchers)")
IDENTITY = {
    "code": Text(ja="団体コード", en="code"),
    "name": Text(ja="団体名", en="name"),
    "prefecture": Text(ja="都道府県", en="prefecture"),
}


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
        share, more = f"{survey.replied / asked:.1%}", survey.n - survey.replied
        came = survey.pick(
            f"{asked:,}団体のうち{survey.replied:,}団体",
            f"{survey.replied:,} of {asked:,} municipalities",
        )
        rate = survey.pick(f"（回収率{share}）", f" (response rate {share})")
        if more:
            rate += survey.pick(
                f"と、依頼先でない{more:,}団体の回答", f", and of {more:,} that nobody asked"
            )
    return Answer(
        survey.pick(
            f"{came}の{of or '回答'}{rate}について、{cells:,}セルをすべて台帳に記録した"
            f"（補正{repaired:,}件、要確認{doubtful:,}件、不採用{refused:,}件）。",
            f"{of or 'The replies'} of {came}{rate}: all {cells:,} cells are accounted for; "
            f"{repaired:,} repaired, {doubtful:,} doubtful, {refused:,} refused.",
        )
    )


def arrived(survey: Survey) -> Prose:
    """Which files came, and who did not reply."""
    files = list(dict.fromkeys(name for name in survey.ledger.counts["file"] if name))
    text = ""
    if files:  # only in the edition that may name them
        inside = Counter(name.rpartition("/")[0] or name for name in files)
        named = [
            survey.pick(f"{place}の{n:,}ファイル", f"{n:,} in {place}") if n > 1 else place
            for place, n in inside.items()
        ]
        text = survey.pick(
            f"届いたファイルは{len(files):,}つ（{_some(survey, named)}）。",
            f"Files received: {len(files):,} ({_some(survey, named)}). ",
        )
    silent = survey.register.loc[~survey.register["replied"].astype(bool), "name"]
    if len(silent) and not survey.wave.named:
        who = "" if protects(survey) else _some(survey, silent.tolist())
        text += survey.pick(
            f"回答のない団体は{len(silent):,}団体{f'（{who}）' if who else ''}。",
            f"Without a reply: {len(silent):,}{f' ({who})' if who else ''}.",
        )
    whole = survey.pick(f"{survey.n:,}団体分が届いた。", f"All {survey.n:,} are there.")
    return Prose(text or whole)


def _some(survey: Survey, names: list[str]) -> str:
    """The first names, and how many more there are."""
    listed = survey.pick("、", ", ").join(escape(name) for name in names[:NAMED])
    more = len(names) - NAMED
    return listed + (survey.pick(f"ほか{more:,}", f" and {more:,} more") if more > 0 else "")


def ledger(survey: Survey) -> Table:
    """Where every cell of every file ended."""
    cells = survey.ledger
    if protects(survey):  # how many were not asked is an answer, too
        cells = cells.without_kinds()
    return survey.gallery.table(
        cells.table(survey.language),
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
    groups = found.groupby(["rule", "severity"], sort=True, observed=True)
    kinds = list(SEVERITY_LABELS)
    for (rule, severity), group in sorted(
        groups, key=lambda one: (kinds.index(one[0][1]), -len(one[1]))
    ):
        row: dict[str, object] = {
            survey.pick("規則", "rule"): RULES[rule].title[survey.language],
            survey.pick("扱い", "treatment"): SEVERITY_LABELS[severity][survey.language],
            survey.pick("件数", "findings"): len(group),
            survey.pick("団体数", "municipalities"): group["code"].replace("", None).nunique(),
        }
        if survey.audience == "internal":
            first = group.iloc[0]
            value = survey.pick("選択あり", "ticked") if rule == "tick" else first["value"]
            taken = f" → {value}" if value else ""
            row[survey.pick("例", "example")] = f"{first['raw']}{taken}"
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
        notes=[
            survey.pick(
                "nは指摘の件数。補正は意味の明らかなもの、要確認は値を採りつつ（または集計から除いて）"
                "確かめたいもの、不採用は値にしなかったもの。一つのセルに二つの指摘があることもある。",
                "n is the number of findings. Repaired: the meaning was never in doubt; doubtful: "
                "taken (or left out), to be confirmed; refused: no value. A cell can have two.",
            )
        ],
    )


def _without_small(survey: Survey, frame: pd.DataFrame) -> pd.DataFrame:
    """Rules that were met once or twice, put together by treatment."""
    rule, treatment, findings, places = frame.columns[:4]
    lost = frame[places] < disclosure.SMALLEST
    for _, part in frame.groupby(treatment, sort=False):
        if lost[part.index].sum() == 1:  # alone it would be what the sum leaves of the others
            lost.loc[part.index[~lost[part.index]][-1:]] = True
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
        # a later reply stands far below in the file, yet its municipality is asked once
        order = dict.fromkeys(asked["name"])
        order.pop("", None)
        place = {name: i for i, name in enumerate([*order, ""])}
        asked = asked.sort_values("name", key=lambda name: name.map(place), kind="stable")
        frame = pd.DataFrame(
            {
                # a row of its own, or it would read as the municipality's above it
                survey.pick("団体", "municipality"): asked["name"].replace(
                    "", OFFICE[survey.language]
                ),
                survey.pick("設問", "question"): [_question(survey, q) for q in asked["question"]],
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
                question=[
                    _question(survey, q) or survey.pick("（設問外）", "(none)")
                    for q in asked["question"]
                ],
                code=asked["code"].replace("", None),  # a heading is no municipality's
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


def _question(survey: Survey, name: str) -> str:
    """A question, option or item by its id and its words."""
    if name in IDENTITY and name not in survey.codebook:
        return IDENTITY[name][survey.language]
    label = survey.codebook.label(name) if name in survey.codebook.question_of else None
    if label is None and name in survey.codebook:
        label = survey.codebook[name].label
    return f"{name} {label[survey.language]}" if label else name
