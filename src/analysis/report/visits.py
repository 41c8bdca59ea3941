"""05_site_visits: what to ask where, the record sheet, and what was heard."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis import paths, visit_forms
from analysis import visits as guidebook
from analysis.errors import InputError
from analysis.municipality import given
from analysis.outputs import Answer, NotAvailable, Prose, escape
from analysis.report import types
from analysis.report.shown import absent, kept_back, prose, protects
from analysis.survey import Survey
from analysis.text import Text
from analysis.typology.study import Typology
from analysis.visits import Group, Remark, guide

MOST = 4  # remarks of a topic that the list shows; the table has all
CITIES = 5  # paragons that are proposed for a visit
KINDS = {
    "contradictory": Text(ja="食い違い", en="at odds"),
    "missing": Text(ja="欠けている", en="missing"),
    "unusual": Text(ja="珍しい", en="unusual"),
    "doubtful": Text(ja="疑わしい", en="doubtful"),
}


@dataclass(frozen=True)
class Chosen:
    """The cities to visit (code -> name), what to ask there, and whom they are compared with."""

    cities: dict[str, str]
    remarks: dict[str, list[Remark]]
    groups: dict[str, list[Group]]
    kin: str  # what the others of a city's type are called
    why: str


def choose(
    survey: Survey, codes: str | int, found: Typology | NotAvailable
) -> Chosen | NotAvailable:
    """The cities named in `codes`; else those that the working group visits, or the paragons.

    Of a wave with invented data nobody real can be visited: there the paragon of each type stands
    in, which are the municipalities to learn most of their type from.
    """
    if survey.codebook.id not in guide().topics[0].questions:
        return absent(
            survey,
            "guide",
            f"この調査のコードブック（{survey.codebook.id}）には、現地調査の論点が定められていない。",
            f"No topics of a visit are set for the codebook of this wave ({survey.codebook.id}).",
        )
    if protects(survey):
        return absent(
            survey,
            "guide",
            "個々の団体の回答を示すため、公開版には載せない。",
            "Not in the public edition: it shows the answers of single municipalities.",
        )
    picked, why = _picked(survey, codes, found)
    cities = {code: str(survey.names[code]) for code in picked}
    groups = {code: _groups(survey, code, found) for code in picked}
    said = {code: _remarks(survey, code, groups[code]) for code in picked}
    return Chosen(cities, said, groups, types.kin_word(survey, found), why)


def _picked(
    survey: Survey, codes: str | int, found: Typology | NotAvailable
) -> tuple[list[str], str]:
    listed = str(codes).replace("、", ",").replace(" ", ",").split(",")
    asked = [given(code) for code in listed if code]
    replied = survey.responses.index
    for code in asked:
        if code not in replied:
            raise InputError(
                f"{code!r} did not reply in this wave",
                hint="give codes of six digits, separated by commas",
            )
    if asked:
        return list(dict.fromkeys(asked)), survey.pick("指定された団体", "as asked for")
    planned = [c for c in guide().visits.get(survey.codebook.id, ()) if c in replied]
    if planned and not survey.wave.invented:
        return planned, survey.pick("研究会の訪問先", "the working group's choice")
    if not isinstance(found, NotAvailable):
        why = survey.pick("各類型の典型", "the paragon of each type")
        return list(found.paragons.values())[:CITIES], why
    return list(replied[:3]), survey.pick("最初の3団体", "the first three")


def _groups(survey: Survey, code: str, found: Typology | NotAvailable) -> list[Group]:
    groups = []
    if not isinstance(found, NotAvailable) and found.labels.get(code, 0) in found.names:
        kind = int(found.labels[code])
        members = found.labels.index[found.labels == kind]
        word, name = types.group_word(found), found.names[kind]
        label = Text(ja=f"{word.ja}「{kind} {name['ja']}」", en=f"{word.en} {kind} {name['en']}")
        groups.append(Group(list(members), label))
    classes = survey.size_class
    if pd.notna(classes[code]):
        mates = classes.index[(classes == classes[code]).to_numpy(bool)]
        size = str(classes[code])
        groups.append(Group(list(mates), Text(ja=size, en=f"the class “{size}”")))
    groups.append(Group(list(survey.responses.index), Text(ja="全体", en="all municipalities")))
    return groups


def _remarks(survey: Survey, code: str, groups: list[Group]) -> list[Remark]:
    responses, status = survey.responses, survey.status
    shown = responses.drop(columns=kept_back(survey))
    found = guidebook.remarks(code, shown, status, survey.codebook, groups)
    if survey.audience == "internal":
        found += _doubts(survey, code)
    rank = {kind: at for at, kind in enumerate(KINDS)}
    return sorted(found, key=lambda remark: (remark.topic, rank[remark.kind]))


def _doubts(survey: Survey, code: str) -> list[Remark]:
    """What cleaning doubts in the answers of a city."""
    topic_of = {
        id: topic.id for topic in guide().topics for id in topic.questions[survey.codebook.id]
    }
    mine = survey.findings[
        (survey.findings["code"] == code) & (survey.findings["severity"] == "doubtful")
    ]
    asked = {**survey.codebook.question_of, **{q.id: q for q in survey.codebook}}
    return [
        Remark(topic_of[id], id, "doubtful", Text(ja=row.ja, en=row.en))
        for row in mine.itertuples()
        if row.question in asked and (id := asked[row.question].id) in topic_of
    ]


def answer(survey: Survey, chosen: Chosen | NotAvailable) -> Answer:
    """Where to go, and how much there is to ask."""
    if isinstance(chosen, NotAvailable):
        return Answer(chosen.reason)
    names = survey.pick("、", ", ").join(chosen.cities.values())
    every = [r for said in chosen.remarks.values() for r in said]
    counts = survey.pick("、", ", ").join(
        f"{KINDS[kind][survey.language]} {n}"
        for kind in KINDS
        if (n := sum(r.kind == kind for r in every))
    )
    return Answer(
        survey.pick(
            f"訪問先の{names}（{chosen.why}）の回答から、現地で確かめたいことが{len(every)}件"
            f"見つかった（{counts or 'なし'}）。",
            f"{len(every)} things in the answers of {names} ({chosen.why}) are worth asking about "
            f"on a visit ({counts or 'none'}).",
        ),
        about=names,
    )


def common(survey: Survey) -> Prose:
    """What is asked everywhere, topic by topic."""
    lines = []
    for topic in guide().topics:
        lines.append(f"**{topic.id}. {topic.text[survey.language]}**\n")
        lines += [f"- {question[survey.language]}" for question in topic.ask]
        if topic.evidence.en != "none":
            seen, odds = topic.evidence[survey.language], topic.contradicts[survey.language]
            lines.append(
                survey.pick(
                    f"- 見せてもらう資料：{seen}。食い違いの例：{odds}",
                    f"- Evidence to ask for: {seen}. What would contradict: {odds}",
                )
            )
        lines.append("")
    return Prose("\n".join(lines))


def to_ask(survey: Survey, chosen: Chosen | NotAvailable) -> Prose:
    """City by city, what its own answers make worth asking."""
    if isinstance(chosen, NotAvailable):
        return Prose(chosen.reason)
    lines = []
    for code, name in chosen.cities.items():
        where = chosen.groups[code][0].name[survey.language]
        lines.append(f"### {escape(name)}\n")
        lines.append(survey.pick(f"比べる相手：{escape(where)}\n", f"Beside: {escape(where)}\n"))
        for topic in guide().topics:
            said = _lines(survey, chosen, code, topic.id)
            if said:
                lines.append(f"**{topic.id}. {topic.text[survey.language]}**\n")
                lines += [f"- {escape(line)}" for line in said] + [""]
        if not chosen.remarks[code]:
            lines.append(survey.pick("回答に目立つ点はない。", "Nothing stands out.") + "\n")
    return Prose("\n".join(lines))


def _lines(survey: Survey, chosen: Chosen, code: str, topic: int) -> list[str]:
    """The remarks of a topic in words, and what is published of the city."""
    mine = [r for r in chosen.remarks[code] if r.topic == topic]
    lines = [_sentence(survey, remark) for remark in mine[:MOST]]
    if len(mine) > MOST:
        rest = len(mine) - MOST
        lines.append(survey.pick(f"ほか{rest}件（下の表）", f"{rest} more, see the table below"))
    for fact in guide().facts.get(code, ()) if not survey.wave.invented else ():
        if fact.topic == topic:
            text = survey.pick(fact.ja, fact.en)
            lines.append(
                survey.pick(f"公表資料：{text}", f"Published: {text}") + f" [{fact.source}]"
            )
    return lines


def _sentence(survey: Survey, remark: Remark) -> str:
    kind, text = KINDS[remark.kind][survey.language], remark.text[survey.language]
    if remark.kind == "contradictory":
        return survey.pick(f"【{kind}】{text}", f"({kind}) {text}")
    label = survey.codebook[remark.question].label[survey.language]
    return survey.pick(f"【{kind}】{label}：{text}", f"({kind}) {label}: {text}")


def record_sheet(survey: Survey, chosen: Chosen | NotAvailable) -> Prose:
    """Write the record sheet and say where it lies and how it comes back."""
    if isinstance(chosen, NotAvailable):
        return Prose(chosen.reason)
    known = {
        (code, topic.id): "\n".join(f"・{line}" for line in _lines(survey, chosen, code, topic.id))
        for code in chosen.cities
        for topic in guide().topics
    }
    content = visit_forms.form(chosen.cities, known, survey.source, survey.language)
    paths.write_atomic(survey.output / "tables" / "guide.xlsx", content)
    back = f"data/raw/{survey.wave.name}/visits/"
    return prose(
        survey,
        "[記録票（Excel）](tables/guide.xlsx)に、団体ごとに1枚のシートがある。"
        f"記入したファイルを `{back}` に置いて再実行すると、次の表に取り込まれる。"
        "応対者は氏名ではなく職名で記す。",
        "The [record sheet (Excel)](tables/guide.xlsx) has a sheet for each municipality. Put "
        f"the filled-in file into `{back}` and run again: the table below takes it up. Hosts "
        "are recorded by post, not by name.",
    )


def cases(survey: Survey) -> Prose:
    """The cases that the working group heard of, with their source."""
    lines = []
    for case in guidebook.cases():
        if protects(survey) and not case.public:
            continue
        source = case.source[survey.language]
        lines.append(f"### {escape(case.city)}\n\n{case.body[survey.language]}\n")
        lines.append(
            survey.pick(
                f"出典：{escape(source)}、{case.date}", f"Source: {escape(source)}, {case.date}"
            )
            + "\n"
        )
    none = survey.pick("事例のメモはない。", "There are no case notes.")
    return Prose("\n".join(lines) or none)
