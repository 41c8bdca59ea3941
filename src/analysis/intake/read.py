"""Files as received become one tidy frame of cells, each with its place, and remarks beside them.

Nothing is interpreted and nothing lost: every cell is an answer, or has the reason why it is none.
"""

from __future__ import annotations

import contextlib
import itertools
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave, WaveFile
from analysis.codebook.waves import SUFFIXES
from analysis.errors import InputError, refusal
from analysis.intake import own_sheets, tools
from analysis.intake.cells import (
    ANSWER,
    REASONS,
    Piece,
    Received,
    Remark,
    concat,
    excerpt,
    numbered,
    unfinished,
)
from analysis.intake.files import is_archive, read_file, unpacked
from analysis.intake.forms import read_forms
from analysis.intake.forms.blank import COPIES, filled_cells
from analysis.intake.headings import Headings, is_personal, normalise
from analysis.intake.layout import asked_in, check_issue, choose, refuse_other, repliers, ways
from analysis.intake.sheet import (
    Beside,
    CellKind,
    Sheet,
    address,
    column_letters,
    place_of,
    stacked,
)
from analysis.intake.tables import read_rows
from analysis.intake.workbook import fill_of
from analysis.paths import is_leftover

KNOWN = set[str]().union(*SUFFIXES.values())


def books_of(folder: Path, file: WaveFile) -> list[list[Sheet]]:
    """The sheets of the file, or of each file of a folder or a zip archive by name."""
    books = []
    for path, name in paths_of(folder, file):
        if not is_archive(path):
            books.append(read_file(path, name=name, encoding=file.encoding))
            continue
        inside = {own: data for own, data in unpacked(path, name).items() if not is_leftover(own)}
        for own in (own for own in inside if Path(own).suffix.lower() not in KNOWN):
            raise refusal("archive.other_files", file=name, name=own)
        if not inside:
            raise refusal("archive.no_table", file=name)
        for own, data in inside.items():
            options = {"name": f"{name}/{own}", "encoding": file.encoding}
            books.append(read_file(path, content=data, **options))
    return books


def paths_of(folder: Path, file: WaveFile) -> list[tuple[Path, str]]:
    """The file, or all files of a folder by name."""
    path = folder / file.path
    try:
        inside, is_folder = path.resolve().is_relative_to(folder.resolve()), path.is_dir()
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            path.stat()  # is_dir raises no error of an impossible name from Python 3.14 on
    except (OSError, ValueError, RuntimeError):  # no such name, or a link to itself
        name = file.path[:40].replace("\0", "")
        raise refusal("wave.no_file_name", file="wave.yml", shown=name) from None
    if not inside:
        raise refusal("wave.file_outside", file=file.path)
    if not is_folder:
        return [(_as_spelt(path), file.path)]
    files = sorted(p for p in path.iterdir() if not is_leftover(p.name))
    for other in (p for p in files if p.suffix.lower() not in {".zip", *KNOWN}):
        raise refusal("wave.folder_other_files", file=f"{file.path}/{other.name}")
    if not files:
        raise refusal("wave.folder_empty", file=file.path)
    return [(p, f"{file.path}/{p.name}") for p in files]


def _as_spelt(path: Path) -> Path:
    """The file, or the one that reads the same: a Mac writes デ as two characters."""
    if not path.exists() and path.parent.is_dir():
        for other in path.parent.iterdir():
            if unicodedata.normalize("NFC", other.name) == unicodedata.normalize("NFC", path.name):
                return other
    return path


def _check_followed(file: WaveFile, targets: set[str]) -> None:
    """Refuse a heading that ``wave.yml`` gives and no file has: another column would be taken."""
    for target, texts in file.header.items():
        if texts and target not in targets:
            about = {"target": target, "path": file.path, "texts": " or ".join(texts)}
            raise refusal("wave.header_not_there", file="wave.yml", **about)


def read(
    wave: Wave, codebook: Codebook, folder: Path | None = None, returned: Mapping[str, Path] = {}
) -> Received:
    """Read all files of a wave in the order of ``wave.yml``.

    `folder`: where they lie, default that of the wave. `returned`: query sheets beside those there.

    Raises InputError: a file cannot be read, a sheet is missing, or a question of the codebook is
    not in it.
    """
    pieces: list[Piece] = []
    others: list[Sheet] = []
    headed: dict[tuple[str, str], Remark] = {}
    noticed: list[Remark] = []
    for _, together in itertools.groupby(wave.files, _alike):
        file, *more = together
        headings = Headings(codebook, file.header, file.ignore, wave.own)
        headings.check_header(file.path)
        books = [book for one in (file, *more) for book in books_of(folder or wave.folder, one)]
        for sheets in books:
            check_issue(sheets, codebook, wave.issue)
        if file.layout == "form":
            blank = [file.model_copy(update={"path": file.blank})] if file.blank else []
            sent = [s for one in blank for s in books_of(folder or wave.folder, one)]
            own, no_replies = _forms(books, file, headings, sent)
            beside = [sheet for sheet in no_replies if not own_sheets.ids_of([sheet])]
            noticed += on_sheets(books, len(own), beside, sent)
        else:
            own, no_replies = _tables(books, file, headings)
            bare = [[replace(s, drawn=()) for s in book if s.comments] for book in books]
            noticed += on_sheets(bare, len(own), (), ())
            noticed += over_examples(own, headings)
        pieces += map(_without_struck, own)
        others += no_replies
        headed = _by_number(own, headings) | headed
    if not pieces:
        raise refusal("wave.no_replies")
    _check_alike(pieces, codebook)
    places = {(piece.sheet.file, piece.sheet.sheet) for piece in pieces}
    by_place = {(sheet.file, sheet.sheet): sheet for sheet in others}
    unread = [sheet for place, sheet in by_place.items() if place not in places]
    came_back, replies = own_sheets.returned(folder or wave.folder, returned)
    why = [REASONS.index("hidden" if sheet.hidden else "sheet") for sheet in unread]
    no_reply = [Piece(s, np.full(s.shape, w, np.uint8)) for s, w in zip(unread, why, strict=True)]
    cells = concat([*pieces, *no_reply, *came_back])
    corrected = own_sheets.correct(cells, replies, Headings(codebook, own=wave.own))
    back = [piece.sheet for piece in came_back]
    added = own_sheets.added_sheets(back)
    noticed += on_sheets([back], 0, added, ())
    aside = (r for piece in pieces for r in (*_hidden(piece), *_personal(piece)))
    at_cells = placed([*dict.fromkeys(noticed)], cells)
    remarks = (*headed.values(), *aside, *unfinished(pieces), *at_cells, *corrected)
    marked = ((start + i, name) for start, one in numbered(pieces) for i, name in one.coloured)
    data = Received(cells, remarks, tuple(marked))
    _check_left(unread, data, wave, codebook)
    return data


def _alike(file: WaveFile) -> object:
    """The key of files that are read together: copies of a form show what is printed on it."""
    return (file.header, file.ignore, file.blank) if file.layout == "form" else file


def _forms(
    books: list[list[Sheet]], file: WaveFile, headings: Headings, blanks: list[list[Sheet]]
) -> tuple[list[Piece], list[Sheet]]:
    """The replies of forms, and the sheets that are none; `blanks`: the form as it was sent."""
    pieces, sheets, others = list[Piece](), list[Sheet](), list[Sheet]()
    for book in books:
        ours = own_sheets.form_pieces(book, headings)
        pieces += ours
        ids = filter(None, [own_sheets.ids_of(book)])
        (others if ours else sheets).extend(ids if ours else _pages(book, headings))
    if not sheets:
        return pieces, others
    targets = {normalise(text): target for target, texts in file.header.items() for text in texts}
    texts = set[str]().union(*(sheet.text.to_numpy(object).ravel() for sheet in sheets))
    there = {targets[key] for key in map(normalise, texts) if key in targets}
    options = file.header.keys() - there - {question.id for question in headings.book}
    # words of an option may also stand behind a box, or among others in a cell
    there |= {v for v in options if any(own in text for own in file.header[v] for text in texts)}
    _check_followed(file, there)
    for sheet in sheets:
        refuse_other(sheet, headings, "form")
    sent = [sheet for book in blanks for sheet in _pages(book, headings)]
    replies, beside = read_forms(sheets, headings, sent)
    return [*pieces, *replies], [*others, *beside]


def _pages(book: list[Sheet], headings: Headings) -> list[Sheet]:
    """The sheets of a workbook, of which those that ask different questions are one form.

    Sheets of several municipalities ask the same; and no two pages name different ones.
    """
    visible = [sheet for sheet in book if not sheet.hidden]
    questions = [(sheet, asked_in(sheet, headings)) for sheet in visible]
    pages = [(sheet, questions) for sheet, questions in questions if questions]
    every = set().union(*(questions for _, questions in pages))
    if len(pages) < 2 or len(every) < sum(len(questions) for _, questions in pages):
        return book
    own = [sheet for sheet, _ in pages]
    named = {key for sheet in own for text in set(sheet.text.to_numpy(object).ravel())
             if (key := headings.named_in(text, known=True))}  # fmt: skip
    if len(named) > 1:
        return book
    return [stacked(own), *(sheet for sheet in book if not any(sheet is page for page in own))]


def _tables(
    books: list[list[Sheet]], file: WaveFile, headings: Headings
) -> tuple[list[Piece], list[Sheet]]:
    """The replies of one table in each file, and the sheets beside it."""
    pieces, others, targets = [], [], set[str]()
    for sheets in books:
        named = sheets if file.sheet is None else [choose(sheets, file, headings)]
        export_of = tools.choose(named, file.tool) if file.tool is not None else None
        if len(books) > 1 and not any(asked_in(sheet, headings, who=True) for sheet in sheets):
            about = {"id": headings.book.id, "name": sheets[0].file}
            raise refusal("wave.file_beside", file=file.path, reason="beside", **about)
        chosen, export = export_of or (choose(sheets, file, headings), None)
        turned = chosen.turned if file.layout == "columns" else chosen
        left_out = file.unfinished == "leave out"
        try:
            table = read_rows(turned, headings, export=export, left_out=left_out)
        except InputError:
            if file.tool is None:  # a tool's export is a table, whatever stands in it
                refuse_other(chosen, headings, file.layout)
            raise
        rows = table.rows  # a record each
        answers = {name: (rows, np.broadcast_to(c, len(rows))) for name, c in table.columns.items()}
        marked = _coloured(turned, answers, headings)
        pieces.append(Piece(turned, table.mark, answers, {}, {}, table.unfinished, marked))
        heads = table.mark == REASONS.index("header")
        for row, column in np.argwhere(heads).tolist() if file.header else ():
            target = headings.given(str(turned.text.iat[row, column]), turned.address(row, column))
            # of a question over several columns the heading stands anywhere
            if target and table.columns.get(target, column) == column:
                targets.add(target)
        others += [sheet for sheet in sheets if sheet.sheet != chosen.sheet]
    _check_followed(file, targets)
    return pieces, others


def _check_left(sheets: list[Sheet], received: Received, wave: Wave, codebook: Codebook) -> None:
    """Refuse a wave of which a sheet that is not read is a table of others than those who are."""
    chosen = {file.path for file in wave.files if file.sheet is not None}  # wave.yml says which
    headings, replied = Headings(codebook, own=wave.own), set[str]()
    for sheet in sheets:
        if sheet.file in chosen:
            continue
        there = max((repliers(turned, headings) for turned in ways(sheet).values()), key=len)
        if len(there) < 2:
            continue
        names = received.cells["text"][received.cells["variable"].isin(headings.who)]
        replied = replied or set(map(headings.named_in, names.unique()))
        if lost := sorted(there - replied):
            raise sheet.refusal("sheet.not_read", n=len(lost), lost=lost[:3])


def _by_number(pieces: list[Piece], headings: Headings) -> dict[tuple[str, str], Remark]:
    """By file (of a folder: the folder) and text, the first heading understood by number alone."""
    remarks: dict[tuple[str, str], Remark] = {}
    owner = headings.book.question_of
    aside = [REASONS.index(reason) for reason in ("record", "personal", "ignored")]
    for piece in pieces:
        sheet, mark = piece.sheet, piece.mark
        read = {owner[name].id if name in owner else name for name in piece.answers}
        of = {int(across[0]): owner[name].id for name, (_, across) in piece.answers.items()
              if name in owner}  # fmt: skip
        # what a tool notes for itself is read as no question
        asked = (mark == ANSWER).any(axis=0) | ~np.isin(mark, aside).any(axis=0)
        heads = (mark == REASONS.index("header")) & (sheet.kind != CellKind.EMPTY) & asked
        for row, column in np.argwhere(heads).tolist():
            text = str(sheet.text.iat[row, column])
            question = headings.by_number_alone(text)
            if question is not None and question.id in read & {of.get(column, question.id)}:
                place = sheet.file, sheet.sheet, sheet.address(row, column)
                remark = Remark("heading", *place, text, question.id, question.label)
                remarks.setdefault((sheet.file.rpartition("/")[0] or sheet.file, text), remark)
    return remarks


def _check_alike(pieces: list[Piece], book: Codebook) -> None:
    """Refuse files of which some have a question in one column and some in one an option."""
    for question in book:
        whole = [p for p in pieces if question.id in p.answers]
        parts = [p for p in pieces if {*question.variables} & p.answers.keys()]
        if question.type == "multi" and whole and parts:
            here, there = whole[0].sheet.file, parts[0].sheet.file
            raise refusal("wave.files_differ", file=here, id=question.id, path=there)


def _hidden(piece: Piece) -> list[Remark]:
    """Hidden rows and columns that hold answers, or all the answers of a hidden sheet."""
    sheet, answer = piece.sheet, piece.mark == ANSWER
    rows, columns = (set(np.flatnonzero(answer.any(axis=axis)).tolist()) for axis in (1, 0))
    if sheet.hidden:  # with all that is in it
        first, last = (sheet.address(pick(rows), pick(columns)) for pick in (min, max))
        places = [(sheet.sheet, f"{first}:{last}")]
    else:
        down, across = sorted(sheet.hidden_rows & rows), sorted(sheet.hidden_columns & columns)
        if sheet.transposed:
            down, across = across, down
        lines = [(name, row + 1 - start) for row in down for start, name in [sheet.page(row)]]
        letters = [column_letters(column) for column in across]
        places = [(name, f"{row}:{row}") for name, row in lines]
        places += [(sheet.sheet, f"{letter}:{letter}") for letter in letters]
    return [Remark("hidden", sheet.file, name, place, place) for name, place in places]


def _personal(piece: Piece) -> list[Remark]:
    """The columns, and in a form the labels, of personal details that are not taken in."""
    sheet, mark = piece.sheet, piece.mark
    dropped = (mark == REASONS.index("personal")) & (sheet.kind != CellKind.EMPTY)
    notes = []
    for column in np.flatnonzero(dropped.any(axis=0)).tolist():
        rows = np.flatnonzero(dropped[:, column]).tolist()
        first, last = (sheet.address(row, column) for row in (rows[0], rows[-1]))
        cell = first if first == last else f"{first}:{last}"
        beside = [text for text in sheet.text.iloc[rows[0], :column] if text]
        header = mark[: rows[0], column] == REASONS.index("header")
        heads = sheet.text[column].iloc[: rows[0]][header]
        above = [text for text in heads if text and not text.startswith('{"ImportId"')]
        label = beside if beside and is_personal(beside[-1]) else above
        notes.append(Remark("personal", sheet.file, sheet.sheet, cell, label[-1] if label else ""))
    return notes


def _without_struck(piece: Piece) -> Piece:
    """Cells of answers that are struck out, of which some may be old and some new, as such."""
    places = [at for at in piece.sheet.struck if piece.mark[at] == ANSWER]
    if not places:
        return piece
    kind = piece.sheet.kind.copy()
    kind[tuple(zip(*places, strict=True))] = CellKind.STRUCK
    return replace(piece, sheet=replace(piece.sheet, kind=kind))


def _coloured(
    sheet: Sheet, answers: Mapping[str, tuple[np.ndarray, np.ndarray]], headings: Headings
) -> list[tuple[int, str]]:
    """The empty answers of a table with a colour of their own, as somebody marks a choice.

    Not where the row has it (who replied, or the cell of another question beside it), nor where
    more than half of the column has.
    """
    fills = {at: fill for at, look in sheet.looks.items() if (fill := fill_of(look))}
    asked = {int(across[0]): name for name, (_, across) in answers.items()} if fills else {}
    who = [column for column, name in asked.items() if name in headings.who]
    whose = {column: headings.book.by_name.get(name) for column, name in asked.items()}
    rows = next(iter(answers.values()))[0].tolist() if fills else []
    records = {row: record for record, row in enumerate(rows)}
    there = Counter((column, fill) for (row, column), fill in fills.items() if row in records)
    found = []
    for (row, column), fill in fills.items():
        rare = row in records and column not in who and 2 * there[column, fill] <= len(rows)
        if rare and whose.get(column) and sheet.kind[row, column] == CellKind.EMPTY:
            near = (at for at in (column - 1, column + 1) if whose.get(at) is not whose[column])
            if all(fills.get((row, at)) != fill for at in (*who, *near)):
                found.append((records[row], asked[column]))
    return found


# --- beside the answers: comments, shapes, other sheets, words over examples ----------------------

Books = Sequence[Sequence[Sheet]]
# of n replies so many have what is printed: n / 2
SHARES = {"comment": 2, "sheet": 2, "drawn": 1, "words-drawn": 2, "control": 1}


def on_sheets(books: Books, n: int, others: Collection[Sheet], sent: Books) -> Iterator[Remark]:
    """Remarks on what offices added to the sheets of `n` replies of a form that was `sent`.

    Where that is not known, of the form is what three replies or more have at one place: a ring
    all of them, a comment or a cell of the `others`, which are not read, half of them. What an
    office wrote into those is one finding a sheet: `unmatched` where it is known what the form has
    there, else `unsure`.
    """
    unread = {id(sheet) for sheet in (*others, *chain(*sent))}
    every = [(sheet, _things(sheet, id(sheet) in unread)) for sheet in chain(*books)]
    # of a single workbook each sheet may be a copy
    pages = {id(sheet): sheet.sheet if len(books) > 1 else "" for sheet, _ in every}
    there = Counter((pages[id(sheet)], thing) for sheet, things in every for thing in things)
    blank = {thing for sheet in chain(*sent) for thing in _things(sheet, True)}
    for sheet, things in every:
        counts = {thing: there[pages[id(sheet)], thing] for thing in things if thing not in blank}
        own = [one for one, m in counts.items() if m < max(COPIES, n / SHARES[one.rule])]
        for one in (one for one in own if one.rule != "sheet"):
            yield Remark(one.rule, sheet.file, sheet.sheet, one.cell, one.text)
        if cells := {one.cell: one.text for one in own if one.rule == "sheet"}:
            known = "unmatched" if sent or len(books) >= COPIES else "unsure"
            places = np.array([place_of(cell) for cell in cells])
            ends = (address(*map(int, end)) for end in (places.min(axis=0), places.max(axis=0)))
            place = ":".join(dict.fromkeys(ends))
            yield Remark(known, sheet.file, sheet.sheet, place, excerpt(cells.values()))


def _things(sheet: Sheet, unread: bool) -> list[Beside]:
    """The comments and shapes of a sheet, and the cells of an unread one; a rule of SHARES each."""
    cells = filled_cells(sheet) if unread else ()
    return [
        *(Beside("comment", cell, text) for cell, text in sheet.comments.items()),
        *sheet.drawn,
        *(Beside("sheet", sheet.address(row, column), text) for row, column, text in cells),
    ]


def over_examples(pieces: Sequence[Piece], headings: Headings) -> Iterator[Remark]:
    """The examples of tables that may be replies, since an office wrote over them.

    As one that names a municipality without a reply of its own, or says what the one reply of its
    sheet lacks. What three sheets have at one place is print.
    """
    shown = [
        (piece, row, piece.sheet.text.iloc[row].tolist())
        for piece in pieces
        for row in np.flatnonzero((piece.mark == REASONS.index("example")).any(axis=1)).tolist()
    ]
    there = Counter(cell for _, _, texts in shown for cell in enumerate(texts))
    replied = {
        headings.named_in(name) for piece in pieces if shown for name in _who(piece, headings)
    }
    for piece, row, texts in shown:
        columns = {name: int(across[0]) for name, (_, across) in piece.answers.items()}
        who = [columns.pop(name) for name in headings.who if name in columns]
        named = {headings.named_in(texts[column], known=True) for column in who} - replied - {""}
        replies = piece.sheet.text.iloc[next(iter(piece.answers.values()))[0]]
        lacks = [*columns.values()] if named else []
        if len(replies) == 1:
            lacks += [column for column in columns.values() if replies[column].iloc[0] == ""]
        own = [c for c in sorted({*lacks}) if texts[c] and there[c, texts[c]] < COPIES]
        if own:
            cells = dict.fromkeys(piece.sheet.address(row, c) for c in (own[0], own[-1]))
            raw = excerpt([texts[column] for column in own])
            yield Remark("example-row", piece.sheet.file, piece.sheet.sheet, ":".join(cells), raw)


def _who(piece: Piece, headings: Headings) -> Iterator[str]:
    """What the replies of a table say of who sent them."""
    for name in headings.who & {*piece.answers}:
        down, across = piece.answers[name]
        yield from piece.sheet.text[int(across[0])].iloc[down]


def placed(remarks: Sequence[Remark], cells: pd.DataFrame) -> Iterator[Remark]:
    """The same with whose answer a comment is at, or in whose row; none at personal details."""
    near = cells[cells["file"].isin({remark.file for remark in remarks})] if remarks else cells
    for remark in remarks:
        row, column = place_of(remark.cell.partition(":")[0]) or (0, 0)
        line = near[(near["row"] == row + 1) & (near["file"] == remark.file)]
        line = line[line["sheet"] == remark.sheet]
        own = line[line["column"] == column + 1]
        if remark.rule != "comment":
            yield remark
        elif not (own["reason"] == "personal").any():
            told = own if (own["record"] >= 0).any() else line.assign(variable="")
            told = told[told["record"] >= 0].drop_duplicates("record")
            whose = told[["record", "variable"]].to_dict("records") if len(told) == 1 else [{}]
            yield remark._replace(**whose[0])
