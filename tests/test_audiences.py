"""What leaves the house: strings and numbers planted in every answer, searched in every byte."""

import base64
import dataclasses
import gzip
import io
import json
import re
import shutil
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import openpyxl
import pytest
import yaml
from scipy.optimize import linprog

import hidden
from analysis import Survey, arrivals, disclosure, tables, visit_forms
from analysis.codebook import Codebook
from analysis.fingerprints import hash_file, hash_folder
from analysis.outputs import NotAvailable, Table
from analysis.refresh import refresh
from analysis.report import (
    change_tables,
    changes,
    exploring,
    profile,
    shown,
    types,
)
from analysis.simulate import simulate
from analysis.survey import prepare
from analysis.wave import Wave

ROOT = Path(__file__).parents[1]
STEMS = ["鰐淵", "螢窪", "鷺潟", "梟峠", "鰆浦", "蛤坂", "鶉野", "鰡崎"]
STEMS += ["狢沢", "鼬原", "鮠瀬", "鶸丘", "鯰江", "蟷野", "鵲橋"]
PREFECTURE, FILE, SHEET, VISIT = (
    "狛枝県",
    "鰐淵市からの回答.xlsx",
    "螢窪市の回答票",
    "聞き取りの合言葉",
)
NUMBERS = {"Q03": 300_017, "Q05": 20_011}  # unlike any other number, and different in each row


def wave(folder):
    """A wave with its canaries: what may nowhere be found, by kind."""
    book = Codebook.read("it-staffing")
    drawn = simulate(15, seed=7, codebook=book)
    rows = arrivals.table(drawn, book)
    planted = {"name": [], "code": [], "number": [], "text": [], "raw": []}
    asked = []
    for at, row in enumerate(rows):
        name = f"{STEMS[at]}{'市' if at % 3 else '町'}"
        asked.append({"code": row["Q01"], "name": name, "prefecture": PREFECTURE})
        asked[-1]["size_class"] = ("core_city", "other_city", "town_village")[at % 3]
        row["Q00"], row["Q36"] = name, f"自由記述の合言葉{at}番"
        planted["name"].append(STEMS[at])
        planted["code"] += [row["Q01"], row["Q01"][:5]]
        planted["text"].append(row["Q36"])
        for key, start in NUMBERS.items():
            row[key] = start + 1_313 * at
            planted["number"] += [str(row[key]), f"{row[key]:,}"]
    last = rows[-1]  # an answer that is none, in every cell
    for key in [k for k in last if k not in {"Q00", "Q01", "Q36"}]:
        last[key] = f"合言葉{key}"
        planted["raw"].append(last[key])
    content = openpyxl.load_workbook(io.BytesIO(arrivals.workbook(rows, book)))
    sheet = content["回答"]
    sheet.title, content.properties.creator = SHEET, "作成者の合言葉"
    sheet.cell(7, sheet.max_column + 1, "欄外の合言葉")
    sheet["C7"].comment = openpyxl.comments.Comment("コメントの合言葉", "記入者の合言葉")
    hidden_sheet = content.create_sheet("隠しシートの合言葉")
    hidden_sheet["A1"], hidden_sheet.sheet_state = "隠しセルの合言葉", "hidden"
    folder.mkdir(parents=True)
    content.save(folder / FILE)
    about = {
        "title": {"ja": "【架空データ】合成調査", "en": "Invented survey"},
        "as_of": "2019-04-01",
        "publisher": {"ja": "架空データ", "en": "Invented data"},
        "codebook": "it-staffing",
        "data": "invented",
        "invited": asked,
        "files": [{"path": FILE, "layout": "rows", "sheet": SHEET}],
    }
    (folder / "wave.yml").write_text(yaml.safe_dump(about, allow_unicode=True), encoding="utf-8")
    form = visit_forms.form({last["Q01"]: asked[-1]["name"]}, {}, "架空データ", "ja")
    record = openpyxl.load_workbook(io.BytesIO(form))
    for cells in record.active.iter_rows():
        if isinstance(cells[0].value, int | float):
            cells[4].value, cells[7].value = VISIT, "可"
    (folder / "visits").mkdir()
    record.save(folder / "visits" / "合言葉の記録.xlsx")
    planted["place"] = ["合言葉", FILE, SHEET, PREFECTURE]
    planted["hash"] = [hash_file(folder / FILE), hash_file(folder / "wave.yml")]
    planted["hash"] += [hash_folder(folder), hash_folder(folder)[:16]]
    return planted


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A project refreshed for the public and for the committee, and what was planted."""
    root = tmp_path_factory.mktemp("project")
    for folder in ("data/codebooks", "data/cases", "notebooks"):
        shutil.copytree(ROOT / folder, root / folder)
    (root / "requirements.lock").write_text("")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ROOT", str(root))
        patch.delenv("WORKBENCH_REPORTS", raising=False)
        planted = wave(root / "data" / "raw" / "kept")
        given = {"visits": planted["code"][0]}
        for audience in ("public", "committee"):
            named = ("01_clean", "02_explore", "05_site_visits", "06_report")
            only = None if audience == "public" else named
            record = refresh("kept", audience=audience, parameters=given, notebooks=only)
            done = {ran.name for ran in record.notebooks if ran.status == "ok"}
            assert done >= set(only or done) and (only or record.ok), record.summary()
    return root, planted


def test_the_search_finds_what_is_packed_away(tmp_path):
    needle = "合言葉"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", f"1 {needle}")
    text = b"x\0\0\0\0\0" + zlib.compress(f"2 {needle}".encode())
    chunk = struct.pack(">I", len(text)) + b"iTXt" + text + b"crc "
    csv = base64.b64encode(needle.encode("utf-16-le") * 9).decode()
    files = {
        "a.zip": inner.getvalue(),
        "b.gz": gzip.compress(f"3 {needle}".encode()),
        "c.png": hidden.PNG + chunk,
        "d.html": f'<a href="data:text/csv;base64,{csv}">'.encode(),
        "e.json": json.dumps({"x": needle}).encode(),
        "f.html": f"4 {''.join(f'&#{ord(c)};' for c in needle)}".encode(),
        f"{needle}.txt": b"",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    hits = hidden.found(tmp_path, [needle])
    assert {hit.split(" in ")[1].split(" > ")[0] for hit in hits} == set(files)
    (tmp_path / "a.zip").write_bytes(b"300017 1300017 300017.5")
    assert len(hidden.found(tmp_path, ["300017"])) == 1
    (tmp_path / "a.zip").write_bytes(b"1300017 300017.5 a300017")
    assert hidden.found(tmp_path, ["300017"]) == []


def test_nothing_planted_is_public(published):
    root, planted = published
    folder = root / "reports" / "kept.public"
    needles = [needle for kind in planted.values() for needle in kind]
    assert hidden.found(folder, [*needles, str(root)]) == []
    key = (root / ".workbench" / "pseudonym.key").read_bytes()
    assert hidden.found(folder, [key.hex(), base64.b64encode(key).decode()]) == []


def test_committee_sees_names_but_no_text_and_no_file(published):
    root, planted = published
    folder = root / "reports" / "kept.committee"
    needles = [*planted["text"], *planted["raw"], FILE, SHEET, *planted["hash"], str(root)]
    assert hidden.found(folder, [*needles, "欄外の合言葉", "コメントの合言葉", "隠し"]) == []
    assert hidden.found(folder, [planted["name"][0]])  # or the search would prove nothing


# --- what tables give back ------------------------------------------------------------------


def possible(shape, known, cell):
    """Least and greatest count that a cell of a table can have, given the sums that are known.

    `known`: (cells, sum). The tables are networks, so the ends of the linear programme are whole.
    """
    size = shape[0] * shape[1]
    at = np.arange(size).reshape(shape)
    sums = np.zeros((len(known), size))
    for row, (cells, _) in enumerate(known):
        sums[row, [at[cell] for cell in cells]] = 1
    ends = []
    for sign in (1, -1):
        aim = np.zeros(size)
        aim[at[cell]] = sign
        ends.append(linprog(aim, A_eq=sums, b_eq=[total for _, total in known]).x[at[cell]])
    return [round(float(end), 6) for end in ends]


def attacked(question, labels, freq, cross, truth, everyone, parts):
    """The cells of a question that follow from what is published and should not."""
    groups = list(truth.counts)
    sets = [[label] for label in labels] if question.type == "multi" else [labels]
    for rows in sets:
        counts = truth.counts.loc[rows].to_numpy(int)
        if question.type == "multi":
            counts = np.vstack([counts, truth.n.to_numpy(int) - counts])
        known = []
        for j, group in enumerate(groups):
            known.append(([(i, j) for i in range(len(counts))], truth.n[group]))
            for i, label in enumerate(rows):
                if cross[label][group] != shown.HIDDEN:
                    known.append(([(i, j)], counts[i, j]))
            known += [([(i, j) for i in part], counts[part, j].sum()) for part in parts]
        for i, label in enumerate(rows):
            if freq[label] != shown.HIDDEN:
                known.append(([(i, j) for j in range(len(groups))], counts[i].sum()))
        for i, j in np.ndindex(counts.shape):
            # where nobody named an option, it is no secret that a group of two did not
            secret = 0 < counts[i, j] < 3 and counts[i].sum() < counts.sum()
            secret |= everyone and i < len(rows) and 0 < counts[i, j] == truth.n.iloc[j]
            low, high = possible(counts.shape, known, (i, j)) if secret else (0, 1)
            if low == high:
                yield f"{question.id} {rows[min(i, len(rows) - 1)]} {groups[j]}: {counts[i, j]}"


@pytest.mark.parametrize("audience", ["public", "committee"])
def test_no_small_cell_follows_from_the_tables_together(audience, tmp_path):
    """Simple table, cross table and the n of follow-up questions, as published, against the data.

    For the committee the sensitive questions; there, that all of a group answer alike is secret
    too, since the members of a group have names.
    """
    survey = Survey.load("demo-2019", audience=audience, language="en", output=tmp_path)
    freq, cross = exploring.frequencies(survey).frame, exploring.cross(survey, "size_class").frame
    groups = disclosure.merged(survey.size_class, "other groups")
    tried, lost = 0, []
    for question in shown.shown_questions(survey):
        if question.type not in shown.COUNTED or not shown.protects(survey, question):
            continue
        head = f"{question.id} {question.label['en']}"
        simple = freq[freq["question"] == head].set_index("answer")["count"]
        by = cross[cross["question"] == head].set_index("answer")
        if by.empty:
            continue
        truth = tables.cross(survey.responses, survey.status, question, groups, "en")
        labels = list(truth.counts.index)
        codes = list(tables.labels_of(question, "en"))
        parts = disclosure.subtotals(question, survey.codebook) if question.type != "multi" else []
        parts = [[codes.index(code) for code in part] for part in parts] if len(parts) > 1 else []
        told = {label: dict(by.loc[label]) for label in labels}
        lost += attacked(question, labels, simple, told, truth, question.sensitive, parts)
        tried += 1
    assert lost == []
    assert tried >= (15 if audience == "public" else 3)


@pytest.mark.parametrize("audience", ["public", "committee"])
def test_a_comparison_of_waves_does_not_depend_on_protected_answers(
    audience, tmp_path, monkeypatch
):
    """So it adds nothing to what the tables of the two waves let anyone reckon back."""
    monkeypatch.setattr(types, "find", lambda *_, **__: NotAvailable("typology", "not here"))
    book = Codebook.read("it-staffing")
    secret = [q for q in book if q.role != "id" and (audience == "public" or q.sensitive)]

    def other(wave):
        """The same replies, each protected question answered by someone else."""
        cleaned = prepare(wave)
        responses, status = cleaned.responses.copy(), cleaned.status.copy()
        for at, question in enumerate(secret):
            order = np.random.default_rng(at).permutation(len(responses))
            for name in (v for v in question.variables if v in responses):
                responses[name] = responses[name].array[order]
                status[name] = status[name].array[order[::-1]]
        return dataclasses.replace(cleaned, responses=responses, status=status)

    told = []
    for source in (prepare, other):
        monkeypatch.setattr("analysis.survey.prepare", source)
        survey = Survey.load("demo-2020", audience=audience, output=tmp_path / source.__name__)
        pair = changes.compare(survey)
        parts = changes.who_answered, changes.denominators, changes.movers
        parts += change_tables.shares, change_tables.scales, change_tables.figure
        made = [part(survey, pair) for part in parts]
        told.append([changes.answer(survey, pair), *(repr(m._data()) for m in made)])
        assert {Table, NotAvailable} <= {type(m) for m in made}
    assert told[0] == told[1]


def test_a_committee_profile_does_not_depend_on_sensitive_answers(tmp_path):
    """Whatever all answered to the sensitive questions: the page of one says the same."""
    told = []
    content = yaml.safe_load((ROOT / "data/codebooks/it-staffing.yml").read_text(encoding="utf-8"))
    for question in content["questions"]:
        if question["id"] == "Q28":  # so that its organisation has a secret too
            question["sensitive"] = True
    (tmp_path / "book.yml").write_text(yaml.safe_dump(content, allow_unicode=True))
    book = Codebook.read(tmp_path / "book.yml")
    for change in (False, True):
        cleaned = prepare("demo-2019")
        if change:
            responses = cleaned.responses.copy()
            for question in (q for q in book if q.sensitive):
                for variable in question.variables:
                    responses[variable] = responses[variable].sample(frac=1, random_state=3).array
            cleaned = dataclasses.replace(cleaned, responses=responses)
        about = Wave.read("demo-2019")
        survey = Survey(cleaned, about, book, audience="committee", output=tmp_path / str(change))
        here = profile.place(survey, "990051")
        said = [profile.answer(survey, here).text, profile.confirm(survey, here).markdown]
        said += [profile.standing(survey, here).csv, profile.facts(survey, here).markdown]
        drawn = profile.organisation(survey, here)
        said += [drawn.csv, drawn.alt]
        assert "庁内横断組織 （この版では非公開）、情報政策担当課 なし" in drawn.alt
        # the steps give how a measure goes with sufficiency among all: no single answer
        said.append(
            re.sub("人材の充足との関係は[^、。]*", "", profile.steps(survey, here).markdown)
        )
        told.append([*said, profile.its_answers(survey, here).csv])
    assert told[0] == told[1]
    assert "確保の方法" in told[0][-1] and "情報人材の充足感" not in "".join(told[0])
