"""Forms that ``workbench questionnaire`` wrote: a hidden sheet says where each answer belongs.

Its first row names the codebook, its second the sheet to fill in and the heading of the column of
answers. From the third on it has, side by side and independent of each other, the variables with
what marks their row on the form, and every text that is printed with the number of its column.
Rows that an office moved or inserted do no harm: an answer is beside the mark of its row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from analysis.codebook.model import Codebook
from analysis.codebook.questions import Question
from analysis.intake.cells import ANSWER, REASONS, Piece
from analysis.intake.headings import Headings
from analysis.intake.sheet import CellKind, Sheet
from analysis.text import Language, label

IDS = "workbench"  # the name of the hidden sheet
MARK = "workbench questionnaire"
TICK = "○"
YES = {"yes": 1, "no": 0}


def ids_of(sheets: Sequence[Sheet]) -> Sheet | None:
    """The hidden sheet of a workbook that says where its answers are, if it has one."""
    return next((s for s in sheets if s.shape[1] > 4 and s.text.iat[0, 0] == MARK), None)


def pieces(sheets: Sequence[Sheet], headings: Headings) -> list[Piece]:
    """What the sheets of one such workbook give: the reply, and what was written beside it.

    Raises
    ------
    InputError : the form is of another codebook, or the row of a question is gone or there twice.
    """
    ids = ids_of(sheets)
    if ids is None:
        return []
    name = ids.text.iat[0, 1]
    if name != headings.book.id:
        raise ids.error(
            "this is a form of the codebook {codebook}, not of {expected}",
            hint="put it into a wave of that codebook",
            codebook=name,
            expected=headings.book.id,
        )
    printed = {(str(row[3]), str(row[4])) for row in ids.text.iloc[2:].itertuples(index=False)}
    signs = _signs(headings.book, "en" if ids.text.iat[0, 3] == "en" else "ja")
    filled_in, found = ids.text.iat[1, 0], []
    others = [sheet.sheet for sheet in sheets if sheet is not ids]
    filled_in = others[0] if len(others) == 1 else filled_in  # an office may have renamed it
    for sheet in (s for s in sheets if s is not ids):
        own = sheet.sheet == filled_in
        piece = Piece(sheet, _marks(sheet, printed if own else set()))
        if own:
            for variable, place in _places(sheet, ids, headings):
                piece.answers[variable] = (np.array([place[0]]), np.array([place[1]]))
                piece.mark[place] = ANSWER
                if meant := signs.get((variable, sheet.text.iat[place])):
                    piece.stands_for[variable] = meant
        found.append(piece)
    if not any(piece.answers for piece in found):
        what, hint = "the sheet {name} is not in the file", "ask for the whole form"
        raise ids.error(what, hint=hint, name=filled_in)
    return found


def entries(book: Codebook, question: Question, language: Language) -> dict[str, int]:
    """What may be chosen in a cell of the question, each with its code.

    A label that would read as no answer goes with its code; yes and no have no label of their own.
    """
    if question.type == "multi":
        return {TICK: 1}
    if question.type == "binary" and not question.options:
        return {label(f"questionnaire.{word}", language): code for word, code in YES.items()}
    texts = ((option.code, option.text[language]) for option in question.options)
    return {f"{code} {text}" if text in book.tokens else text: code for code, text in texts}


def _signs(book: Codebook, language: Language) -> dict[tuple[str, str], str]:
    """Variable and entry -> the code that it stands for, where that is no option in its words."""
    return {
        (variable, entry): str(code)
        for question in book
        for entry, code in entries(book, question, language).items()
        if all(entry != option.text[language] for option in question.options)
        for variable in question.variables
    }


def _marks(sheet: Sheet, printed: set[tuple[str, str]]) -> np.ndarray:
    """What is printed on a form is a note, all else that stands beside the answers unmatched."""
    mark = np.full(sheet.shape, REASONS.index("note"), np.uint8)
    for row, column in np.argwhere(sheet.kind != CellKind.EMPTY).tolist():
        if (str(column), sheet.text.iat[row, column]) not in printed:
            mark[row, column] = REASONS.index("unmatched")
    return mark


def _places(sheet: Sheet, ids: Sheet, headings: Headings) -> Iterator[tuple[str, tuple[int, int]]]:
    """Each variable with the cell of its answer."""
    text = sheet.text.to_numpy(object)
    heads = np.argwhere(text == ids.text.iat[1, 1])
    if len(heads) != 1:
        raise sheet.error(
            "the column of answers ({heading}) is there {n} times",
            hint="bring its heading back, as it was sent",
            heading=ids.text.iat[1, 1],
            n=len(heads),
        )
    column, again = int(heads[0][1]), "ask for the form as it was sent, filled in once more"
    for variable, mark in ids.text.iloc[2:, [0, 1]].itertuples(index=False):
        if not variable:
            continue
        if not variable.startswith("@") and variable not in headings.book.question_of:
            what = "the codebook {codebook} has no {variable}"
            raise sheet.error(what, hint=again, codebook=headings.book.id, variable=variable)
        rows = np.flatnonzero(text[:, 0] == mark)
        if (n := len(rows)) != 1:
            raise sheet.error("{n} rows of the form are marked {mark}", hint=again, n=n, mark=mark)
        yield variable, (int(rows[0]), column)
