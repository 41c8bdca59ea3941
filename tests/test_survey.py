"""The front door: what a researcher sees at the keyboard, and what an edition may not hold."""

import pytest

from analysis import Survey
from analysis.errors import InputError


def test_it_shows_itself_with_denominators(demo):
    text = repr(demo)
    assert "15 / 16 = 93.8%" in text and "架空データ" in text
    assert "確認事項: 補正 28、要確認 15、不採用 13" in text
    assert "<script" not in demo._repr_html_()


def test_questions_by_attribute_with_completion(demo):
    assert demo.Q13.question.type == "multi" and "Q13" in dir(demo)
    assert demo.Q13.answers.shape == (15, 8)
    with pytest.raises(AttributeError, match="Q99"):
        _ = demo.Q99


def test_near_matches_are_named(demo):
    with pytest.raises(InputError, match=r"did you mean.*Q13"):
        demo.question("Q113")
    with pytest.raises(InputError, match="cannot be a breakdown"):
        demo.by("Q13")
    with pytest.raises(InputError, match=r"no breakdown 'sizeclass'; did you mean size_class"):
        demo.table("Q13", by="sizeclass")
    with pytest.raises(AttributeError, match=r"did you mean Q13"):
        _ = demo.Q113
    with pytest.raises(AttributeError, match=r"did you mean questions"):
        _ = demo.quesitons
    with pytest.raises(InputError, match=r"no choice 'n_type'; did you mean n_types"):
        demo.typology(n_type=3)


def test_completion_at_the_keyboard_offers_questions_and_what_they_can_do(demo):
    from IPython.core.completer import provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell()
    shell.user_ns["survey"] = demo
    with provisionalcompleter():
        offered = {c.text.lstrip(".") for c in shell.Completer.completions("survey.Q1", 9)}
        more = {c.text.lstrip(".") for c in shell.Completer.completions("survey.Q13.t", 12)}
    assert {"Q13", "Q12"} <= offered and "table" in more


def test_the_non_respondent_stays_in_the_register(demo):
    absent = demo.register[~demo.register["replied"]]
    assert list(absent.index) == ["990167"] and "990167" not in demo.responses.index


def test_committee_has_names_but_no_free_or_raw_text():
    survey = Survey.load("demo-2019", audience="committee")
    assert "Q36" not in survey.responses and survey.names.iloc[0] == "青嶺市"
    assert (survey.findings["raw"] == "").all()


def test_public_has_stable_pseudonyms_in_another_order(demo):
    survey = Survey.load("demo-2019", audience="public")
    assert not set(survey.responses.index) & set(demo.responses.index)
    assert not set(survey.names) & set(demo.names)
    assert list(survey.responses.index) == sorted(survey.responses.index)
    again = Survey.load("demo-2019", audience="public")
    assert list(again.responses.index) == list(survey.responses.index)


def test_types_are_the_same_in_every_edition(demo):
    inside = demo.typology(seed=1)
    outside = Survey.load("demo-2019", audience="public").typology(seed=1)
    assert outside.labels.value_counts().to_dict() == inside.labels.value_counts().to_dict()
    assert outside.names == inside.names
    assert not set(outside.labels.index) & set(inside.labels.index)
    assert not set(map(str, outside.paragons.values())) & set(map(str, inside.paragons.values()))
