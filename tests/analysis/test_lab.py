"""The views of the lab: what the controls ask for is what is shown, and the code shows the same."""

import pytest
from project import new_project

from analysis import lab
from analysis.errors import InputError
from analysis.survey import QUICK

pytestmark = pytest.mark.usefixtures("blank_pictures")
TABLE, ANSWER = "application/vnd.workbench.table+json", "application/vnd.workbench.answer+json"


def shown(view, mime):
    (found,) = (o["data"][mime] for o in view.output.outputs if mime in o["data"])
    return found


def run(view):
    """What the last of the shown lines gives."""
    *before, last = view.lines.value.splitlines()
    assert len(before) == 2
    names = {}
    exec("\n".join(before), names)
    return eval(last, names)


def test_a_question_with_a_breakdown_and_the_code_that_makes_it():
    view = lab.browse("demo-2019", "en")
    view.controls["question"].value = "Q13"
    plain = shown(view, TABLE)
    view.controls["by"].value = "size_class"
    table = shown(view, TABLE)
    assert table["n"] == plain["n"] and len(table["columns"]) > len(plain["columns"])
    again = run(view)._repr_mimebundle_()[TABLE]
    assert again["rows"] == table["rows"]


def test_each_kind_of_question_can_be_broken_down(demo):
    view = lab.browse("demo-2019", "en")
    kinds = {q.type: q.id for q in demo.codebook if q.role != "id" and q.type != "date"}
    assert {"integer", "battery", "multi", "text"} <= set(kinds)
    view.controls["by"].value = "size_class"
    for kind, question in kinds.items():
        view.controls["question"].value = question
        assert view.output.outputs, kind


def test_a_number_by_group_gives_the_statistics_of_each_group(demo):
    frame = demo.table("Q08", by="size_class").frame.set_index("区分")
    numbers = demo.responses["Q08"].astype(float)
    for name, members in numbers.groupby(demo.size_class, observed=True):
        row = frame.loc[name, ["n", "中央値", "第3四分位", "最大"]]
        found = [float(text.replace(",", "")) for text in row]
        wanted = [members.count(), members.median(), members.quantile(0.75), members.max()]
        assert found == pytest.approx(wanted, abs=0.01)


def test_statistics_of_small_groups_stay_inside():
    from analysis import Survey

    public = Survey.load("demo-2019", audience="public", language="en")
    for question in ("Q08", "Q29"):
        with pytest.raises(InputError, match="not shown in the public edition"):
            public.table(question, by="size_class")


def test_a_breakdown_that_cannot_be_is_said_in_a_sentence():
    view = lab.browse("demo-2019", "en")
    view._draw = lambda **values: (_ for _ in ()).throw(InputError("no such thing"))
    view.update()
    assert "no such thing" in str(view.output.outputs[0]["data"])


def test_the_verdict_moves_with_the_types_and_the_indices():
    view = lab.types("demo-2019", "en")
    auto = shown(view, ANSWER)["text"]
    view.controls["n_types"].value = 2
    two = shown(view, ANSWER)["text"]
    view.controls["indices"].value = view.controls["indices"].value[:2]
    fewer = shown(view, ANSWER)["text"]
    assert len({auto, two, fewer}) == 3
    assert "n_types=2" in view.lines.value and "indices=" in view.lines.value
    assert run(view).text["en"] == fewer
    # as many rows as types, and each with its stability
    table = shown(view, TABLE)
    assert len(table["rows"]) <= 2
    # the look says that it is quick
    assert "A quick look with 20 resamples" in str(view.output.outputs)


@pytest.mark.parametrize("adjust", ["none", "gradient"])
def test_the_types_of_a_quick_look_are_those_of_the_reports(demo, adjust):
    full, quick = demo.typology(adjust=adjust), demo.typology(adjust=adjust, **QUICK)
    assert quick.labels.equals(full.labels) and quick.names == full.names
    assert list(quick.choice["silhouette"].dropna()) == list(full.choice["silhouette"].dropna())
    if adjust == "none":
        named = full.labels.map({k: text[demo.language] for k, text in full.names.items()})
        assert demo.by("type").equals(named)


def test_one_municipality_by_its_button(demo):
    view = lab.municipality("demo-2019", "ja")
    buttons = view.controls["municipality"]
    # one for each respondent, the members of a type side by side, none twice
    codes = [code for _, code in buttons.options]
    assert sorted(codes) == list(demo.responses.index)
    types = demo.typology(**QUICK).labels[codes].tolist()
    assert types == sorted(types, key=lambda kind: kind or 99)
    assert buttons.options[0][0] == f"1 | {demo.names[codes[0]]}"
    assert demo.names[codes[0]] in shown(view, ANSWER)["text"]
    assert "速報" in str(view.output.outputs)  # how strongly it belongs rests on few resamples
    buttons.value = codes[-1]
    assert demo.names[codes[-1]] in shown(view, ANSWER)["text"]
    assert run(view).alt


def test_one_of_many_municipalities_is_found_by_name(monkeypatch):
    monkeypatch.setattr("analysis.lab.NAMED_UP_TO", 10)
    view = lab.municipality("demo-2019", "ja")
    view.controls["municipality"].value = "990108"
    assert "若鮎川市" in shown(view, ANSWER)["text"]
    view.children[0].value = "月影"
    assert "月影浦町" in shown(view, ANSWER)["text"]
    view.children[0].value = "無い名前"
    assert "月影浦町" in shown(view, ANSWER)["text"]


def test_the_code_is_shown_and_hidden():
    view = lab.browse("demo-2019")
    assert view.lines not in view.children
    view.button.value = True
    assert view.lines in view.children and view.lines.value.startswith("from analysis import")
    view.button.value = False
    assert view.lines not in view.children


def test_the_desk_changes_the_wave():
    desk = lab.desk("en")
    chosen, tabs = desk.children
    assert {"demo-2019", "demo-2020"} <= {chosen.options[i][0] for i in range(len(chosen.options))}
    before = tabs.children
    chosen.value = "demo-2020"
    assert tabs.children != before and "demo-2020" in tabs.children[0].children[0].lines.value
    assert list(tabs.titles) == ["question", "type", "municipality"]


def test_a_view_of_the_desk_is_made_when_its_tab_is_opened():
    chosen, tabs = lab.desk("en").children
    question, kinds, one = tabs.children
    assert question.children and not kinds.children and not one.children
    tabs.selected_index = 1
    (view,) = kinds.children
    assert set(view.controls) == {"n_types", "indices", "adjust"} and not one.children
    tabs.selected_index = 2
    assert set(one.children[0].controls) == {"municipality"}
    tabs.selected_index = 1
    assert kinds.children == (view,)  # as it was left
    chosen.value = "demo-2020"  # the tab that is open shows the other wave at once
    assert "demo-2020" in tabs.children[1].children[0].lines.value


def test_an_index_that_is_not_there():
    with pytest.raises(InputError, match="no index 'x'"):
        lab.load("demo-2019", "en").typology(indices=["x"])


def test_a_view_is_of_the_data_as_they_are(tmp_path):
    with new_project(tmp_path):
        view = lab.browse("demo-2019", "en")
        assert shown(view, TABLE)
        book = tmp_path / "data" / "codebooks" / "it-staffing.yml"
        book.write_text(
            book.read_text("utf-8").replace("Type of municipality}", "Its kind}"), "utf-8"
        )
        view.controls["by"].value = "size_class"  # one that was open says so
        assert "changed while in use" in str(view.output.outputs)
        again = lab.browse("demo-2019", "en")
        assert "Its kind" in str(again.controls["question"].options)
