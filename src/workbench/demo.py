"""Invented replies with a known truth, as offices would send them: slips included.

They try the workbench, and measure what it can find. Every municipality is fictional. Each has a
latent type (its approach to staffing) and, independent of it, a latent strength of management,
which shows in the questions on management (Q28, Q29). Truth A: management drives the outcomes, the
type hardly does. Truth B: nothing drives them, so whatever an analysis finds there is noise. The
numbers of both are in ``data/simulate.yml``.
"""

from __future__ import annotations

import datetime as dt
import io
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import xlsxwriter

from analysis import paths
from analysis.codebook.model import Codebook
from analysis.codebook.municipality import check_digit
from analysis.codebook.questions import AMOUNTS, STATUSES, Question
from analysis.codebook.rules import Expression
from analysis.errors import localize, refusal
from analysis.text import LANGUAGES, label
from analysis.yaml_file import packaged, text_of
from workbench.run.record import one_at_a_time

TOWN = 6  # size class of towns and villages in the questionnaire
KNOWN: dict[str, Any] = packaged("simulate.yml", "workbench")


@dataclass(frozen=True)
class Simulated:
    """Clean answers to the questions of `book`, and the truth behind them.

    `records`: one dictionary of plain values a municipality (None: no answer). `responses` and
    `status`: the same as typed frames. `truth`: a row a municipality with `type` and `management`.
    """

    book: Codebook
    records: list[dict[str, Any]]
    responses: pd.DataFrame
    status: pd.DataFrame
    truth: pd.DataFrame


def code_of(number: int) -> str:
    """The code of a fictional municipality: prefecture number 99, which no real place has.

    After 999 places the numbers 98, 97 and so on follow, down to 50; real ones end at 47.

    >>> code_of(1), code_of(1000)
    ('990019', '980005')
    """
    body = f"{99 - number // 1000}{number % 1000:03d}"
    return body + check_digit(body)


def name_of(number: int, size: int) -> str:
    """The name of a fictional municipality, a town where its class says so.

    >>> name_of(1, 2), name_of(17, TOWN)
    ('青嶺市', '青嶺第2町')
    """
    again, at = divmod(number - 1, len(KNOWN["names"]))
    name = KNOWN["names"][at] + (KNOWN["again"].format(again + 1) if again else "")
    return f"{name}{KNOWN['kinds'][size == TOWN]}"


def simulate(
    n: int = 15,
    *,
    truth: Literal["A", "B"] = "A",
    separation: float = 1.0,
    missing: float = 0.03,
    seed: int = 20191003,
) -> Simulated:
    """Draw `n` municipalities (at most 49,999), the five types in the proportions of `mix`.

    Parameters
    ----------
    separation : 1: answers typical of the type; 0: answers of types drawn at random, no structure.
    missing : share of the answers that are not given.

    >>> drawn = simulate(15)
    >>> drawn.responses.shape[0], drawn.truth["type"].value_counts().sort_index().tolist()
    (15, [3, 3, 4, 3, 2])
    """
    if not 1 <= n < 50_000:
        raise refusal("simulate.how_many", n=n)
    book = Codebook.read("it-staffing")
    rng = np.random.default_rng(seed)
    kinds = np.repeat(np.arange(1, 6), KNOWN["mix"])
    types = np.concatenate([rng.permutation(kinds) for _ in range(-(-n // 15))])[:n]
    management = rng.standard_normal(n)
    records = [
        _municipality(i, strength, KNOWN["effects"][truth], _Draws(rng, int(kind), separation))
        for i, (kind, strength) in enumerate(zip(types, management, strict=True), 1)
    ]
    _skip(records, book)
    for record in records:
        for name, value in record.items():
            free = name not in KNOWN["filters"] and value != "not_applicable"
            if free and rng.random() < missing:
                record[name] = None
    responses, status = frames(records, book)
    known = pd.DataFrame({"type": types, "management": management}, index=responses.index)
    return Simulated(book, records, responses, status, known)


@dataclass
class _Draws:
    """Draws the answers of one municipality of the type `kind`, one after the other."""

    rng: np.random.Generator
    kind: int
    separation: float
    driven: float = 0.0  # what drives the outcomes, beside the noise

    def typical(self, what: str) -> Any:
        """What is typical of its type, or of another where types are not separate."""
        own = self.rng.random() < self.separation
        return KNOWN["typical"][what][(self.kind if own else int(self.rng.integers(1, 6))) - 1]

    def between(self, what: str, digits: int = 0) -> float:
        low, high = self.typical(what)
        return round(float(self.rng.uniform(low, high)), digits)

    def one_of(self, what: str) -> Any:
        return self.typical(what)[int(self.rng.integers(2))]

    def outcome(self, levels: int) -> int:
        return self.level(self.driven, KNOWN["noise"], levels)

    def level(self, mean: float, noise: float, levels: int = 5) -> int:
        y = mean + noise * self.rng.standard_normal()
        return int(np.clip(round((levels + 1) / 2 + y * levels / 5), 1, levels))

    def some(self, options: int, share: float) -> set[int]:
        ticked = {k for k in range(1, options + 1) if self.rng.random() < share}
        return ticked or {int(self.rng.integers(1, options + 1))}

    def few(self, options: int, n: int) -> set[int]:
        return set(map(int, self.rng.choice(np.arange(1, options + 1), n, replace=False)))


def _municipality(
    number: int, management: float, effects: dict[str, float], draw: _Draws
) -> dict[str, Any]:
    """The answers of one municipality; another order of the draws would make other demo waves."""
    rng = draw.rng
    size = int(rng.choice(KNOWN["typical"]["size"][draw.kind - 1]))
    population = int(rng.uniform(*KNOWN["population"][size]))
    staff = max(40, int(population * rng.uniform(0.0055, 0.0075)))
    it = max(2, int(staff * rng.uniform(0.008, 0.02)))
    two = rng.random() < (0.55 if size <= 2 else 0.2)
    lead = KNOWN["lead"][draw.kind - 1]
    drives = {"management": management, "two_section": two, "size": 3 - size, "type": lead}
    draw.driven = sum(effects[name] * value for name, value in drives.items())
    approach = {"Q13": set(draw.one_of("Q13")), "Q21": set(draw.one_of("Q21"))}
    reemployed = draw.between("reemployed", 3)
    approach["Q24"] = set(draw.one_of("Q24"))
    people = int(draw.between("external"))
    return {
        "Q00": name_of(number, size),
        "Q01": code_of(number),
        "Q02": size,
        "Q03": population,
        "Q04": dt.date(2019, 7, 22) + dt.timedelta(days=int(rng.integers(0, 28))),
        "Q05": staff,
        "Q06": 2 if two else int(rng.choice([1, 3, 4], p=[0.35, 0.5, 0.15])),
        "Q07": draw.some(7, 0.25 + 0.07 * draw.outcome(5)),
        "Q08": it,
        **approach,
        **_section(draw, it, reemployed, people, management),
    }


def _section(
    draw: _Draws, it: int, reemployed: float, people: int, management: float
) -> dict[str, Any]:
    """How the section is staffed and managed, what it achieves and needs.

    It has `it` people, and `people` from outside.
    """
    return {
        "Q09": round(it * draw.between("long", 3)),
        "Q10": round(it * reemployed / (1 - reemployed)),
        "Q11": round(it * draw.between("vendor") / 200, 1),
        "Q12": draw.outcome(5),
        "Q14": round(it * draw.between("recruited", 3)),
        "Q15": draw.between("years", 1),
        "Q16": draw.one_of("Q16"),
        "Q17": draw.some(6, 0.3),
        "Q18": draw.outcome(4),
        "Q19": draw.some(6, 0.4),
        "Q20": draw.between("days", 1),
        "Q22": max(1, people),
        "Q23": draw.outcome(4),
        "Q25": set(draw.one_of("Q25")),
        "Q26": int(draw.between("vendor")),
        "Q27": int(draw.one_of("Q27")),
        "Q28": draw.level(-1.1 * management, 0.5),
        **{f"Q29_{k}": draw.level(0.9 * management, 0.6) for k in range(1, 6)},
        **{name: draw.outcome(5) for name in ("Q30_1", "Q30_2", "Q31")},
        "Q32": draw.some(6, 0.2 + 0.12 * draw.outcome(5)),
        "Q33": dt.date(int(draw.rng.integers(2013, 2020)), int(draw.rng.integers(1, 7)), 1),
        "Q34": draw.few(9, 3),
        "Q35": draw.few(8, 2),
        "Q36": str(draw.rng.choice(KNOWN["comments"])) if draw.rng.random() < 0.5 else None,
    }


def _skip(records: list[dict[str, Any]], book: Codebook) -> None:
    """Drop the answers to questions that earlier ones leave out."""
    for question in book:
        if question.ask_if is None:
            continue
        rule = Expression(question.ask_if)
        answers, _ = frames(records, book.using(rule.names))
        applies = rule.evaluate(answers).fillna(False).to_numpy(bool)
        for record, ask in zip(records, applies, strict=True):
            for variable in () if ask else (question.id, *question.variables):
                if variable in record:
                    record[variable] = "not_applicable"


def frames(
    records: list[dict[str, Any]], questions: Iterable[Question]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The answers to some questions (or all of a codebook) as typed responses and their status."""
    index = pd.Index([record["Q01"] for record in records], name="code")
    columns, states = dict[str, Any](), dict[str, list[str]]()
    for question in questions:
        for variable in question.variables:  # the options of a question share one answer
            raw = [record.get(variable, record.get(question.id)) for record in records]
            states[variable] = [
                "no_answer" if v is None else v if v == "not_applicable" else "answered"
                for v in raw
            ]
            values = [None if v == "not_applicable" else v for v in raw]
            if question.type == "multi":
                code = int(variable.rpartition("_")[2])
                values = [None if v is None else code in v for v in values]
            dtype: Any = question.dtype
            columns[variable] = pd.Series(values, index, dtype="object").astype(dtype)
    status = pd.DataFrame(states, index).astype(pd.CategoricalDtype(list(STATUSES)))
    return pd.DataFrame(columns, index), status


Row = dict[str, Any]  # tidy cells of one reply: question or battery item -> what stands there
Slip = Sequence[Any]  # see ``slips`` in data/simulate.yml
ERROR = "=NA()"  # a formula that ends in an error
MERGED = "↑"  # the cell is merged with the one above
WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
ENCIRCLED = str.maketrans({str(k): chr(0x2460 + k - 1) for k in range(1, 10)})


def wareki(day: dt.date, *, short: bool = False) -> str:
    """A date in the Japanese era, as offices write it.

    >>> wareki(dt.date(2019, 8, 5)), wareki(dt.date(2019, 4, 30), short=True)
    ('令和元年8月5日', 'H31.4.30')
    """
    era = next(one for one in KNOWN["eras"] if day >= one["first"])
    year = day.year - era["first"].year + 1
    if short:
        return f"{era['letter']}{year}.{day.month}.{day.day}"
    first = KNOWN["first_year"] if year == 1 else year
    return str(KNOWN["era_date"].format(era=era["name"], year=first, day=day))


def wide(value: Any) -> str:
    """A number in full-width digits."""
    return str(value).translate(WIDE)


def _forms(answer: Any) -> dict[str, Any]:
    """The ways to write an answer that a slip may use, by the name of its place."""
    forms = {"answer": answer, "wide": wide(answer)}
    if isinstance(answer, dt.date):
        forms["era"] = wareki(answer)
    elif isinstance(answer, int):
        forms |= {"wide_grouped": wide(f"{answer:,}"), "ten_thousands": answer / 10_000}
        forms |= {"rounded": round(answer, -3), "households": round(answer / 2.3)}
    elif isinstance(answer, str) and answer.isdigit():  # a code, with another check digit
        forms["mistyped"] = answer[:5] + str((int(answer[5]) + 1) % 10)
    elif isinstance(answer, str):  # a name
        forms |= {"stem": answer[:-1], "hall": KNOWN["halls"][answer[-1]]}
    return forms


def slip(rows: list[Row], sample: Simulated, slips: Iterable[Slip]) -> list[Row]:
    """Write these slips into the rows; one that changes an answer needs an answer."""
    for at, key, words, *number in (one for one in slips if one[0] < len(rows)):
        answer = sample.records[at][key]
        if not isinstance(words, str) or "{" not in words:
            rows[at][key] = words
        elif answer not in (None, "not_applicable"):
            text = words.format(**_forms(answer))
            rows[at][key] = int(text) if number else text
    return rows


def as_in_2019(rows: list[Row], sample: Simulated) -> list[Row]:
    """The replies with their slips, and a corrected one sent later."""
    rows = slip(rows, sample, KNOWN["slips"])
    return [*rows, *(row | KNOWN["corrected"] for row in rows[1:2])]


def soiled(rows: list[Row], sample: Simulated, share: float, rng: np.random.Generator) -> list[Row]:
    """Write this share of the answers in some other way that means the same, in the rows."""
    for row, record in zip(rows, sample.records, strict=True):
        for key, value in record.items():
            ways = _ways(value, sample.book.by_name[key])
            if key in row and ways and rng.random() < share:
                row[key] = ways[int(rng.integers(len(ways)))]
    return rows


def _ways(value: Any, question: Question) -> list[str]:
    """How else an answer could be written without a change of its meaning."""
    if value is None or value == "not_applicable" or question.role == "id":
        return []
    unit = question.unit_in("ja")
    match question.type:
        case "integer":
            return [wide(value), f"{value:,}", f"{value}{unit}", f" {value}　"]
        case "ratio":
            return [wide(value), f"{value} "]
        case "date":
            return [wareki(value), wareki(value, short=True), value.strftime("%Y/%m/%d")]
        case "multi":
            codes = [str(code) for code in sorted(value)]
            joined = [sign.join(codes) for sign in ("・", "，", "／", " ", "\n")]
            return [*joined, "".join(codes).translate(ENCIRCLED)]
        case "single" | "ordinal" | "battery":
            label = question.option(value).ja
            return [wide(value), f"{value}.{label}", label]
    return []


def plain(value: Any, question: Question) -> Any:
    """An answer as a tidy office would write it in a cell."""
    if value == "not_applicable":
        return KNOWN["tidy"]["not_applicable"] if question.type in AMOUNTS else ""
    if value is None:
        return KNOWN["tidy"]["no_answer"] if question.type in {"single", "ordinal"} else ""
    if isinstance(value, set | frozenset):
        return "、".join(str(code) for code in sorted(value))
    if isinstance(value, dt.date):
        return f"{value:%Y-%m}" if question.precision == "month" else value.isoformat()
    return value


def table(sample: Simulated) -> list[Row]:
    """Tidy cells, one row a reply, batteries with a column an item."""
    rows = []
    for record in sample.records:
        row: Row = {}
        for question in sample.book:
            for key in question.variables if question.type == "battery" else (question.id,):
                row[key] = plain(record[key], question)
        rows.append(row)
    return rows


def workbook(rows: Sequence[Row], book: Codebook) -> bytes:
    """One workbook with all replies, as the institute's assistant pasted it together."""
    columns, words = list(rows[0]), KNOWN["workbook"]
    buffer = io.BytesIO()
    out = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False})
    out.set_properties({"title": words["title"], "created": dt.datetime(2019, 9, 2)})
    sheet = out.add_worksheet(words["sheet"])
    bold = out.add_format({"bold": True, "align": "center", "text_wrap": True, "border": 1})
    date = out.add_format({"num_format": "yyyy/m/d"})
    sheet.write(0, 0, words["title"], out.add_format({"bold": True, "font_size": 14}))
    sheet.write(1, 0, words["remark"])
    sheet.write_comment(1, 0, words["comment"], {"author": words["author"]})
    _header(sheet, columns, book, bold)
    for i, row in enumerate(rows, 5):
        for j, key in enumerate(columns):
            value = row[key]
            if isinstance(value, dt.date):
                sheet.write_datetime(i, j, dt.datetime.combine(value, dt.time()), date)
            elif value == MERGED:
                sheet.merge_range(i - 1, j, i, j, rows[i - 6][key])
            elif value == ERROR:
                sheet.write_formula(i, j, value, None, "#N/A")
            elif value != "":
                sheet.write(i, j, value)
    end = 5 + len(rows)
    sheet.write(end, 0, words["total"])
    total = sum(row["Q08"] for row in rows if isinstance(row["Q08"], int))
    sheet.write(end, columns.index("Q08"), total)
    sheet.write(end + 1, 0, words["note"])
    sheet.write(5, len(columns), words["beside"])
    sheet.set_column(columns.index("Q18"), columns.index("Q18"), None, None, {"hidden": True})
    sheet.freeze_panes(5, 2)
    out.add_worksheet(words["instructions_sheet"]).write(0, 0, words["instructions"])
    out.close()
    return buffer.getvalue()


def _header(sheet: Any, columns: list[str], book: Codebook, bold: Any) -> None:
    """Two header rows: the section merged over its questions, then the questions."""
    owners = [book.by_name[key] for key in columns]
    titles, end = {section.id: section.ja for section in book.sections}, 0
    for section, group in groupby(owners, key=lambda question: question.section):
        start, end = end, end + len(list(group))
        if end - start > 1:
            sheet.merge_range(3, start, 3, end - 1, titles[section], bold)
        else:
            sheet.write(3, start, titles[section], bold)
    for j, (key, question) in enumerate(zip(columns, owners, strict=True)):
        number, text = key.replace("Q", KNOWN["number"], 1), question.label
        if key != question.id:
            number, text = key, book.label(key)
        sheet.write(4, j, KNOWN["headings"].get(key, f"{number} {text.ja}"), bold)


def simulate_wave(
    wave: str, *, n: int = 16, seed: int = 20191003, truth: Literal["A", "B"] = "A"
) -> str:
    """Make the wave data/raw/WAVE of `n` invited, the last of which did not reply."""
    if seed < 0:
        raise refusal("simulate.seed", seed=seed)
    with one_at_a_time(folder := paths.raw(wave)):  # which clears what a killed one left
        if folder.exists():
            raise refusal("simulate.exists", wave=wave)
        sample = simulate(n - 1, truth=truth, seed=seed)
        rows = soiled(table(sample), sample, 0.02, np.random.default_rng(seed))
        content = workbook(as_in_2019(rows, sample), sample.book)
        file = {"path": "replies.xlsx", "layout": "rows"}
        write_wave(folder, content, about(sample, n, 2019, file))
    done = "data/raw/{wave}: {replies} invented replies of {n} invited (truth {truth}, seed {seed})"
    return localize(done, wave=wave, replies=n - 1, n=n, truth=truth, seed=seed)


def about(sample: Simulated, invited: int, year: int, file: dict[str, str]) -> dict[str, Any]:
    """What a wave.yml says of such replies in one file."""
    sizes = [record["Q02"] for record in sample.records]
    sizes += [TOWN] * (invited - len(sizes))
    bodies = [
        {"code": code_of(i), "name": name_of(i, size), "size_class": KNOWN["sizes"][size]}
        for i, size in enumerate(sizes, 1)
    ]
    return {
        "title": {name: label("demo.title", name, year=year) for name in LANGUAGES},
        "as_of": dt.date(year, 4, 1),
        **{
            key: {name: label(f"demo.{key}", name) for name in LANGUAGES}
            for key in ("publisher", "mode", "contact")
        },
        "codebook": sample.book.id,
        "data": "invented",
        "invited": bodies,
        "population": "invited",
        "files": [file],
    }


def write_wave(folder: Path, content: bytes, about: dict[str, Any]) -> None:
    """Write a wave.yml and the one file that it names, in a folder that is whole or not there."""
    part = paths.beside(folder)
    head = "# Made by `workbench simulate`; every municipality and answer is fictional.\n"
    try:
        paths.write_atomic(part / about["files"][0]["path"], content, received=True)
        paths.write_atomic(part / "wave.yml", head + text_of(about), received=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
