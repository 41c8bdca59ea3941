"""A codebook proposed from a file, questions and types guessed; and the check of a codebook."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, count, groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from analysis.cleaning.own_words import tick
from analysis.codebook import municipality
from analysis.codebook.model import Codebook
from analysis.codebook.wave import WaveFile
from analysis.codebook.waves import SUFFIXES
from analysis.errors import localize, refusal, spoken
from analysis.intake import spss_stata, tools
from analysis.intake.files import is_archive, read_file
from analysis.intake.headings import IDENTITY, NUMBERED, is_technical, normalise
from analysis.intake.read import books_of
from analysis.intake.sheet import Sheet
from analysis.intake.tools.core import is_other, key
from analysis.yaml_file import text_of
from workbench import outputs
from workbench.office import definitions, guesses
from workbench.office.columns import (
    QUESTION_NUMBER,
    RECEIVED,
    Filled,
    answer_in_heading,
    as_item,
    as_option,
    by_their_cells,
    is_alone,
    of_package,
    read_columns,
    with_owners,
)
from workbench.office.definitions import Definition, of_dictionary, of_structure, of_xlsform
from workbench.office.options import (
    DRAFTING,
    KIND_OF,
    MISSING,
    Drafted,
    both,
    graded,
    is_chosen,
    plain,
    scale,
    tells,
    with_other,
)

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
VARIABLE = r"[A-Za-z][A-Za-z0-9]*(_[A-Za-z0-9]+)*"
BRACKETED = re.compile(r"[(（]([^()（）]{1,6})[)）]")
NUMBERS_BEHIND = re.compile(r"(?<=\w)(?:[._]\d{1,2}){1,2}$")  # P2.8.1.1
NAME = re.compile(r"(?!.*\.\w{2,4}$)[^/\n]{1,120}")  # no link, file or sentence
ASIDE = ("record", "personal")  # kinds of columns that are no questions
ColumnGroup = list[Filled]  # the columns of one question


def codebook(action: str, file: str, out: Path | None, tool: str | None) -> str:
    """``workbench codebook``: draft one from a file, or check one; what to print."""
    if action == "draft":
        outputs.refuse_others([out] if out else [], "codebook draft")
        text = draft(file, tool)
        if out is None:
            return text
        outputs.write({out: text}, "codebook draft")
        return localize("{out}: a draft to finish by hand; workbench codebook check {out}", out=out)
    for option, given in (("--out", out), ("--tool", tool)):
        if given is not None:
            raise refusal("draft.only", option=option)
    if Path(file).is_file() and Path(file).suffix not in {".yml", ".yaml"}:
        raise refusal("draft.no_codebook", file=file)
    return check(file)


def draft(file: str | Path, tool: str | None = None) -> str:
    """The YAML text of a proposed codebook for a data file (xlsx, csv, tsv, SPSS or
    Stata), or for the definition of a questionnaire (XLSForm, REDCap, LimeSurvey).

    `tool`: the form tool that wrote the file, ``none`` where none did; else found by content.

    Raises InputError: the file cannot be read, or holds no table with a heading and records.
    """
    file = Path(file)
    if file.is_dir():
        raise refusal("draft.folder", file=file)
    suffix = file.suffix.lower()
    if suffix in definitions.STRUCTURES:
        return _of_definition(of_structure(file), file)
    inside = books_of(file.parent, WaveFile(path=file.name)) if is_archive(file) else None
    sheets = [sheet for book in inside or [read_file(file)] for sheet in book]
    if (definition := of_xlsform(sheets) or of_dictionary(sheets)) is not None:
        return _of_definition(definition, file)
    sav = spss_stata.read(file, file.name) if suffix in SUFFIXES["sav"] | SUFFIXES["dta"] else None
    sheet, columns, export = read_columns(sheets, sav, tool)
    records = max((len(column.texts) for column in columns), default=0)
    answers = [column for column in columns if column.kind not in ASIDE]
    if not records or all(column.kind == "other" for column in answers):
        raise sheet.refusal("draft.no_heading")
    if beside := answer_in_heading([column.heading for column in columns]):
        raise sheet.refusal("draft.form", beside=beside)
    aside = [own.heading for own in columns if own.kind in ASIDE and own.heading]
    texts = [{*column.texts} for column in answers]
    markers = guesses.recurring(texts)
    unticked = guesses.not_chosen(texts, markers)
    markers = [marker for marker in markers if marker not in unticked]
    tokens = {*KIND_OF, *markers}
    if export is None and sav is None:
        answers = by_their_cells(answers, tokens, unticked)
    proposal = _Questions(answers, sav, export, tokens)
    book = _book(file, file.stem, proposal.questions, markers)
    # of an export its tool says what it keeps for itself
    if ignored := [heading for heading in aside if export is None or is_technical(heading)]:
        book["ignore"] = ignored
    head = DRAFTING["head"].format(file=file.name)
    head += DRAFTING["guessed"].format(n=records, question=proposal.questions[0]["id"])
    head += _how_read(sheet, export)
    head += f"# {', '.join(unticked)}: of options that were not chosen\n" if unticked else ""
    who = {"code", "name"} & {one.get("identity") for one in proposal.questions}
    if not who and (id := proposal.different):
        head += f"# who replied? {id} differs in every record: role: id, identity: name\n"
    head += _not_in_the_draft(sheet, sheets, aside)
    return _written(head, book, proposal.remarks)


def _how_read(sheet: Sheet, export: tools.Export | None) -> str:
    """By which tool and in which layout the file was read, as comments at the top of the draft."""
    text = f"# read as an export of {export.tool} (--tool)\n" if export else ""
    text += DRAFTING["structure"].get(export.tool, "") if export else ""
    across = "# read with a column a municipality (--layout columns)\n"
    return text + (across if sheet.transposed else "")


def _not_in_the_draft(sheet: Sheet, sheets: Sequence[Sheet], aside: Sequence[str]) -> str:
    """The columns `aside` and the sheets of which the draft has no question, as comments."""
    pages = [name for _, name in sheet.pages]
    unread = (one for one in sheets if one.sheet not in {sheet.sheet, *pages})
    others = [one.sheet for one in unread if (one.kind > 0).any()]
    listed = {
        "left out, no questions": aside,
        "sheets with the same headings": pages,
        "other sheets, not looked at": others,
    }
    return "".join(f"# {what}: {', '.join(own)}\n" for what, own in listed.items() if own)


def _of_definition(definition: Definition, file: Path) -> str:
    """The codebook of a questionnaire as its tool defines it."""
    if not (questions := definition.questions):
        raise refusal("draft.no_question", file=file)
    names = {question["id"] for question in questions}
    for question in questions:
        words = {normalise(question[entry]) for entry in ("ja", "en", "id")}
        for what, texts in IDENTITY.items():
            known = any(one.get("identity") == what for one in questions)
            own = question["type"] == "text" and question["id"] not in definition.lost
            if own and not known and words & {*map(normalise, texts)}:
                question |= {"role": "id", "identity": what}
        owner = question["id"].removesuffix("_other")
        if owner != question["id"] and owner in names:
            question["other_of"] = owner
    notes = [f"# left out: {id}: {why}\n" for id, why in definition.lost.items() if id not in names]
    head = "".join([DRAFTING["head"].format(file=file.name), *notes])
    return _written(head, _book(file, definition.title, questions, []), definition.lost)


def _book(file: Path, title: str, questions: list[Drafted], markers: list[str]) -> dict[str, Any]:
    """The content of a codebook with these questions; `markers` stand for no answer, too."""
    missing = {kind: {**marker} for kind, marker in MISSING.items()}
    missing["no_answer"]["tokens"] = [*missing["no_answer"]["tokens"], *markers]
    return {
        "id": re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "draft",
        "title": both(title),
        "version": "0.1",
        "missing": missing,
        "sections": [{"id": "A", "ja": "設問", "en": "Questions"}],
        "questions": questions,
    }


def _written(head: str, book: dict[str, Any], remarks: dict[str, str]) -> str:
    """The YAML of a codebook that is valid, with `remarks` on what was seen behind the ids."""
    Codebook.parse(book)
    left = {**remarks}

    def seen(id: re.Match[str]) -> str:
        return f"{id[0]}  # seen: {left.pop(id[1])}" if id[1] in left else id[0]

    return head + re.sub(r"(?m)- id: (.+)$", seen, text_of(book, width=100))


class _Questions:
    """The questions proposed for the columns of a file, and what was seen of each.

    `tokens`: what stands for no answer in all columns.
    """

    def __init__(
        self,
        columns: Sequence[Filled],
        sav: spss_stata.LabelledFile | None,
        export: tools.Export | None,
        tokens: set[str],
    ) -> None:
        # those of which the reader of the tool says it need no question of their own to be read
        told = {column.heading for column in columns if export and column.kind == "other"}
        columns = list(with_owners(columns))
        self.of_question: dict[str, ColumnGroup] = {}
        for column in columns:
            self.of_question.setdefault(column.question, []).append(column)
        self.export, self.tokens = export, tokens
        asked = [column for column in columns if column.kind != "other"]
        groups = of_package(asked, sav) if sav else self._groups(asked)
        heads = [column.heading for column in asked] + [own[0].text for own in groups if own[1:]]
        lasts = Counter(head.rpartition(" / ")[2] for head in heads)
        self.questions: list[Drafted] = []
        self.known: set[str] = set()  # of who replied and when, what some question asks
        self.remarks: dict[str, str] = {}
        self.single: list[tuple[Drafted, Filled]] = []  # questions of one column
        by_name: dict[str, Drafted] = {}
        for id, own in zip(self._ids(groups), groups, strict=True):
            question = self._several(id, own) if len(own) > 1 else self._single(id, own[0])
            above, _, last = (own[0].heading if len(own) == 1 else own[0].text).rpartition(" / ")
            if above and lasts[last] == 1 and not (own[0].name or export):
                question["source"] = [last]  # a heading of two rows: what stands in the cell
            self.questions.append(question)
            self.single += [(question, own[0])] * (len(own) == 1)
            by_name[own[0].question] = question
            self.remarks[id] = _summary(question, own)
        others = [column for column in columns if column.kind == "other"]
        many = Counter(column.question for column in others)
        for column in others:
            owner = by_name.get(column.question, {})
            code = self._code_of_other(column)
            chosen = owner.get("type") in {"single", "ordinal", "multi"}
            if chosen and with_other(owner, code, alone=many[column.question] == 1):
                if column.heading in told or not is_alone(column):
                    continue
                words = {"id": f"{owner['id']}_other", "other_of": owner["id"]}
            else:  # beside a number or another option there is no option "other"
                words = {"id": f"{owner.get('id', 'X')}_words{len(self.questions)}"}
            alone = replace(column, kind="answer", name="", text=column.heading, cells=())  # a text
            self.questions.append(self._single(words["id"], alone) | words | {"free": True})
        self._count_alike()
        self._rate_blocks()
        self._name_who()

    def _count_alike(self) -> None:
        """Small numbers are counts where others of one family, such as P2.8.1.1, are."""

        def family(column: Filled) -> str:
            return NUMBERS_BEHIND.sub("", column.heading) if not column.has_part else ""

        counted = {family(own) for one, own in self.single if one["type"] == "integer"} - {""}
        for question, column in self.single:
            numbers = self._answers([column])[0]
            alike = family(column) in counted and NUMBERS_BEHIND.search(column.heading)
            small = question["type"] in {"single", "binary"} and all(map(str.isdecimal, numbers))
            if alike and small:
                question.pop("options", None)
                question |= guesses.of_column(numbers, column.heading, "count", {}, (), False)

    def _rate_blocks(self) -> None:
        """Numbers without words from 1 to 5 or 7 below three questions in a row are a scale.

        Each must use four of its points: fewer may be codes of anything.
        """
        columns = {one["id"]: own for one, own in self.single}

        def points(question: Drafted) -> int:
            codes = [o["code"] for o in question.get("options", ()) if "to fill in" in o["en"]]
            texts = columns[question["id"]].texts if question["id"] in columns else ()
            used = [code for code in codes if str(code) in texts]
            full = question["type"] == "single" and len(codes) == len(question["options"])
            return codes[-1] if full and codes[:1] == [1] and len(used) > 3 else 0

        for top, run in groupby(self.questions, key=points):
            block = [*run]
            for question in block if top in (5, 7) and len(block) > 2 else ():
                question["type"] = "ordinal"

    def _name_who(self) -> None:
        """Where no heading says who replied, the first column of codes and that of names do."""
        ways = {
            "code": lambda text: municipality.parse_code(text)[0],
            "name": lambda text: municipality.resolve(text).how in {"exact", "variant"},
        }
        if {*ways} & {question.get("identity") for question in self.questions}:
            return
        for what, known in ways.items():
            for question, column in self.single:
                texts = {*column.texts}
                if len(texts) > 1 and sum(map(bool, map(known, texts))) > 0.8 * len(texts):
                    for entry in question.keys() - {"id", "section", "ja", "en", "source"}:
                        del question[entry]
                    question |= {"type": "text", "role": "id", "identity": what}
                    break

    @property
    def different(self) -> str:
        """The first question of short texts that no two records share; empty if there is none."""
        for question, column in self.single:
            named = question["type"] == "text" and all(map(NAME.fullmatch, column.texts))
            if named and all(column.cells) and len({*column.texts}) == len(column.cells) > 1:
                return str(question["id"])
        return ""

    def _answers(self, columns: Sequence[Filled]) -> list[list[str]]:
        """The answers in each column, without what stands for no answer."""
        return [[text for text in own.texts if text not in self.tokens] for own in columns]

    # --- columns of one question -----------------------------------------------------------------

    def _groups(self, columns: Sequence[Filled]) -> list[ColumnGroup]:
        """The columns of each question; most have one."""
        sure = self.export is not None  # a form tool says which belong together
        # side by side, also where it writes a remark beside each option
        whose = [
            (own.has_part and (own.name or (sure and own.text))) or at
            for at, own in enumerate(columns)
        ]
        first: dict[Any, int] = {}
        places = sorted(range(len(columns)), key=lambda at: first.setdefault(whose[at], at))
        columns = [columns[at] for at in places]
        groups: list[ColumnGroup] = []
        runs = (self._alike([*run]) for _, run in groupby(columns, key=attrgetter("shared")))
        for own in chain.from_iterable(runs):
            labels, parted = [column.part or column.part_name for column in own], own[0].has_part
            answers, kind = self._answers(own), ""
            if own[0].shared and len(own) > 1 and (not parted or len({*labels}) == len(own)):
                kind = guesses.several(answers, labels, parted, sure)
            # of an array each cell is a question, of a grid of boxes each line
            words = [text for column in answers for text in column]
            boxes = kind == "battery" and sure and guesses.joined(words, own[0].text)
            apart = kind != "multi" and (own[0].cell or boxes)
            if not apart and (kind == "battery" or (kind == "multi" and parted)):
                groups.append(own)
            else:
                grouped = own[0].part == own[0].heading
                alone = [column.alone if apart or sure or grouped else column for column in own]
                one = [[replace(alone[0], name=own[0].name)]]  # has the name of its question
                groups += [[column] for column in alone] if len(own) > 1 else one
        return _statements(groups)

    def _alike(self, own: ColumnGroup) -> list[ColumnGroup]:
        """The columns of one question, apart where some may be its options and others its items.

        Options without words have those of the one answer that stands in the column of each.
        """
        if self.export or not own[0].has_part:  # a form tool says it
            return [own]
        texts = self._answers(own)
        chosen = [{text for text in words if tick(text) is not False} for words in texts]
        firsts = [min(words) for words in chosen if words]
        if len({*firsts}) == len(firsts) > 1 == max(map(len, chosen)):
            own = [
                column
                if column.part and not column.part.isdecimal()
                else replace(column, part=min(words, default=column.part))
                for column, words in zip(own, chosen, strict=True)
            ]
        counts = Counter(text for words in texts for text in {*words})
        like = ["ticks"]
        for column, words in zip(own, texts, strict=True):
            if not words or (is_other(column.part) and like[-1] != "points"):
                like.append(like[-1])
            elif {*map(plain, words)} == {plain(column.part)}:
                like.append("its words")
            elif sum(tick(text) is not None for text in words) >= guesses.MOSTLY * len(words):
                like.append("ticks")
            else:
                like.append("points" if any(counts[t] > 1 for t in words) else column.heading)
        runs = groupby(zip(like[1:], own, strict=True), key=lambda pair: pair[0])
        return [[column for _, column in run] for _, run in runs]

    def _ids(self, groups: Sequence[ColumnGroup]) -> list[str]:
        """The questions' ids as the file has them, else numbers that no heading claims."""
        own: dict[int, str] = {}
        taken = set[str]()
        claimed = set[str]()  # also by the question above several columns
        for i, group in enumerate(groups):
            first = group[0]
            name = first.shared.rstrip("_") if len(group) > 1 and first.name else first.name
            if name and re.fullmatch(VARIABLE, name) and name not in taken:
                own[i] = name.upper() if name == "code" else name
            elif first.name and self.export is None:  # a variable of a statistics package
                own[i] = f"V{i + 1:02}"
            else:
                headings = [first.text] if len(group) > 1 else first.heading.split(" / ")
                for numbered in filter(None, map(NUMBERED.match, map(normalise, headings))):
                    claimed.add(id := f"Q{int(numbered[1]):02}")
                    id += f"_{int(numbered[2])}" if numbered[2] else ""
                    if id not in taken:
                        own[i] = id
            taken.add(own.get(i, ""))
        claimed |= {*own.values()}
        free = (id for number in count(1) if (id := f"Q{number:02}") not in claimed)
        return [own.get(i) or next(free) for i in range(len(groups))]

    def _several(self, id: str, own: ColumnGroup) -> Drafted:
        """The question whose options or items stand in columns of their own."""
        answers, parted = self._answers(own), own[0].has_part
        labels = [column.part or column.part_name or column.text for column in own]
        if own[0].counted or own[0].labels:
            kind = "multi" if own[0].counted else "battery"
        else:
            kind = guesses.several(answers, labels, parted, self.export is not None) or "multi"
        text = own[0].text if parted else ""
        stem = own[0].name if parted else own[0].shared.rstrip("_")
        words = QUESTION_NUMBER.sub("", text) or text or stem
        question: Drafted = {"id": id, "section": "A", "type": kind, "role": "describe"}
        to_fill_in = {"ja": "設問文 (to fill in)", "en": "question (to fill in)"}
        question |= both(words) if words else to_fill_in
        if text and text != words:
            question["source"] = [text]
        numbers = [int(c.part_name) if c.part_name.isdecimal() else 0 for c in own]
        if 0 in numbers or len({*numbers}) < len(numbers):
            numbers = list(range(1, len(own) + 1))
        if kind == "multi":
            question["options"] = [as_option(*pair) for pair in zip(numbers, own, strict=True)]
            return question | ({"ticks": own[0].ticks} if own[0].ticks else {})
        if own[0].labels:
            never = DRAFTING["never_an_answer"]
            codes = {code for column in own for code in column.missing}
            codes |= {code for code, words in own[0].labels.items() if words.strip() in never}
            guess = guesses.of_value_labels(own[0].labels, sorted(codes)) or {}
        else:
            guess = guesses.battery([text for column in answers for text in column])
        items = [as_item(id, *pair) for pair in zip(numbers, own, strict=True)]
        return question | guess | {"type": "battery", "items": items}

    # --- one column ------------------------------------------------------------------------------

    def _single(self, id: str, column: Filled) -> Drafted:
        """The question of one column."""
        label = "" if column.has_part else column.text or column.name
        label = label or column.heading
        question: Drafted = {"id": id, "section": "A", "type": "text", "role": "describe"}
        numbered = NUMBERED.match(normalise(label))
        words = numbered[3].strip("-_:.、)") if numbered and numbered[3] else normalise(label)
        names = {words, normalise(column.name)}
        identity = [what for what, known in IDENTITY.items() if names & {*map(normalise, known)}]
        if len({*column.texts}) < 0.5 * len(column.texts):  # 1 and 0 below "code" are none
            identity = [what for what in identity if what not in {"code", "name"}]
        identity = [what for what in identity if what not in self.known]  # the first says it
        if identity:
            question |= {"role": "id", "identity": identity[0]}
        text = label if label == column.name else QUESTION_NUMBER.sub("", label) or label
        question |= both(text) | {"source": [column.heading]}
        if self.export is None and column.name not in ("", label):
            question["source"] = [column.name, label]
        if tells("free", text):
            question["free"] = True
        elif not identity:
            question |= self._guess(column, label, text)
        unit = BRACKETED.search(label)
        if question["type"] in {"integer", "ratio"} and unit and unit[1] in guesses.UNIT_OF:
            question["unit"] = {"ja": unit[1], "en": guesses.UNIT_OF[unit[1]]}
            without = question["ja"].replace(unit[0], "").strip()  # axes add the unit
            question |= both(without or question["ja"])
        if question["type"] == "date" and words.endswith("年月"):
            question["precision"] = "month"
        sent = column.kind == "received" or key(words) in RECEIVED
        if question["type"] == "date" and sent and "received" not in self.known:
            question |= {"role": "id", "identity": "received"}
            fixed = self.export and self.export.tool in {"surveymonkey", "ms-forms"}
            if fixed and any(map(guesses.SLASHED.match, column.texts)):
                question.setdefault("dates", "mdy")  # others write as the person's country does
        self.known |= {question["identity"]} if "identity" in question else set()
        return question

    def _guess(self, column: Filled, label: str, text: str) -> Drafted:
        """Type and options of one column, with what its package or its tool says of it."""
        answers, export = self._answers([column])[0], self.export
        kind = "count" if column.cell == "number" else ""
        kind = kind or ("share" if "%" in normalise(label) or "率" in label else "")
        kind = kind or ("count" if tells("count", BRACKETED.sub("", text)) else "")
        named = export and export.tool == "odk" and column.name and not graded({*answers})
        if named and (names := guesses.by_space(answers)):
            return names
        several = export is None or export.joined
        heading = "複数" * (column.says == "several") + label
        guess = guesses.of_column(answers, heading, kind, column.labels, column.missing, several)
        if column.says == "several" and guess.get("options"):
            guess["type"] = "multi"
        elif column.says == "ordinal" and guess.get("type") == "single" and column.labels:
            guess["type"] = "ordinal"
        elif column.says == "date" and DAY.match(answers[0] if answers else ""):
            guess["type"] = "date"
        return guess

    def _code_of_other(self, words: Filled) -> int | None:
        """The code of the option "other": the one answer of all who wrote words beside it."""
        if words.part_name.isdecimal():
            return int(words.part_name)
        owners = [c for c in self.of_question[words.question] if c is not words]
        wrote = [bool(text) for text in words.cells]
        for owner in owners if any(wrote) else ():
            if owner.part_name.isdecimal() and wrote == [*map(is_chosen, owner.cells)]:
                return int(owner.part_name)
        if len(owners) != 1:
            return None
        chosen = [{*re.findall(r"\d+", plain(text))} for text in owners[0].cells]
        codes = set.intersection(*(own for own, text in zip(chosen, wrote, strict=True) if text))
        if len(codes) > 1:
            codes = {code for code in codes if [code in own for own in chosen] == wrote}
        return int(min(codes)) if len(codes) == 1 else None


def _statements(groups: list[ColumnGroup]) -> list[ColumnGroup]:
    """Join neighbouring columns answered on one scale: they are the items of one question."""
    questions: list[ColumnGroup] = []
    known: set[str] = set()  # the answers to the items so far
    for own in groups:
        answers = {*own[0].texts}
        alone = len(own) == 1 and not own[0].has_part
        if known and alone and answers <= known and (len(answers) > 1 or scale(known)):
            questions[-1].append(own[0])
            continue
        known = set()
        joint = [*questions[-1], *own] if questions and len(own) == 1 else []
        if joint and not any(column.has_part for column in joint):
            values = [column.texts for column in joint]
            texts = [text for own in values for text in own]
            if not any(map(str.isdecimal, texts)) and not guesses.joined(texts, joint[0].text):
                labels = [column.text for column in joint]
                if guesses.several(values, labels) == "battery":
                    questions[-1], known = joint, {*texts}
                    continue
        questions.append(own)
    return questions


def _summary(question: Drafted, own: ColumnGroup) -> str:
    """How often and what, in a few words; a multiple answer that never was one is named."""
    texts = [text for column in own for text in column.texts]
    common = [" ".join(t.split())[:12] for t, _ in Counter(texts).most_common(4)]
    summary = f"{len(texts)} filled, {len(set(texts))} different: " + " | ".join(common)
    if question["type"] == "multi":
        if len(own) == 1:
            sizes = [len(re.split(r"[;；|、，,\n・/]\s*", text.strip("; "))) for text in texts]
        else:
            rows = zip(*(column.cells for column in own), strict=True)
            sizes = [sum(map(is_chosen, row)) for row in rows]
        if min(sizes) == len(question["options"]) > 2:
            summary += "; everybody chose all: is it a ranking? the order is not read"
        if max(sizes) < 2:
            summary += "; nobody chose two: is it one answer of several?"
    if own[0].cell and question["type"] in {"single", "ordinal"}:
        summary += "; one line of an array: those with the same options may be one battery"
    return summary


# --- the check of a codebook ---------------------------------------------------------------------

OPEN = re.compile(r"\(to translate\)|\(to fill in\)|^選択肢\d+$|（未記入）|（要翻訳）")
SHOWN = 20  # open texts that are listed


def check(codebook: str) -> str:
    """What a codebook holds, and which of its texts a draft left open.

    Raises InputError: there is no such codebook, or it has faults: all of them are listed.
    """
    file, content = Codebook.read_content(codebook)
    if faults := Codebook.faults(content, file):
        listed = "".join(f"\n- {fault.say(spoken())}" for fault in faults)
        id = "codebook.several_faults" if len(faults) > 1 else "codebook.one_fault"
        raise refusal(id, file=file, n=len(faults), listed=listed)
    book = Codebook.parse(content, file=file)
    what, n = "{book}: {n} questions, {variables} variables, no fault", len(book.questions)
    lines = [localize(what, book=book.id, n=n, variables=len(book.variables))]
    if gaps := list(open_texts(content)):
        lines.append(localize("{n} texts are still to be filled in:", n=len(gaps)))
        lines += [f"- {place}: {text}" for place, text in gaps[:SHOWN]]
    if len(gaps) > SHOWN:
        lines.append(localize("- and {n} more", n=len(gaps) - SHOWN))
    return "\n".join(lines)


def open_texts(content: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each text that is marked as open, after its place in the file.

    >>> list(open_texts({"id": "Q1", "options": [{"code": 1, "ja": "選択肢1", "en": "yes"}]}))
    [('Q1 > options > 1 > ja', '選択肢1')]
    """
    if isinstance(content, str) and OPEN.search(content):
        yield place, content
    elif isinstance(content, list):
        for part in content:
            yield from open_texts(part, place)
    elif isinstance(content, dict):
        here = " > ".join(filter(None, (place, str(content.get("id", content.get("code", ""))))))
        for entry, part in content.items():
            listed = isinstance(part, list) and entry in {"questions", "sections"}
            yield from open_texts(part, here if listed else " > ".join(filter(None, (here, entry))))
