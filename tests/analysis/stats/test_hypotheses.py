"""Hypotheses of the codebook: what may be said, and how often wrongly."""

import dataclasses
import datetime as dt
import itertools
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from notebook_run import run
from project import prepare, put_yaml

from analysis import Survey, paths
from analysis.codebook import registration
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.results import hypotheses as evidence
from analysis.stats import hypotheses, inference
from workbench.demo import KNOWN, simulate

BOOK = Codebook.read("it-staffing")


def results(drawn, book=BOOK):
    sizes = drawn.responses["Q02"].map(KNOWN["sizes"])
    found = hypotheses.run(book, drawn.responses, sizes)
    return {row.Index: row for row in found.itertuples()}


def test_the_three_primary_ones_are_corrected_among_themselves_and_so_are_the_others():
    found = results(simulate(15, seed=4))
    primaries = {h.id: h.primary for h in BOOK.hypotheses}
    assert [id for id, primary in primaries.items() if primary] == ["H1", "H2", "H3"]
    for primary in (True, False):
        mine = [found[id] for id in found if primaries[id] == primary]
        told = [r.word != "not testable" for r in mine]
        corrected = inference.holm(np.where(told, [r.p for r in mine], 1.0))
        expected = np.where(told, corrected, np.nan).tolist()
        assert [r.p_holm for r in mine] == pytest.approx(expected, nan_ok=True)


def test_interval_and_p_value_on_the_page_agree_and_the_correction_is_named():
    page = run("04_hypotheses", wave="demo-2020", language="en")
    h1 = page.names["results"].iloc[0]  # a bootstrap gave (+0.02, +1.00) beside p = 0.086
    assert h1[["effect", "low", "high"]].astype(float).round(2).tolist() == [0.56, -0.06, 0.86]
    assert h1["p"] == pytest.approx(0.0865, abs=5e-4) and h1["word"] == "illustrated"
    table = page.tables["hypotheses"]
    names = [column["label"] for column in table.columns]
    for row in table.rows:
        cell = dict(zip(names, row, strict=True))
        if cell["p"] != "—":
            low, high = map(float, re.findall(r"[+-][0-9.]+", cell["effect (95 %)"])[1:])
            assert (float(cell["p"].strip("<")) <= 0.05) == (low > 0 or high < 0)
    assert "not corrected" in table.notes[0] and "among 3 primary" in table.notes[1]


def test_of_three_against_three_nothing_could_be_suggested(demo):
    # 20 arrangements: with two hypotheses p (Holm) is at least 0.1
    two = pd.DataFrame({"id": ["H1", "H2"], "family": ["primary"] * 2, "least": [1 / 20, np.nan]})
    (row,) = evidence.least_corrected(demo, two).records
    assert row == {"family": "primary", "tests": 2, "least": 0.1, "reaches": False}


@pytest.mark.parametrize("k", [3, 4, 5, 6])
def test_with_the_effect_that_is_told_anybody_may_be_of_the_group_or_not(k):
    """All groups of k among ten whose other answers are known: -1.0 names the first k."""
    n, seen = 10, dict[float, list[set[int]]]()
    for group in itertools.combinations(range(n), k):
        lost = sum(i > j for i in group for j in {*range(n)} - {*group})
        seen.setdefault(round(1 - 2 * lost / k / (n - k), 1), []).append({*group})
    assert len(seen[1.0]) == 1
    for effect, groups in seen.items():
        if abs(effect) <= evidence.most_told((k, n - k)):
            assert set.union(*groups) == {*range(n)} and not set.intersection(*groups), effect


def test_with_the_correlation_that_is_told_anybody_may_have_any_rank():
    n, seen = 7, dict[float, set[tuple[int, int]]]()
    for ranks in itertools.permutations(range(n)):
        rho = 1 - 6 * sum((i - r) ** 2 for i, r in enumerate(ranks)) / (n**3 - n)
        seen.setdefault(round(rho, 1), set()).update(enumerate(ranks))
    assert len(seen[1.0]) < n * n / 2
    for effect, pairs in seen.items():
        assert abs(effect) > evidence.most_told((n,)) or len(pairs) == n * n, effect


def test_an_effect_that_names_the_group_of_a_sensitive_question_is_withheld(tmp_path):
    """A committee knows the other answer by name: those that are all below the rest are these."""
    cleaned, book = prepare("demo-2019"), Codebook.read("it-staffing")
    (h3,) = (h for h in book.hypotheses if h.id == "H3")
    answers, status = cleaned.responses.copy(), cleaned.status.copy()
    answers["Q12"] = pd.array([1] * 4 + [4] * 11, "Int16")
    answers["Q03"] = pd.array(range(100, 115), "Int64")
    status[["Q12", "Q03"]] = "answered"
    claim = h3.model_copy(update={"group": "Q12 in [1, 2]", "x": None, "value": "Q03"})
    one = book.model_copy(update={"hypotheses": (claim,)})
    changed = dataclasses.replace(cleaned, responses=answers, status=status)
    for audience, hidden in (("internal", False), ("committee", True)):
        about = {"audience": audience, "language": "en", "files": False}
        survey = Survey(changed, Wave.read("demo-2019"), one, tmp_path, **about)
        row = evidence.evidence(survey).iloc[0]
        assert (row["word"] == "withheld", pd.isna(row["effect"])) == (hidden, hidden)


@pytest.mark.parametrize(("inside", "lost"), [(3, 1), (4, 2), (5, 4)])
def test_no_word_tells_of_which_group_one_without_the_value_is(tmp_path, inside, lost):
    """A committee sees who did not say Q03: "cannot be tested" would tell their answer to Q12."""
    cleaned, book = prepare("demo-2019"), Codebook.read("it-staffing")
    (h3,) = (h for h in book.hypotheses if h.id == "H3")
    claim = h3.model_copy(update={"group": "Q12 in [1, 2]", "x": None, "value": "Q03"})
    one = book.model_copy(update={"hypotheses": (claim,)})
    words = set()
    for first in range(15 - lost):
        answers, status = cleaned.responses.copy(), cleaned.status.copy()
        answers["Q12"] = pd.array([1] * inside + [4] * (15 - inside), "Int16")
        answers["Q03"] = pd.array([1, 2, 3, 4, 5] * 3, "Int64")
        status[["Q12", "Q03"]] = "answered"
        without = answers.index[first : first + lost]
        answers.loc[without, "Q03"], status.loc[without, "Q03"] = pd.NA, "no_answer"
        changed = dataclasses.replace(cleaned, responses=answers, status=status)
        about = {"audience": "committee", "language": "en", "files": False}
        survey = Survey(changed, Wave.read("demo-2019"), one, tmp_path, **about)
        words.add(evidence.evidence(survey).iloc[0]["word"])
    assert words == {"withheld"}


def test_no_corrected_p_is_a_multiple_of_one_that_is_not_shown(tmp_path):
    """The largest of 2 x p of a sensitive question and p of another: twice the one not shown."""
    cleaned, book = prepare("demo-2019"), Codebook.read("it-staffing")
    (h3,) = (h for h in book.hypotheses if h.id == "H3")
    claims = (
        h3.model_copy(update={"group": "Q06 == 2", "x": None, "value": "Q03"}),
        h3.model_copy(update={"id": "H0", "group": "Q12 in [1, 2]", "x": None, "value": "Q03"}),
    )
    two = book.model_copy(update={"hypotheses": claims})
    for audience, hidden in (("internal", [False, False]), ("committee", [True, True])):
        about = {"audience": audience, "language": "en", "files": False}
        found = evidence.evidence(Survey(cleaned, Wave.read("demo-2019"), two, tmp_path, **about))
        assert found["p_holm"].isna().tolist() == hidden and pd.notna(found["p"].iloc[0])


def test_a_strong_effect_of_management_is_found_with_enough_replies():
    found = results(simulate(60, truth="A", seed=1))
    assert found["H2"].word == "suggested" and found["H2"].effect > 0.4
    assert found["H2b"].word != "suggested"


def test_without_any_effect_primary_hypotheses_keep_their_level():
    book = BOOK.model_copy(update={"hypotheses": BOOK.hypotheses[:3]})
    words = [
        found.word
        for seed in range(12)
        for found in results(simulate(15, truth="B", missing=0.0, seed=seed), book).values()
    ]
    # one direction of a two-sided 5 % test, corrected for three: 0.3 of twelve surveys
    assert words.count("suggested") <= 1


@pytest.mark.parametrize(
    ("effect", "p", "n", "said"),
    [
        (0.5, 0.04, (5, 10), "suggested"),
        (-0.5, 0.04, (5, 10), "not shown"),
        (0.5, 0.2, (5, 10), "illustrated"),
        (0.1, 0.2, (5, 10), "not shown"),
        (0.9, 0.01, (2, 13), "not testable"),
        (np.nan, np.nan, (5, 10), "not testable"),
    ],
)
def test_the_words_follow_the_evidence(effect, p, n, said):
    assert hypotheses.word(BOOK.hypotheses[0], effect, p, n) == said


def test_the_national_question_is_asked_within_size_classes():
    # all of the difference lies between the classes: nothing is left within them
    book = Codebook.read("dx-dashboard")
    n = 40
    large = np.arange(n) < n // 2
    frame = pd.DataFrame({v: pd.array([False] * n, "boolean") for v in book.variables[:10]})
    for name in ("policy", "structure"):
        frame[name] = pd.array(
            np.where(large, np.arange(n) % 5 > 0, np.arange(n) % 5 == 0), "boolean"
        )
    frame["ai"] = pd.array(large, "boolean")
    frame["online"] = pd.array([50.0] * n, "Float64")
    sizes = pd.Series(np.where(large, "core_city", "town_village"))
    n1 = hypotheses.run(book, frame, sizes).iloc[0]
    assert n1.effect == 0.0 and n1.word == "not shown"


def test_every_topic_of_the_discussion_is_asked_of_the_survey():
    asked = {h.topic for h in BOOK.hypotheses}
    assert asked == {topic.id for topic in BOOK.topics} and len(asked) == 8
    national = Codebook.read("dx-dashboard").hypotheses
    assert {h.topic for h in national} == {"management", "outside_and_training", "cross_agency"}
    assert all(h.within_size_class for h in national) and sum(h.primary for h in national) == 3


def test_what_a_wave_cannot_answer_is_said_topic_by_topic(demo):
    found = evidence.evidence(demo)
    topics = evidence.by_topic(demo, found)
    assert topics["topic"].nunique() == 8 and (topics["word"] != "not asked").all()
    without = evidence.by_topic(demo, found[found["topic"] != "cooperation"]).set_index("topic")
    assert without.loc["団体間の連携とベンダー依存"].tolist() == [*"———", "not asked"]
    table = demo.gallery.table(without, "hypotheses/topics", n=demo.n).frame
    assert "この調査の設問では確かめられない" in table["言えること"].tolist()


def test_a_topic_that_nobody_discussed_is_refused():
    content = BOOK.model_dump()
    content["hypotheses"][0]["topic"] = "weather"
    with pytest.raises(InputError, match=r"hypothesis H1.*weather"):
        Codebook.parse(content)


def test_two_groups_are_compared_in_their_own_unit_too():
    found = results(simulate(15, seed=4))
    drawn = simulate(15, seed=4).responses
    two, stage = drawn["Q06"] == 2, drawn[["Q30_1", "Q30_2", "Q31"]].astype(float).mean(axis=1)
    known = (drawn["Q06"].notna() & stage.notna()).to_numpy(bool)
    a, b = stage[known & two.fillna(False)], stage[known & ~two.fillna(True)]
    gaps = (a.to_numpy()[:, None] - b.to_numpy()[None, :]).ravel()
    assert found["H1"].shift == pytest.approx(np.median(gaps))
    assert np.isnan(found["H2"].shift)  # two values go together: no groups


def test_a_rule_that_names_no_question_is_refused():
    content = BOOK.model_dump()
    content["hypotheses"][0]["value"] = "Q99"
    with pytest.raises(InputError, match=r"H1.*Q99"):
        Codebook.parse(content)


def test_what_cannot_be_compared_has_no_effect_and_is_counted_in_the_correction():
    page = run("04_hypotheses", wave="demo-2019")
    found = page.names["results"].set_index("id")
    h7 = found.loc["H7"]
    assert h7["group"] < hypotheses.FEWEST and h7["word"] == "not testable"
    line = next(x for x in page.prose.split("\n") if "H7" in x)
    assert "n=1/13" in line and "効果" not in line and "p=" not in line
    family = found[found["family"] == "exploratory"]
    corrected = pd.Series(inference.holm(family["p"].fillna(1.0).to_numpy(float)), family.index)
    others = family.drop("H7")
    assert others["p_holm"].tolist() == pytest.approx(corrected.drop("H7").tolist())


def test_where_no_corrected_p_is_shown_it_is_told_whether_it_reaches_5_percent():
    page = run("04_hypotheses", wave="demo-2019", language="en", audience="committee")
    shown = page.tables["hypotheses"].frame
    assert "p (Holm)" not in shown and shown["p"].ne("—").sum() == 5
    reached = shown.loc[shown["p (Holm) ≦ 0.05"] == "✓", "no."]
    assert reached.tolist() == ["H1", "H2", "H9"]


def test_where_an_effect_is_withheld_the_largest_is_that_of_those_shown():
    page = run("04_hypotheses", wave="demo-2019", language="en", audience="public")
    assert set(page.names["results"].query("word == 'withheld'")["id"]) == {"H7"}
    assert "of those shown: " in page.figures["effects"].alt


def test_the_words_of_a_page_are_in_the_order_of_the_evidence():
    page = run("04_hypotheses", wave="demo-2019", language="en", until="answer")
    said = page.answer.text
    assert said.startswith("Of the 3 primary hypotheses: 2 suggested (H")
    assert "), 1 not shown (H" in said and said.endswith(")."), "what the answers suggest is named"


# --- what is on record ------------------------------------------------------------------------


def changed(project, old, new):
    """Edit the codebook of a project."""
    file = project / "data" / "codebooks" / "it-staffing.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def page(survey):
    """What the page says of the record."""
    given = {"survey": survey, "registration": registration}
    return run("04_hypotheses", only=("registered",), given=given).prose


def test_the_first_cleaning_registers_and_no_later_one_does(project):
    file = paths.registration("demo-2019")
    file.unlink()
    said = page(Survey.load("demo-2019"))
    found = registration.on_record("demo-2019")
    assert found.intact and found.replies == 15 and found.date == dt.date.today()
    assert f"{found.date}に登録" in said and found.sha256[:12] in said
    # its replies are of 2019: nothing may be said to have been stated beforehand
    assert "最初の回答（2019-07-24）より前ではない" in said and "変わっていない" in said
    written = file.read_bytes()
    changed(project, 'group: "Q06 in [2]"', 'group: "Q06 in [2, 3]"')
    said = page(Survey.load("demo-2019"))
    assert file.read_bytes() == written and "変わっていない" not in said
    assert "H1" in said and "`group` が「Q06 in" in said.replace("\\", "")


def test_a_command_that_ended_before_it_registered_is_made_good_by_the_next(project):
    file = paths.registration("demo-2019")
    Survey.load("demo-2019")
    file.unlink()  # as where it was killed, or its file was no part of a commit
    assert "登録なし" not in page(Survey.load("demo-2019"))
    assert registration.on_record("demo-2019").intact


def test_every_later_change_of_what_is_primary_is_printed(project):
    changed(
        project,
        "id: H2b\n    topic: management",
        "id: H2b\n    primary: true\n    topic: management",
    )
    changed(project, "topic: reemployment\n    primary: true", "topic: reemployment")
    changed(project, "情報管理主管課とは別に情報政策担当課を設置", "別の課を設置")
    said = page(Survey.load("demo-2019", language="en"))
    assert re.findall(r"\*\*Deviation\*\* (\w+)", said) == ["H3", "H2b", "Q06"]
    assert "registered as primary" in said and "made primary after" in said and "`options`" in said


def test_what_does_not_concern_a_primary_hypothesis_is_no_deviation(project):
    changed(
        project, "トライアンドエラーを許容する団体ほど", "試行錯誤を許容する団体ほど"
    )  # H6 explores
    assert "変わっていない" in page(Survey.load("demo-2019"))


def test_a_record_that_was_edited_is_called_so(project):
    file = paths.registration("demo-2019")
    file.write_text(file.read_text(encoding="utf-8").replace("Q06 in [2]", "Q06 in [3]", 1))
    said = page(Survey.load("demo-2019", language="en"))
    assert "The record was edited" in said and "`group`" in said
    file.write_text("date: yesterday\n")
    with pytest.raises(InputError, match="not a registration"):
        page(Survey.load("demo-2019"))


def test_without_a_record_the_page_says_so_and_nothing_fails(project, monkeypatch):
    paths.registration("demo-2019").unlink()

    def refuse(*_):
        raise PermissionError("read-only")

    monkeypatch.setattr(registration.os, "link", refuse)
    assert "**登録なし**" in page(Survey.load("demo-2019"))
    assert not list(paths.registration("demo-2019").parent.glob(".*"))


def test_a_record_older_than_the_first_reply_says_so(project):
    file = paths.registration("demo-2019")
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content |= {"date": dt.date(2019, 7, 1), "replies": 0}
    put_yaml(file, content)
    said = page(Survey.load("demo-2019", language="en"))
    assert "before the first reply (2019-07-24)" in said and "not before" not in said


def test_the_record_of_the_demo_waves_is_that_of_the_codebook():
    for wave in ("demo-2019", "demo-2020"):
        found = registration.on_record(wave)
        assert found.intact and registration.deviations(found, BOOK) == []
        assert found.before_replies is False
