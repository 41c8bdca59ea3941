"""What leaves the house: strings and numbers planted in every answer, searched in every byte."""

import base64
import copy
import dataclasses
import gzip
import io
import itertools
import json
import random
import re
import shutil
import struct
import zipfile
import zlib
from pathlib import Path

import editions
import hidden
import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml
from notebook_run import run
from project import prepare, put_yaml

from analysis import Survey
from analysis import edition as shown
from analysis.cleaning import store
from analysis.codebook.model import Codebook
from analysis.codebook.questions import COUNTED
from analysis.codebook.rules import Expression
from analysis.codebook.wave import Wave
from analysis.fingerprints import hash_file, hash_folder, pseudonym
from analysis.results import cleaning, hypotheses, record_sheet, shortage, types
from analysis.show import NotAvailable, Table
from analysis.stats import tabulate
from analysis.stats.hypotheses import FEWEST
from analysis.typology import multiverse
from workbench import demo
from workbench.demo import simulate
from workbench.run.refresh import refresh

ROOT = Path(__file__).parents[3]
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
    drawn = simulate(15, seed=7)
    rows = demo.table(drawn)
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
    content = openpyxl.load_workbook(io.BytesIO(demo.workbook(rows, book)))
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
    put_yaml(folder / "wave.yml", about)
    form = record_sheet.form({last["Q01"]: asked[-1]["name"]}, {}, "架空データ", "ja")
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
    with editions.published(root), pytest.MonkeyPatch.context() as patch:
        few, typology = {"n_bootstrap": 20, "n_null": 19}, Survey.typology  # nothing leaks by draws
        patch.setattr(Survey, "typology", lambda of, **given: typology(of, **given | few))
        patch.setattr(multiverse, "IMPUTATIONS", 1)
        planted = wave(root / "data" / "raw" / "kept")
        given = {"visits": planted["code"][0]}
        for audience in ("public", "committee"):
            named = ("01_clean", "02_explore", "05_site_visits", "06_report")
            only = None if audience == "public" else named
            record = refresh("kept", audience=audience, parameters=given, notebooks=only, jobs=1)
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


def test_public_numbers_have_three_digits_and_single_out_nobody(published):
    """A statistic in full is a sum by which guesses can be checked; BIC of one class is one."""
    folder = published[0] / "reports" / "kept.public"
    files = [*folder.glob("figures/*.csv"), *folder.glob("tables/*.csv")]
    files = [file for file in files if "national" not in file.name]
    assert len(files) > 20
    for file in files:
        text = file.read_text(encoding="utf-8-sig")
        for number in re.findall(r"(?<![\w.])\d+\.\d+(?![\w.])", text):
            assert len(number.replace(".", "").strip("0")) <= 3, f"{number} in {file.name}"
    choice = pd.read_csv(folder / "figures" / "choice.csv")
    (bic,) = (column for column in choice if "BIC" in column)  # as a difference alone
    assert choice[bic].min() == 0
    key = (published[0] / ".workbench" / "pseudonym.key").read_bytes()
    codes = [code for code in published[1]["code"] if len(code) == 6]
    assert hidden.found(folder, [pseudonym(code, key) for code in codes]) == []


def test_committee_sees_names_but_no_text_and_no_file(published):
    root, planted = published
    folder = root / "reports" / "kept.committee"
    needles = [*planted["text"], *planted["raw"], FILE, SHEET, *planted["hash"], str(root)]
    assert hidden.found(folder, [*needles, "欄外の合言葉", "コメントの合言葉", "隠し"]) == []
    assert hidden.found(folder, [planted["name"][0]])  # or the search would prove nothing


# --- an attacker who knows the program and everything that the edition says -------------------


def ways(total, places):
    """Every way to share a total out among places."""
    for bars in itertools.combinations(range(total + places - 1), places - 1):
        ends = (-1, *bars, total + places - 1)
        yield tuple(b - a - 1 for a, b in itertools.pairwise(ends))


def guess(survey, question, counts):
    """The survey, were the answers to one question these (or its options ticked so often)."""
    there = np.flatnonzero(tabulate.has_answer(survey.status, question))
    responses = survey.responses.copy(deep=False)
    if question.type == "multi":
        for variable, count in zip(question.variables, counts, strict=True):
            responses[variable] = pd.array(np.isin(np.arange(survey.n), there[:count]), "boolean")
    else:
        values = np.zeros(survey.n)
        values[there] = np.repeat(list(tabulate.labels_of(question, "en")), counts)
        codes = pd.array(values.astype(int), "Int16")
        codes[np.setdiff1d(np.arange(survey.n), there)] = pd.NA
        responses[question.id] = codes
    other = copy.copy(survey)
    other.responses = responses
    return other


def seen(survey, question):
    """What the simple tabulation shows of a question."""
    counts = shown.frequency(survey, question).frame["count"].droplevel(["variable", "code"])
    return tuple((label, None if pd.isna(c) else int(c)) for label, c in counts.items())


def hypotheses_by(results, question):
    """Rules of groups by one question, and whether the page says that both sides have three."""
    known = results.set_index("id")["word"]
    words = {h.group: known[h.id] for h in Codebook.read("it-staffing").hypotheses if h.group}
    return {
        rule: word if word == "withheld" else word != "not testable"
        for rule, word in words.items()
        if Expression(rule).names == {question.id}
    }


def answers_possible(survey, question, said):
    """Every count of a question's answers with which the edition would say the same."""
    labels = list(tabulate.labels_of(question, "en").values())
    codes = list(tabulate.labels_of(question, "en"))
    out, n = seen(survey, question), shown.frequency(survey, question).n
    rest = n - sum(c for _, c in out if c is not None)
    rows = [([labels.index(name) for name in label.split(" / ")], c) for label, c in out]
    lost = [at for part, c in rows if c is None for at in part]
    parts = [(part, c) for part, c in rows if c is not None] + ([(lost, rest)] if lost else [])
    places = [at for part, _ in parts for at in part]
    guesses = list(itertools.product(*(ways(total, len(part)) for part, total in parts)))
    random.Random(1).shuffle(guesses)
    for filled in guesses:
        x = [0] * len(labels)
        for at, count in zip(places, itertools.chain(*filled), strict=True):
            x[at] = count
        other = guess(survey, question, x)
        if seen(other, question) != out:
            continue
        frame = pd.DataFrame({question.id: pd.array(codes, "Int64")})
        for rule, told in said.items():
            inside = Expression(rule).evaluate(frame).fillna(False).to_numpy(bool)
            size = int(np.array(x)[inside].sum())
            may = shown.group_may_be_told(other, rule, FEWEST)
            if may != (told != "withheld") or (may and told != (min(size, n - size) >= FEWEST)):
                break
        else:
            yield x


def ticks_possible(survey, question, n_of):
    """Of each option the counts with which the edition would say the same; `n_of`: published n."""
    truth = tabulate.frequency(survey.responses, survey.status, question, "en")
    out, n, N = [c for _, c in seen(survey, question)], truth.n, survey.n
    alone = [at for at, option in enumerate(question.options) if option.exclusive]
    lost = [at for at, count in enumerate(out) if count is None]
    later = [q for q in survey.codebook if q.ask_if and question.id in q.ask_if and q.id in n_of]
    values = {at: set() for at in lost}

    def fits(x):
        none = sum(x[at] for at in alone)
        others = [c for at, c in enumerate(x) if at not in alone]
        if max(others) > n - none or sum(others) < n - none:
            return False
        for q in later:  # who was asked it: those of the options that lead to it
            leads = Expression(q.ask_if).codes.get(question.id, set())
            inside = [c for o, c in zip(question.options, x, strict=True) if o.code in leads]
            if sum(inside) < n_of[q.id] - (N - n) or none > N - n_of[q.id]:
                return False
        return [c for _, c in seen(guess(survey, question, x), question)] == out

    for at in lost:
        for count in range(n + 1):
            for fill, last in itertools.product((0, 1, n, n - 1), (0, 1, 2)):
                x = [c if c is not None else min(fill, n) for c in out]
                for other in (a for a in alone if out[a] is None):
                    x[other] = last
                x[at] = count
                if fits(x):
                    values[at].add(count)
                    break
            if len(values[at]) == 3:
                break
    return values


@pytest.fixture(
    scope="module", params=["demo-2019", pytest.param("demo-2020", marks=pytest.mark.slow)]
)
def edition(request, tmp_path_factory):
    """The public edition of a demo wave; of the typology only what the tables need."""
    folder = tmp_path_factory.mktemp(request.param)
    return Survey.load(request.param, audience="public", language="en", output=folder)


def test_the_attacker_recovers_no_count(edition):
    """Every hidden count of the public edition has three values that all of it leaves possible.

    Tried with the tables, the n of follow-up questions and the words on hypotheses, by running the
    product itself on every guess.
    """
    answered = cleaning.missing(edition)
    n_of = {row.question.split()[0]: int(row.answered) for row in answered.itertuples()}
    results = hypotheses.evidence(edition)
    lost, hidden, counted = [], 0, 0
    for question in shown.shown_questions(edition):
        if question.type not in COUNTED:
            continue
        labels = list(tabulate.labels_of(question, "en").values())
        told = dict(seen(edition, question))
        if question.type == "multi":
            values = ticks_possible(edition, question, n_of)
        else:
            values = {at: set() for at, label in enumerate(labels) if told.get(label) is None}
            for x in answers_possible(edition, question, hypotheses_by(results, question)):
                for at in values:
                    values[at].add(x[at])
                if all(len(v) >= 3 for v in values.values()):
                    break
        hidden, counted = hidden + len(values), counted + sum(c is not None for c in told.values())
        lost += [f"{question.id} {labels[at]}: {v}" for at, v in values.items() if len(v) < 3]
    assert lost == []
    assert hidden > 40 and counted > 75


def effect_possible(x, n, effect, tries=4000):
    """Whether two groups of n in all, drawn from counts of a scale, can differ by this effect."""
    rng = np.random.default_rng(0)
    answers = np.repeat(np.arange(len(x)), x)
    for _ in range(tries):
        kept = rng.permutation(answers)[:n]
        group = int(rng.integers(FEWEST, n - FEWEST + 1))
        found = np.sign(np.subtract.outer(kept[:group], kept[group:])).mean()
        if round(float(found), 1) == effect:
            return True
    return False


def test_no_count_follows_from_the_effect_of_a_hypothesis(edition):
    """H3 compares two groups by Q12, whose answers are counted together."""
    result = hypotheses.evidence(edition).set_index("id").loc["H3"]
    question = edition.codebook["Q12"]
    values = [set() for _ in question.options]
    for x in answers_possible(edition, question, {}):
        if effect_possible(x, int(result["n"]), result["effect"]):
            for at, count in enumerate(x):
                values[at].add(count)
        if min(map(len, values)) >= 2 and sum(len(v) >= 3 for v in values) >= 4:
            break
    told = dict(seen(edition, question))
    labels = tabulate.labels_of(question, "en").values()
    assert all(len(v) >= 3 for v, label in zip(values, labels, strict=True) if label not in told)


def repeated(wave, times):
    """A wave whose replies came so many times, so that some breakdowns may be shown."""
    cleaned = prepare(wave)
    codes = [f"{code}-{at}" for at in range(times) for code in cleaned.responses.index]
    frames = {
        name: pd.concat([getattr(cleaned, name)] * times).set_axis(codes)
        for name in ("responses", "status")
    }
    register = cleaned.register.loc[cleaned.responses.index]
    register = pd.concat([register] * times).set_axis(codes)
    return dataclasses.replace(cleaned, **frames, register=register)


@pytest.mark.parametrize("times", [1, 4])
def test_measures_are_listed_only_with_counts_that_may_be_shown(times, tmp_path):
    """Grade and place of a measure tell its counts; in the demo wave none may be shown."""
    wave, book = Wave.read("demo-2019"), Codebook.read("it-staffing")
    survey = Survey(
        repeated("demo-2019", times), wave, book, audience="public", language="en", output=tmp_path
    )
    given = {"survey": survey, "typology": NotAvailable("typology", "not here")}
    page = run("06_report", until="measures", given=given, language="en")
    words, every = page.prose, shortage.comparison(survey)
    if times == 1:
        assert "measures" in page.absent
        assert not any(label in words for label in every["measure"])
        return
    frame = page.names["compared"]
    hidden = ["within", "within_low", "within_high", "p", "p_holm"]
    assert len(frame) and frame[hidden].isna().all(axis=None)
    for count, n in (("enough", "n_enough"), ("short", "n_short")):
        assert (frame[count] >= 3).all() and (frame[n] - frame[count] >= 3).all()
    small = every[every["small"]]
    named = set(every.loc[~every["small"], "measure"])
    assert len(small) and not any(x in words for x in set(small["measure"]) - named)
    assert "arrange" not in words and "arrange" not in "".join(page.tables["measures"].notes)


@pytest.mark.parametrize("audience", ["public", pytest.param("committee", marks=pytest.mark.slow)])
def test_a_comparison_of_waves_does_not_depend_on_protected_answers(
    audience, tmp_path, monkeypatch
):
    """So it adds nothing to what the tables of the two waves let anyone reckon back."""
    monkeypatch.setattr(types, "typology", lambda *_, **__: NotAvailable("typology", "not here"))
    book = Codebook.read("it-staffing")
    secret = [q for q in book if q.role != "id" and (audience == "public" or q.sensitive)]

    def other(wave):
        """The same replies, each protected question answered by someone else."""
        cleaned, *about = prepared(wave)
        responses, status = cleaned.responses.copy(), cleaned.status.copy()
        for at, question in enumerate(secret):
            order = np.random.default_rng(at).permutation(len(responses))
            for name in (v for v in question.variables if v in responses):
                responses[name] = responses[name].array[order]
                status[name] = status[name].array[order[::-1]]
        return dataclasses.replace(cleaned, responses=responses, status=status), *about

    told, prepared = [], store.prepared
    for source in (prepared, other):
        monkeypatch.setattr(store, "prepared", source)
        survey = Survey.load("demo-2020", audience=audience, output=tmp_path / source.__name__)
        page = run("07_refresh_diff", given={"survey": survey}, audience=audience)
        assert {Table, NotAvailable} <= set(map(type, page.outputs))
        told.append([repr(m._repr_mimebundle_()) for m in page.outputs])
    assert told[0] == told[1]


def test_a_committee_profile_does_not_depend_on_sensitive_answers(tmp_path):
    """Whatever all answered to the sensitive questions: the page of one says the same."""
    told = []
    content = yaml.safe_load((ROOT / "data/codebooks/it-staffing.yml").read_text(encoding="utf-8"))
    for question in content["questions"]:
        if question["id"] == "Q28":  # so that its organisation has a secret too
            question["sensitive"] = True
    del content["comparable"]  # which uses it: that would be a fault
    put_yaml(tmp_path / "book.yml", content)
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
        survey = Survey(cleaned, about, book, tmp_path / str(change), audience="committee")
        page = run("profile", given={"survey": survey}, municipality="990051")
        drawn, standing = page.figures["organisation_990051"], page.figures["standing_990051"]
        said = [page.answer.text, standing.csv, drawn.csv, drawn.alt]
        assert "庁内横断組織 （この版では非公開）、情報政策担当課 なし" in drawn.alt
        # the steps give how a measure goes with sufficiency among all: no single answer
        said.append(re.sub("人材の充足との関係：[^、。]*", "", page.prose))
        told.append([*said, page.tables["answers"].csv])
    assert told[0] == told[1]
    assert "確保の方法" in told[0][-1] and "情報人材の充足感" not in "".join(told[0])
