"""What an edition leaves out follows from no total, blank or follow-up question of the rest."""

import copy
import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest
import yaml
from project import prepare

from analysis import Survey, edition, tabulation
from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError
from analysis.results import cleaning, profile, shortage
from analysis.show import NotAvailable
from analysis.yaml_file import text_of
from workbench.publish import dataset

CODES = ["990019", "990027", "990035", "990043", "990051", "990060", "990078", "990086", "990094"]


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Of nine municipalities two say yes to Q1, which leads to Q2; which questions are sensitive.

    Each also answers Q3.
    """
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))

    def write(*sensitive, classed=False):
        asked = [{"id": "Q0", "type": "text", "role": "id", "identity": "code"}]
        asked += [{"id": f"Q{at}", "type": "binary", "role": "factor"} for at in (1, 2, 3)]
        asked[2]["ask_if"] = "Q1 == 1"
        for question in asked:
            words = {"ja": f"設問{question['id']}", "en": f"Question {question['id']}"}
            question |= {"section": "A", **words, "sensitive": question["id"] in sensitive}
        title = {"ja": "小調査", "en": "Tiny"}
        book = {"id": "tiny", "title": title, "version": "1", "questions": asked}
        book["sections"] = [{"id": "A", **title}]
        about = {"title": title, "publisher": title, "as_of": "2019-04-01", "codebook": "tiny"}
        about |= {"data": "invented", "files": [{"path": "replies.csv", "layout": "rows"}]}
        who = {"size_class": "other_city"} if classed else {}
        about["invited"] = [{"code": code, "name": f"架空{code}市", **who} for code in CODES]
        lines = ["設問Q0,設問Q1,設問Q2,設問Q3", f"{CODES[0]},はい,はい,はい"]
        lines += [f"{CODES[1]},はい,いいえ,いいえ"]
        lines += [f"{code},いいえ,,{'はい' if int(code) % 2 else 'いいえ'}" for code in CODES[2:]]
        raw, books = tmp_path / "data" / "raw" / "tiny", tmp_path / "data" / "codebooks"
        for file, text in (
            (books / "tiny.yml", text_of(book)),
            (raw / "wave.yml", text_of(about)),
            (raw / "replies.csv", "\n".join(lines) + "\n"),
        ):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")

    return write


def load(audience):
    return Survey.load("tiny", audience=audience, language="en", files=False)


def test_the_ledger_does_not_total_a_question_that_is_left_out(tiny):
    """All values less those of code, Q1 and Q3 were those of Q2: as many as said yes to Q1."""
    tiny()
    public = load("public")
    assert [q.id for q in edition.shown_questions(public)] == ["Q1", "Q3"]
    cells = cleaning.ledger(public).set_index("ledger")["cells"]
    assert cells.to_dict() == {"any_value": 36, "header": 4, "sum": 40, "received": 40}
    kinds = cleaning.ledger(load("internal")).set_index("ledger")["cells"]
    assert kinds["answered"] == 29 and kinds["not_applicable"] == 7


def test_who_asks_for_a_question_by_name_does_not_learn_its_n(tiny):
    """As many answered Q2 as said yes to Q1, which the edition keeps back."""
    tiny()
    public = load("public")
    assert isinstance(public.table("Q2"), NotAvailable) and "withheld" in public.table("Q2").reason
    assert public.tabulate("Q2").empty and public.tabulate("Q2").why == "withheld"
    assert {*public.tabulate("Q1", "Q2")["question"]} == {"Q1"}
    with pytest.raises(InputError, match="the public edition does not show Q2"):
        public.with_("again", "Q2 == 1", label="again")
    assert len(load("internal").tabulate("Q2")) == 2


def test_groups_by_an_answer_do_not_tell_how_many_were_asked(tiny):
    """Each cell is of six or more, and all together are the 25 of 27 who said yes to Q1."""
    tiny()
    one = load("public")
    codes, full = [f"{at:06}" for at in range(27)], one._full
    more = {f: pd.concat([getattr(full, f)] * 3) for f in ("responses", "status", "register")}
    many = {name: frame.set_axis(codes) for name, frame in more.items()}
    at = pd.Series(range(27), codes)
    asked = at < 25
    answers = {"Q1": asked, "Q2": (at % 2 == 0).where(asked), "Q3": at % 4 < 2}
    for name, values in answers.items():
        many["responses"][name] = values.astype("boolean")
        many["status"][name] = values.notna().map({True: "answered", False: "not_applicable"})
    public = dataclasses.replace(one, _full=dataclasses.replace(full, **many))
    assert not edition.is_shown(public, public.question("Q2"))
    assert public.tabulate("Q3", by="Q2").empty and public.tabulate("Q2", by="Q3").empty


def test_who_was_asked_after_a_sensitive_answer_is_not_told(tiny, tmp_path):
    """Which office has an answer to Q2, or a blank of the kind "not applicable", tells its Q1."""
    tiny("Q1")
    committee = load("committee")
    assert [q.id for q in edition.shown_questions(committee)] == ["Q1", "Q3"]
    assert {"Q1", "Q2"} == {*committee.responses} - {*committee.unit_responses}
    assert [name.split()[0] for name in cleaning.missing(committee)["question"]] == ["Q1", "Q3"]
    assert "not_applicable" not in {*cleaning.ledger(committee)["ledger"]}
    dataset.write_for_wave("tiny", tmp_path / "out", audience="committee")
    assert [*pd.read_csv(tmp_path / "out" / "missing.csv")] == ["code", "Q3"]


def test_what_size_classes_and_single_offices_do_leaves_sensitive_answers_out(tiny):
    """Shares of a section, and counts by class, of whom a committee knows the other answers."""
    for sensitive, n in ((), 1), (("Q3",), 0):
        tiny(*sensitive)
        assert shortage.by_class(load("committee")).empty, "there are no classes"
        tiny(*sensitive, classed=True)
        committee = load("committee")
        here = profile.place(committee, CODES[0], typology=NotAvailable("types", "none"))
        assert len(profile.standing(committee, here)[0]) == n
        assert ("Question Q3" in set(shortage.by_class(committee)["indicator"])) == bool(n)


def test_measures_that_differ_by_one_office_do_not_tell_whether_it_is_short(tmp_path):
    """A committee knows who takes what: one more of those short, then, is the one that differs."""
    cleaned, book = prepare("demo-2019"), Codebook.read("it-staffing")
    answers, status = cleaned.responses.copy(), cleaned.status.copy()
    place = pd.Series(range(len(answers)), answers.index)
    answers["Q12"] = place.mod(2).map({0: 2, 1: 4}).astype(answers["Q12"].dtype)
    answers["Q13_1"], answers["Q13_2"] = ((place < of).astype("boolean") for of in (7, 8))
    status[["Q12", "Q13_1", "Q13_2"]] = "answered"
    changed = dataclasses.replace(cleaned, responses=answers, status=status)
    for audience in ("committee", "public"):  # which a committee reads, too
        about = {"audience": audience, "language": "en", "files": False}
        survey = Survey(changed, Wave.read("demo-2019"), book, tmp_path, **about)
        shown = shortage.measures(survey)
        # nor one that was answered by all but one
        assert shown["measure"].tolist() == ["IT-track graduate recruitment"]
        assert shown[["n_enough", "n_short"]].sum(axis=1).tolist() == [survey.n]


def with_other(tmp_path, type, *more):
    """Q3 of the tiny survey with the options 1, 2, `more` and 9, "other"; its codebook's file."""
    file = tmp_path / "data" / "codebooks" / "tiny.yml"
    book = yaml.safe_load(file.read_text("utf-8"))
    labels = {1: "はい", 2: "いいえ", **{at: f"選択肢{at}" for at in more}, 9: "その他"}
    options = [{"code": at, "ja": said, "en": f"option {at}"} for at, said in labels.items()]
    options[-1]["other"] = True
    book["questions"][3] |= {"type": type, "options": options}
    file.write_text(text_of(book), "utf-8")
    return file


def test_the_words_beside_other_that_an_edition_leaves_out_do_not_stop_its_counts(tiny, tmp_path):
    """They are a question of their own, which only those who chose "other" are asked."""
    tiny()
    with_other(tmp_path, "multi")
    public = load("public").tabulate("Q3").set_index("code")
    assert public["count"].dropna().to_dict() == {"1": 4, "2": 5} and {*public["n"]} == {9}


@pytest.mark.parametrize(
    ("audience", "gate"),
    [
        pytest.param("public", "Q1 == 1", marks=pytest.mark.slow),
        ("public", "Q3 == 9"),
        pytest.param("committee", "Q3 == 1", marks=pytest.mark.slow),
    ],
)
def test_a_rare_other_is_counted_with_just_enough_answers(tiny, tmp_path, gate, audience):
    """Tries out all 220 ways in which nine can answer: what is hidden keeps three values.

    Q2 is asked of those who gave one answer to another question, or to Q3; what the committee sees
    of that, with `make test-all`.
    """
    tiny("Q3")
    file = with_other(tmp_path, "single", 5)
    book = yaml.safe_load(file.read_text("utf-8"))
    book["questions"][2]["ask_if"] = gate
    book["questions"][2:] = book["questions"][:1:-1]  # Q3 before Q2, which depends on it
    file.write_text(text_of(book), "utf-8")
    survey, codes = load(audience), [1, 2, 5, 9]
    possible: dict[object, list[dict[int, int]]] = {}
    for bars in itertools.combinations(range(12), 3):
        x = [b - a - 1 for a, b in itertools.pairwise((-1, *bars, 12))]
        one = copy.copy(survey)
        one.responses, one.status = answers, status = survey.responses.copy(), survey.status.copy()
        answers["Q3"] = pd.array(np.repeat(codes, x), "Int16")
        status["Q3"], led = "answered", answers["Q3"].eq(int(gate[-1])).to_numpy(bool)
        if gate != "Q1 == 1":
            answers["Q2"] = pd.array(np.where(led, True, None), "boolean")
            status["Q2"] = np.where(led, "answered", "not_applicable")
        told = edition.frequency(one, one.question("Q3")).frame["count"]
        follows = "Q3" in gate and edition.is_shown(one, one.question("Q2"))
        n = [int(led.sum())] if follows else []
        seen = (*zip(told.index.get_level_values("code"), told, strict=True), *n)
        possible.setdefault(seen, []).append(dict(zip(codes, x, strict=True)))
        if gate == "Q1 == 1" and x == [4, 4, 0, 1]:
            assert seen[:2] == (("1", 4), ("2+5+9", 5))
    for seen, ways in possible.items():
        known = {code for code, _ in (row for row in seen if isinstance(row, tuple))}
        for code in (c for c in codes if str(c) not in known):
            assert len({x[code] for x in ways}) >= 3, (seen, code)


@pytest.mark.parametrize("sensitive", [(), ("Q3",)])
def test_findings_do_not_tell_how_many_wrote_the_words_of_other(tiny, tmp_path, sensitive):
    """The public saw how many did, the committee that one did so with a sensitive question."""
    tiny(*sensitive)
    with_other(tmp_path, "single", 5)
    replies = tmp_path / "data" / "raw" / "tiny" / "replies.csv"
    words = ["はい", *["いいえ"] * 3, "選択肢5", "自作の回答", "独自の回答", "別の回答", "他の回答"]
    lines = replies.read_text("utf-8").splitlines()
    ends = ["設問Q3", *words]
    lines = [f"{a.rpartition(',')[0]},{b}" for a, b in zip(lines, ends, strict=True)]
    replies.write_text("\n".join(lines) + "\n", "utf-8")
    inside = cleaning.by_rule(load("internal"))
    assert inside[["rule", "findings"]].to_numpy().tolist() == [["words of the option other", 4]]
    for audience in ("public", "committee")[: 1 + len(sensitive)]:
        told = cleaning.by_rule(load(audience))[["rule", "findings", "municipalities"]]
        name = "other rules" if audience == "public" else "(sensitive questions)"
        assert told.to_numpy().tolist() == [[name, 4, "—"]]


def test_the_public_and_the_committee_see_one_number_of_repairs_by_rule(tiny, tmp_path):
    """Those of sensitive answers were the difference; of one or two `release` refused."""
    tiny("Q3")
    replies = tmp_path / "data" / "raw" / "tiny" / "replies.csv"
    head, *lines = replies.read_text("utf-8").splitlines()
    lines = [line.replace(",いいえ,,", ",０,,") for line in lines]  # seven of Q1
    lines[0] = f"{lines[0].rpartition(',')[0]},１"
    replies.write_text("\n".join([head, *lines]) + "\n", "utf-8")
    found = {
        audience: cleaning.by_rule(load(audience)).set_index("rule")["findings"].to_dict()
        for audience in ("internal", "committee", "public")
    }
    assert found["internal"] == {"full-width digits": 8}
    assert found["committee"] == {"full-width digits": 7, "(sensitive questions)": 1}
    assert found["public"].get("full-width digits", 7) == 7 and sum(found["public"].values()) == 8


def test_doubts_about_a_sensitive_answer_are_counted_without_its_question(tiny, tmp_path):
    """A check beside a known answer that fails tells what the other one is."""
    tiny("Q1")
    file = tmp_path / "data" / "codebooks" / "tiny.yml"
    book = yaml.safe_load(file.read_text("utf-8"))
    rule = {"rule": "Q1 == 1 or Q3 == 1", "ja": "はいのはず", "en": "one of them is yes"}
    book["questions"][3]["checks"] = [rule]
    file.write_text(text_of(book), "utf-8")
    assert {*cleaning.to_confirm(load("internal"))["question"]} == {"Q3 Question Q3"}
    told = cleaning.to_confirm(load("committee"))
    assert told.to_numpy().tolist() == [["(sensitive questions)", 4, "—"]]


def test_a_variable_of_ones_own_does_not_tell_apart_what_is_counted_together(tiny, tmp_path):
    """Who knows the 4 that said 1, and the 5 that said 1 or 9, knows that one said 9."""
    tiny("Q3")
    with_other(tmp_path, "single")
    replies = tmp_path / "data" / "raw" / "tiny" / "replies.csv"
    text = replies.read_text("utf-8")
    replies.write_text(text[: text.rindex(",")] + ",その他\n", "utf-8")
    assert len(load("internal").with_("odd", "Q3 in [1, 9]", label="odd").tabulate("odd"))
    for audience in ("committee", "public"):
        survey = load(audience)
        assert [*survey.tabulate("Q3")["code"]] == ["1", "2+9"]
        for rule in ("Q3 in [1, 9]", "not (Q3 == 2)", "Q3 * 2"):
            with pytest.raises(InputError, match="tells apart answers that it counts together"):
                survey.with_("odd", rule, label="odd")
        whole = survey.with_("one", "Q3 in [2, 9]", label="one").tabulate("one")
        assert {*whole["count"]} == {*survey.tabulate("Q3")["count"]}


def test_nor_options_that_are_hidden(tiny, tmp_path):
    """Four ticked 1 and nobody 9: that four ticked either would say so."""
    tiny("Q3")
    with_other(tmp_path, "multi")
    survey = load("committee")
    for rule in ("any(Q3, [1, 9])", "Q3_9 == 1", "count(Q3, [1, 2, 9]) >= 2"):
        with pytest.raises(InputError, match="counts together or hides"):
            survey.with_("odd", rule, label="odd")
    assert len(survey.with_("any", "any(Q3, [1, 2])", label="any").tabulate("any"))
    assert survey.with_("n", "count(Q3, [1, 9])", label="n").question("n").type == "ratio"


def test_a_public_edition_of_two_replies_is_refused(tiny, tmp_path):
    """Its pages ended in errors, as there is nothing that they may show."""
    tiny()
    replies = tmp_path / "data" / "raw" / "tiny" / "replies.csv"
    lines = replies.read_text("utf-8").splitlines()
    replies.write_text("\n".join(lines[:3]) + "\n", "utf-8")
    with pytest.raises(InputError, match="nothing to show, since 2 replied"):
        load("public")
    assert load("committee").n == 2


def test_questions_whose_yes_and_no_are_counted_together_have_no_common_figure(tiny, tmp_path):
    """Where all were, the figure of their shares of yes ended in an unexpected error."""
    tiny()
    replies = tmp_path / "data" / "raw" / "tiny" / "replies.csv"
    lines = replies.read_text("utf-8").splitlines()
    replies.write_text("\n".join([lines[0], *(f"{c},はい,はい,はい" for c in CODES)]), "utf-8")
    public = load("public")
    drawn = tabulation.figures(public, edition.shown_questions(public))
    assert [one.name for one in drawn] == ["q_Q1", "q_Q3"]


def test_how_many_were_not_asked_does_not_tell_a_hidden_option(tiny, tmp_path):
    """5 ticked 2, which is shown, and 1 was asked no more: so 7 or 8 ticked 1, which is hidden."""
    tiny("Q3")
    file = with_other(tmp_path, "multi")
    book = yaml.safe_load(file.read_text("utf-8"))
    book["questions"][2]["ask_if"] = "any(Q3, [1, 2])"
    book["questions"][2:] = book["questions"][:1:-1]  # Q3 before Q2, which depends on it
    file.write_text(text_of(book), "utf-8")
    ticked = ["いいえ", *["はい、いいえ"] * 4, *["はい"] * 3, "その他"]
    answered = ["はい"] * 5 + [""] * 4
    lines = [f"{c},はい,{b},{a}" for c, a, b in zip(CODES, ticked, answered, strict=True)]
    replies = tmp_path / "data" / "raw" / "tiny" / "replies.csv"
    replies.write_text("\n".join(["設問Q0,設問Q1,設問Q2,設問Q3", *lines]) + "\n", "utf-8")
    survey = load("committee")
    assert survey.tabulate("Q3").set_index("code")["count"].dropna().to_dict() == {"2": 5}
    assert "not_applicable" not in {*cleaning.ledger(survey)["ledger"]}
    assert [name[:2] for name in cleaning.missing(survey)["question"]] == ["Q1", "Q3"]
