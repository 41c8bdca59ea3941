"""The columns of a file from which a codebook is drafted, each with the text of every record."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from analysis.cleaning.own_words import tick
from analysis.codebook import municipality
from analysis.intake import headings, spss_stata, tools
from analysis.intake.headings import (
    IDENTITY,
    NUMBERED,
    OTHER_WORDS,
    is_personal,
    is_technical,
    normalise,
)
from analysis.intake.sheet import CellKind, Place, Sheet, stacked
from analysis.intake.shown import as_shown
from analysis.intake.tables import EXAMPLE, NOTE, TOTAL, are_addresses
from analysis.intake.tools.core import (
    Column,
    Kind,
    beside_other,
    bracketed,
    is_other,
    key,
    keys,
    parted,
)
from workbench.office.options import DRAFTING, alike, both, is_chosen, open_option, plain

QUESTION_NUMBER = re.compile(
    r"^\s*([Qq]|問|設問|質問)\s*[0-9０-９]+([-_ー－の(（][0-9０-９]+[)）]?)?[.:．：、\s　]*"
)
NUMBERED_OPTION = re.compile(r"^[(]?0*(\d{1,2})[).:、]?(?!\d)(.*)$")
NUMBER_LIKE = re.compile(r"^[-△▲]?[0-9０-９](?![0-9０-９]{0,1}[.．:：)）\s]\s*[^\s0-9０-９])")
RECEIVED = keys(*DRAFTING["received"])
SCALE = re.compile(r"(\]\[[12]\]|_[01])(\.\s|$)")  # one of two, of a line of an array of LimeSurvey


@dataclass(frozen=True)
class Filled(Column):
    """A column with the text of each record, empty where a cell is.

    Attributes
    ----------
    cell : of one cell of an array of LimeSurvey, what it holds.
    labels, missing, says : of a variable of a statistics package its value labels, the codes of no
        answer, and what the package says that it is.
    counted, ticks : of an option of a multiple-response set the value that stands for chosen, and
        all values where these are not 1 and 0.
    """

    cells: tuple[str, ...] = ()
    cell: Literal["", "number", "point of a scale"] = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    missing: Sequence[str] = ()
    says: Literal["", "date", "ordinal", "several"] = ""
    counted: str = ""
    ticks: Mapping[str, bool] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """What stands in the cells that are filled."""
        return [text for text in self.cells if text]

    @property
    def shared(self) -> str:
        """What the columns of its question share; empty where it has the question alone.

        Its words or, of names such as q4_a, what they begin with.
        """
        if self.has_part:
            return self.question
        stem = self.name.rpartition("_")[0] if self.kind == "answer" else ""
        if not self.name and not NUMBERED.match(normalise(self.heading)):  # uwes1, uwes2
            numbered = re.fullmatch(r"([A-Za-z_]+?)_?\d{1,2}", self.heading)
            stem = numbered[1] if numbered else ""
        return f"{stem}_" if stem else ""

    @property
    def alone(self) -> Filled:
        """An option or item as a question of its own."""
        if self.part == self.heading:  # below the heading of a group
            return replace(self, text=self.heading, part="")
        name = self.name and f"{self.name}_{self.part_name}".rstrip("_")
        text = f"{self.text} [{self.part}]" if self.part else self.text
        return replace(self, name=name, text=text, part="", part_name="")


def read_columns(
    sheets: Sequence[Sheet], sav: spss_stata.LabelledFile | None, tool: str | None
) -> tuple[Sheet, list[Filled], tools.Export | None]:
    """The sheet with the replies, its columns, and the export of the form tool that wrote it.

    The replies of other sheets with the same headings stand below its own, as further pages.
    """
    known = None if sav or tool == "none" else tools.choose(sheets, tool)
    shown = [sheet for sheet in sheets if not sheet.hidden] or sheets[:1]
    if known is None:
        shown = shown if sav else [*map(upright, shown)]
        sheet = max(shown, key=lambda sheet: int((sheet.kind > 0).sum()))
        sheet = sheet if sav else with_alike(sheet, shown, data_start(sheet, sheet.kind > 0)[1])
        return sheet, table(sheet, sav), None
    sheet, export = known
    sheet = with_alike(sheet, shown, export.heads)
    columns = [
        replace(own, kind="record") if own.kind == "answer" and is_technical(own.heading) else own
        for own in below(sheet, export.heads, export.columns, by_program=True)
    ]
    columns = cells_of_arrays(columns) if export.tool == "limesurvey" else columns
    return sheet, columns, export


def with_alike(sheet: Sheet, sheets: Sequence[Sheet], start: int) -> Sheet:
    """A sheet, and below it the records of the others with the same rows above `start`."""
    head = sheet.text.iloc[:start]
    alike = [
        replace(one, text=one.text.iloc[start:], kind=one.kind[start:], merged=())
        for one in sheets
        if one.sheet != sheet.sheet and one.text.iloc[:start].equals(head)
    ]
    return replace(stacked([sheet, *alike]), transposed=sheet.transposed) if alike else sheet


def below(
    sheet: Sheet, start: int, columns: Sequence[Column], *, by_program: bool = False
) -> list[Filled]:
    """The records below a header, and without empty columns.

    Totals, notes and examples are left out, which a program that wrote the file has none of.
    """
    grid = sheet.text.to_numpy(object, copy=True)
    for place, look in sheet.number_format.items():
        grid[place] = as_shown(grid[place], look) if "%" in look else grid[place]
    apart = headings.unique_heads(np.array([[column.heading for column in columns]], object))
    columns = [replace(c, heading=apart.get(i, c.heading)) for i, c in enumerate(columns)]
    rows = [
        row
        for row in range(start, len(grid))
        if by_program
        or not any(p.match(normalise(t)) for t in grid[row, :2] for p in (TOTAL, NOTE, EXAMPLE))
    ]
    filled = [
        Filled(**vars(column), cells=tuple(grid[row, position].strip() for row in rows))
        for position, column in enumerate(columns)
    ]
    filled = [replace(c, kind="personal") if are_addresses(c.texts) else c for c in filled]
    many = Counter(own.question for own in filled if own.has_part and any(own.cells))
    # an option that nobody chose is one all the same
    return [own for own in filled if any(own.cells) or (own.has_part and many[own.question])]


def data_start(sheet: Sheet, filled: np.ndarray) -> Place:
    """The header's first row, and the first of data: with a number, or words that recur below."""
    count = filled.sum(axis=1)
    wide = np.flatnonzero(count >= max(2, 0.5 * count.max(initial=0)))
    top = int(wide[0]) if len(wide) else 0
    bottom = max([top, *(b for t, _, b, _ in sheet.merged if t <= top <= b)])
    below = slice(bottom + 1, bottom + 4)
    numeric = np.isin(sheet.kind[below], (CellKind.NUMBER, CellKind.DATE))
    # "1 研修" in a second row of headings is an option and no answer
    texts = sheet.text.iloc[below].to_numpy(object).ravel()
    begun = np.array([NUMBER_LIKE.match(text) is not None for text in texts], bool)
    numeric |= begun.reshape(numeric.shape)
    rows = np.flatnonzero(numeric.any(axis=1) & (count[below] > 1))
    start = min(bottom + 1 + (int(rows[0]) if len(rows) else 0), len(count))
    text, bare = sheet.text.to_numpy(object), ~filled[top : bottom + 1].any(axis=0)
    for row in range(bottom + 1, start):  # words below no heading are themselves headings
        own = filled[row]
        if not (own & bare).any() and (own & (text[row + 1 :] == text[row])).any():
            return top, row
    return top, start


def upright(sheet: Sheet) -> Sheet:
    """The sheet with a row a municipality, also where they stand side by side in its header.

    Or a row a prefecture.
    """
    filled = sheet.kind != CellKind.EMPTY
    head = sheet.text.iloc[data_start(sheet, filled)[0]] if filled.any() else ()
    texts = [text.strip() for text in head if text.strip()]
    named = [
        municipality.prefecture_named(t) or municipality.named_in(t, known=True) for t in texts
    ]
    return sheet.turned if sum(map(bool, named)) > max(1, len(named) / 2) else sheet


def table(sheet: Sheet, sav: spss_stata.LabelledFile | None) -> list[Filled]:
    """The columns of a table that no form tool wrote."""
    filled = sheet.kind != CellKind.EMPTY
    if not filled.any():
        return []
    top, start = (0, 2) if sav else data_start(sheet, filled)
    grid = sheet.text.to_numpy(object)
    header = grid[top:start].copy()
    for r0, c0, _, c1 in sheet.merged_here:  # a heading over several columns stands over each
        if top <= r0 < start:
            header[r0 - top, c0 : c1 + 1] = grid[r0, c0]
    above = top
    while above and filled[above - 1].sum() > 1:  # a row of groups, no title
        above -= 1
    columns, apart = [], {} if sav else headings.unique_heads(grid[above:start])
    own_row = grid[start - 1] != ""  # a group stands above, over the first of its columns
    over = pd.DataFrame(np.where(own_row, grid[above : start - 1], "").T).replace("", np.nan)
    groups = over.ffill().fillna("").to_numpy(object)
    for position in range(header.shape[1]):
        parts = [*dict.fromkeys(" ".join(t.split()) for t in header[:, position] if t.strip())]
        parts = apart[position].split(" / ") if position in apart else parts
        if not parts:
            # of municipalities side by side the names, which may have no heading, are not ignored
            cell = "" if sheet.transposed else sheet.address(start - 1, position)
            columns.append(Column(cell, kind="record"))
        elif sav:
            columns.append(Column(" / ".join(parts), name=parts[0], text=parts[-1]))
        else:
            group = " / ".join(" ".join(text.split()) for text in groups[position] if text)
            own, headed = _column(parts), header[:-1, position].any() or not own_row[position]
            below_group = group and not headed and own.kind == "answer" and not own.has_part
            columns.append(replace(own, text=group, part=own.heading) if below_group else own)
    if sav is None:
        behind = parted([column.heading for column in columns])
        columns = beside_other(
            cut if cut.has_part and not own.has_part and own.kind == "answer" else own
            for own, cut in zip(columns, behind, strict=True)
        )
    replies = [column for column in below(sheet, start, columns) if any(column.cells)]
    return [_with_labels(column, sav) for column in replies] if sav else replies


def _with_labels(column: Filled, sav: spss_stata.LabelledFile) -> Filled:
    """A variable with what its statistics package says of it."""
    name, sets = column.name, {one.name for one in sav.sets}
    says: Literal["", "date", "ordinal", "several"] = "ordinal" if name in sav.ordinal else ""
    says = "date" if name in sav.dates else "several" if name in sets else says
    labels, missing = sav.value_labels.get(name, {}), sav.missing.get(name, [])
    return replace(column, labels=labels, missing=missing, says=says)


def of_package(columns: Sequence[Filled], sav: spss_stata.LabelledFile) -> list[list[Filled]]:
    """The variables of each question: those of a multiple-response set of SPSS, each an option.

    The lines of a battery have names such as q2a and q2b and the same value labels.
    """
    groups: list[list[Filled]] = []
    by_name = {column.name: column for column in columns}
    sets = {name: one for one in sav.sets if one.counted and len(one.variables) > 1
            for name in one.variables}  # fmt: skip

    def stem(column: Filled) -> tuple[str, str]:
        named = re.fullmatch(r"(.*\d)[a-z]|(.+)_[A-Za-z0-9]{1,3}", column.name)
        if named is None or len(column.labels) < 2:
            return "", column.name
        return named[1] or named[2], str(column.labels)

    for (shared, _), run in groupby(columns, key=stem):
        lines = list(run)
        chosen = {tick(plain(words)): code for code, words in lines[0].labels.items()}
        if {column.name for column in lines} & {*sets} or len(lines) < 2:
            shared = ""
        text, parts = _in_common(lines)
        if shared and {*chosen} == {True, False}:  # yes or no to each option
            names, counted = [column.name for column in lines], chosen[True]
            one = spss_stata.AnswerSet(shared, text, names, counted)
            options = [replace(line, text=part) for line, part in zip(lines, parts, strict=True)]
            groups.append(_options(options, one))
        elif shared and len(lines[0].labels) > 2:
            groups.append([replace(line, name=shared, text=text, part=part, part_name=line.name)
                           for line, part in zip(lines, parts, strict=True)])  # fmt: skip
        else:
            for column in lines:
                of = sets.get(column.name)
                own = [by_name[n] for n in of.variables if n in by_name] if of else [column]
                if column is own[0]:
                    groups.append(_options(own, of) if of else own)
    return groups


def _in_common(lines: Sequence[Filled]) -> tuple[str, list[str]]:
    """What the labels of variables share before a colon or a line, and the rest of each."""
    cut = parted([line.text for line in lines])
    if len({column.text for column in cut}) == 1 < len(cut) and all(c.part for c in cut):
        return cut[0].text, [column.part for column in cut]
    return "", [line.text or line.name for line in lines]


def _options(own: Sequence[Filled], one: spss_stata.AnswerSet) -> list[Filled]:
    """The variables of a multiple-response set as options with columns of their own."""
    values = sorted({one.counted, *(text for column in own for text in column.texts)})
    plain = one.counted == "1" and {*values} <= {"0", "1"}
    ticks = {} if plain else {text: text == one.counted for text in values}
    chosen = (tuple(text and str(int(text == one.counted)) for text in c.cells) for c in own)
    return [
        replace(
            column,
            name=one.name,
            text=one.label,
            part=column.text,
            cells=cells,
            part_name=column.name,
            counted=one.counted,
            ticks=ticks,
        )
        for column, cells in zip(own, chosen, strict=True)
    ]


def _column(parts: list[str]) -> Column:
    """What a heading of one row or several says: its question, and its option or item."""
    heading, last = " / ".join(parts), parts[-1]
    if key(heading) not in RECEIVED and (is_personal(heading) or is_technical(heading)):
        kind: Kind = "personal" if is_personal(heading) else "record"
        return Column(heading, text=heading, kind=kind)
    numbered = NUMBERED.match(normalise(last))
    if numbered and numbered[2]:
        words, number = QUESTION_NUMBER.sub("", last).strip(), str(int(numbered[2]))
        return Column(heading, text=f"問{int(numbered[1])}", part=words, part_name=number)
    if len(parts) == 1:
        return bracketed(heading)
    above, below = NUMBERED.match(normalise(parts[0])), " / ".join(parts[1:])
    if above and not above[3] and above[2]:  # Q2_1 over the words of an option
        question = f"問{int(above[1])}"
        return Column(heading, text=question, part=below, part_name=str(int(above[2])))
    if above and not above[3]:
        return Column(heading, text=below)
    option = NUMBERED_OPTION.match(unicodedata.normalize("NFKC", last).strip())
    words, number = (option[2].strip(), option[1]) if option else (last, "")
    return Column(heading, text=" / ".join(parts[:-1]), part=words, part_name=number)


def cells_of_arrays(columns: Sequence[Filled]) -> list[Filled]:
    """Mark the columns of LimeSurvey that are one cell of an array.

    An array has lines and columns: ``Q6[SQ001_SQ002]``, ``人数 [本庁][正規]``; that of two scales
    has a line once for each: ``Q5[SQ001][1]``.
    """
    lines = Counter(bracketed(text).text for text in {column.text for column in columns})

    def cell(column: Filled) -> Literal["", "number", "point of a scale"]:
        if "_" in column.part_name:  # no code of LimeSurvey has one
            return "point of a scale" if SCALE.search(column.heading) else "number"
        words = bracketed(column.text)
        return "number" if words.part and column.has_part and lines[words.text] > 1 else ""

    return [replace(column, cell=cell(column)) for column in columns]


NUMBERED_ALIKE = re.compile(r"([A-Za-z][\w.]*)[._](\d{1,2})")  # P2.5.1


def by_their_cells(
    columns: Sequence[Filled], tokens: Collection[str], unticked: Sequence[str]
) -> list[Filled]:
    """Make options of columns headed by numbers alone, where their cells show that they are.

    Such as P2.5.1 and P2.5.2, each with one answer of its own: the words of its option, or a tick
    beside `unticked`, which say that it was not chosen. `tokens`: what stands for no answer.
    """
    aside = {*tokens, *unticked}

    def stem_and_answer(column: Filled) -> tuple[str, str]:
        """The heading without its numbers, and the one answer; both empty for other columns."""
        numbered = NUMBERED_ALIKE.fullmatch(column.heading)
        if numbered is None or column.kind != "answer" or column.has_part or column.name:
            return "", ""
        counts = Counter(text for text in column.texts if text not in aside)
        marked = any(text in unticked for text in column.texts)
        if len({*map(alike, counts)}) > 1 or not (marked or counts.total() < len(column.cells)):
            return "", ""
        return numbered[1], next(iter(counts.most_common(1)), ("", 0))[0]

    options: list[Filled] = []
    pairs = zip(map(stem_and_answer, columns), columns, strict=True)
    for shared, run in groupby(pairs, key=lambda pair: pair[0][0]):
        keys, own = zip(*run, strict=True)
        words = [text for _, text in keys]
        chosen = [text for text in words if text]
        worded = len({*chosen}) == len(chosen)
        marked = any(text in unticked for column in own for text in column.texts)
        if len(own) < 2 or not shared or not (worded or marked):
            options += own
            continue
        spelled = {text for column in own for text in column.texts} - {*words, *aside}
        ticks = dict.fromkeys(unticked, False) | {
            text: True for text in sorted(spelled) if tick(plain(text)) is None
        }
        for column, text in zip(own, words, strict=True):
            option = replace(
                column,
                text=shared,
                part=text if worded and tick(plain(text)) is None else "",
                part_name=column.heading,
                cells=tuple(
                    cell if cell in tokens else "" if cell in unticked else cell and text
                    for cell in column.cells
                ),
                ticks=ticks,
            )
            options.append(option)
    return options


def answer_in_heading(names: list[str]) -> str:
    """The code or name of a municipality beside 団体コード or 団体名, as on a form; or nothing."""
    labels = {normalise(text) for what in ("code", "name") for text in IDENTITY[what]}
    for label, beside in pairwise(names):
        if normalise(label) in labels:
            digits = re.fullmatch(r"\d{4,6}", unicodedata.normalize("NFKC", beside))
            if (digits and municipality.parse_code(beside)[0]) or municipality.resolve(beside).code:
                return beside
    return ""


# --- words beside "other" ------------------------------------------------------------------------

BETWEEN = r"[;；|、,，\n・/]\s*"  # answers in one cell


def is_alone(column: Filled) -> bool:
    """Whether a heading says no more than その他の内容 or "Other, please specify"."""
    heading = normalise(column.heading.split(" / ")[0]).removeprefix("if")
    return not column.has_part and OTHER_WORDS.fullmatch(heading) is not None


def with_owners(columns: Sequence[Filled]) -> Iterator[Filled]:
    """Give columns headed その他の内容 alone to the question before them.

    Only where the cells show it: words stand where "other" was chosen, and nowhere else.
    """
    before = list[Filled]()  # the columns of the question before
    for column in columns:
        if is_alone(column) and any(_is_beside_other(column, own) for own in before):
            column = replace(column, kind="other", name=before[0].name, text=before[0].text)
        elif column.kind == "answer":
            before = [own for own in before if own.has_part and own.question == column.question]
            before.append(column)
        yield column


def _is_beside_other(words: Filled, own: Filled) -> bool:
    """Whether words stand only where "other" was chosen in a column of the question."""
    ticked = is_other(own.part) or own.part_name == "other"
    return any(words.cells) and all(
        (ticked and is_chosen(cell)) or any(map(is_other, re.split(BETWEEN, cell)))
        for cell, text in zip(own.cells, words.cells, strict=True)
        if text
    )


# --- options and items with columns of their own -------------------------------------------------


def as_option(number: int, column: Filled) -> dict[str, Any]:
    """An option with a column of its own, by its words and by the tool's name."""
    name = "" if column.part_name == str(number) else column.part_name
    option = {"code": number, **both(column.part)} if column.part else open_option(number)
    other = is_other(column.part) or name == "other"
    return option | ({"other": True} if other else {}) | ({"source": [name]} if name else {})


def as_item(id: str, number: int, column: Filled) -> dict[str, Any]:
    """An item of a battery, by its words and by the tool's name."""
    name = column.part_name if re.fullmatch(r"[A-Za-z0-9]+", column.part_name) else str(number)
    own = column.name if not column.has_part and column.name else f"{id}_{name}"
    text = column.heading if column.has_part else column.text
    words = column.part or text or column.part_name or column.name
    if words not in (column.part_name, column.name):
        words = QUESTION_NUMBER.sub("", words) or words
    item: dict[str, Any] = {"id": own, **both(words)}
    if not column.has_part:
        item["source"] = [column.heading]
    elif column.part_name and not column.part_name.isdecimal():
        item["source"] = [column.part_name]
    return item
