"""Two questionnaires of one survey: what may be compared, and what is refused."""

import copy
import functools
import shutil
from pathlib import Path

import pytest
import yaml
from notebook_run import run
from project import put_yaml

from analysis import Survey
from analysis.codebook.crosswalk import Crosswalk
from analysis.codebook.model import Codebook
from analysis.codebook.waves import crosswalks, earlier
from analysis.errors import InputError
from analysis.results import changes, types
from analysis.show import NotAvailable
from analysis.survey import QUICK
from support import study2026
from workbench.office.new_wave import new_wave

DATA = Path(__file__).parents[3] / "data"
FILE = DATA / "codebooks" / "crosswalks" / "it-staffing-2019-2026.yml"
WALK = yaml.safe_load(FILE.read_text("utf-8"))


@pytest.fixture(scope="module")
def books():
    return Codebook.read("it-staffing"), Codebook.read("it-staffing-2026")


def test_every_question_of_both_questionnaires_stands_in_the_crosswalk(books):
    walk = Crosswalk.between(*books)
    assert len(books[1].questions) == 40
    assert walk.variables(*books)["Q24_1"] == "Q25_1"
    assert walk.variables(*books)["Q29_2"] == "Q30_2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w["same"].update(Q13="Q17"), "Q13 and Q17 are not the same, their options"),
        (lambda w: w["same"].update(Q12="Q15"), "Q12 and Q15 are not the same, their type"),
        (lambda w: w["same"].update(Q16="Q19"), "Q16 and Q19 are not the same, their skip rule"),
        (lambda w: w["same"].pop("Q06"), "question Q06 of it-staffing is missing"),
        (lambda w: w["new"].pop(0), "question Q06 of it-staffing-2026 is missing"),
        (lambda w: w["ended"][0].update(id="Q77"), "it-staffing has no question Q77"),
        (
            lambda w: w["shared"][0].update(after="Q08 + Q99"),
            "shared staff_all: it-staffing-2026: the rule 'Q08 + Q99' points to Q99, which",
        ),
        (lambda w: w["shared"][0].update(before="Q08 +"), "'Q08 +' cannot be read"),
        (lambda w: w["shared"][0].update(after="Q08 + Q17"), "uses Q17 as one value, but it has"),
        (lambda w: w["shared"][3].update(after="any(Q17, [77])"), "names option 77 of Q17, which"),
        (
            lambda w: w["shared"][0].update(after="Q08 > Q09"),
            "one rule is true or false, the other",
        ),
        (lambda w: w["shared"][0].update(kind="moved"), "no value 'moved'; there are: split"),
        (lambda w: w["new"].append(w["new"][0]), "question 'Q06' stands more than once"),
    ],
)
def test_a_fault_of_the_crosswalk_is_named(change, said, books, project):
    folder = project / "data" / "codebooks" / "crosswalks"
    content = copy.deepcopy(WALK)
    change(content)
    put_yaml(folder / FILE.name, content)
    with pytest.raises(InputError) as refused:
        Crosswalk.between(*books)
    assert said in str(refused.value) and FILE.name in str(refused.value)


def test_one_number_with_another_question_is_refused_without_a_crosswalk(books, project):
    (project / "data" / "codebooks" / "crosswalks" / FILE.name).unlink()
    with pytest.raises(InputError, match="have no crosswalk, and questions with one number may"):
        Crosswalk.between(*books)
    with pytest.raises(InputError, match=r"\(Q06, Q07, "):
        Crosswalk.between(*books)


def test_what_a_mac_keeps_beside_a_crosswalk_is_none(project):
    """Nobody hashes it either, so that a change of it would not be seen."""
    folder = project / "data" / "codebooks" / "crosswalks"
    assert folder.is_dir()
    (folder / "._crosswalk.yml").write_bytes(b"\x00\x05\x16\x07\xff")
    (folder / ".other.yml").write_text("before: dx-dashboard\nafter: it-staffing\n")
    assert earlier("demo-2019") == ""
    assert all(file.name[0] != "." for file in crosswalks().values())


def test_of_two_crosswalks_none_counts(project):
    """OneDrive keeps a copy beside a file that two people saved; which came first was chance."""
    copied = FILE.with_stem(f"{FILE.stem} - コピー").name
    shutil.copy(FILE, project / "data" / "codebooks" / "crosswalks" / copied)
    with pytest.raises(InputError, match=f"a crosswalk from it-staffing to .*, as {copied} is"):
        crosswalks()


def test_a_copy_of_a_wave_does_not_take_its_place(project):
    """Somebody keeps one beside the wave before correcting it; that of the later name counted."""
    raw = project / "data" / "raw"
    shutil.copytree(DATA / "raw" / "demo-2020", raw / "demo-2020")
    shutil.copytree(raw / "demo-2019", raw / "demo-2019 - コピー")
    said = (
        "several waves of 2019-04-01 can be the one before demo-2020: demo-2019, demo-2019 - コピー"
    )
    with pytest.raises(InputError, match=said):
        earlier("demo-2020")
    assert earlier("demo-2019") == ""


def test_invented_replies_are_not_what_came_before_real_ones(project):
    raw = project / "data" / "raw"
    shutil.copytree(DATA / "raw" / "demo-2020", raw / "2020")
    file = raw / "2020" / "wave.yml"
    file.write_text(file.read_text("utf-8").replace("data: invented\n", ""), "utf-8")
    assert earlier("2020") == ""


def test_waves_of_two_questionnaires_are_compared_by_what_they_share(project, monkeypatch):
    quick = functools.partial(types.typology, multiverse=False, **QUICK)
    monkeypatch.setattr(types, "typology", quick)
    raw = project / "data" / "raw"
    shutil.copytree(DATA / "raw" / "demo-2020", raw / "demo-2020")
    file = study2026.replies(project)
    heads, first, *rest = file.read_text("utf-8").splitlines()
    answers, at = first.split(","), heads.split(",").index("Q07")
    answers[at] = "2" if answers[at] == "1" else "1"  # one has another form of organisation now
    file.write_text("\n".join([heads, ",".join(answers), *rest]), "utf-8")
    new_wave("demo-2026", [file], "it-staffing-2026", "2026-04-01", invited="16", invented=True)
    assert earlier("demo-2026") == "demo-2020" and earlier("demo-2020") == "demo-2019"
    survey = Survey.load("demo-2026", language="en")
    assert len(survey.findings) <= 1
    before = changes.wave_before(survey)
    shares, scales = changes.answers(survey, before)
    # the replies of 2026 were made of those of 2020: what is the same did not move
    assert set(changes.changed_rows(shares)["id"]) == {"Q07"} and not len(
        changes.changed_rows(scales)
    )
    compared = shares.set_index("question")
    same = compared.loc["IT-track graduate recruitment (by the crosswalk)"]
    before_chosen = before.responses["Q13_1"].sum()
    assert same["count_before"] == same["count_now"] == before_chosen > 0
    assert "re-employed staff (both kinds since 2023) (by the crosswalk)" in set(scales["question"])
    assert {"stage of RPA (1 to 5) (by the crosswalk)", "Q16 Sufficiency of IT talent"} <= set(
        scales["question"]
    )
    recruited = changes._pair(survey, before)[1].status["recruited"]  # Q14, not asked of all
    assert recruited.tolist() == before.status["Q14"].tolist() and "not_applicable" in {*recruited}
    gone = changes.not_compared(survey, before)
    assert gone["reply"].value_counts().to_dict() == {"now": 9, "before": 8, "both": 4}
    found = changes.typologies(survey, before)
    assert isinstance(found[1], NotAvailable) and changes.type_changes(found)["n"] == 0
    # the figure draws what cannot be compared as broken lines, and its text says why
    given = {"survey": survey, "typologies": found}
    page = run("07_refresh_diff", given=given, language="en", output=str(project))
    assert [len(row.split(", ")) for row in page.names["breaks"]] == [8, 9]
    drawn = page.figures["shares_moved"]
    assert "First: Q07" in drawn.alt and "A broken line stands for questions of one" in drawn.alt
    assert not changes.breaks(before, changes.wave_before(before))
    # the committee sees no change of a sensitive question, by the crosswalk neither
    committee = Survey.load("demo-2026", audience="committee", language="en")
    shown = changes.answers(committee, changes.wave_before(committee))[1]
    assert "Q16 Sufficiency of IT talent" not in set(shown["question"])


def test_the_questionnaire_of_2026_asks_what_has_come_since_2019(books):
    before, after = (
        " ".join(text.ja for q in book for text in (q, *q.options, *q.items)) for book in books
    )
    came = "定年前再任用短時間勤務 暫定再任用 役職定年 会計年度任用 人材プール アクセラレータ"
    came += " 地域活性化起業人 補佐官等の他団体との共同設置 近隣など他の市区町村からの派遣"
    came += " 一人情シス 標準準拠システム ガバメントクラウド 生成AI 総務省の自治体DX"
    assert [word for word in came.split() if word not in after] == []
    assert [word for word in came.split() if word in before] == []
