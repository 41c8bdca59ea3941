"""What changed between two runs: nothing where nothing did, and every kind of change."""

import base64
import io
import json
import re
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from project import ROOT, notebook, put_yaml

from analysis import fingerprints, paths
from analysis.errors import InputError
from analysis.show import Answer
from workbench.cli import main
from workbench.compare import command, differences, runs
from workbench.run.plan import for_edition
from workbench.run.record import Edition
from workbench.run.refresh import refresh

VENDOR = "application/vnd.workbench."
UNITS = [f"99{i:04d}" for i in range(12)]


def png(shade=0):
    buffer = io.BytesIO()
    image = Image.new("RGB", (60, 40), "white")
    image.paste((shade, shade, shade), (10, 10, 30, 30))
    image.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def figure(name="q_Q13", csv="answer,count\na,3\nb,5\n", **more):
    data = {"name": name, "title": f"図 {name}", "alt": "説明", "caption": "", "n": 8, "key": False}
    data |= {"denominator": "回答した団体", "source": "s", "png": png(), "csv": csv}
    return {f"{VENDOR}figure+json": data | more}


def table(name="frequencies", csv="設問,団体数\nQ1,3\nQ2,5\n", rows=(), **more):
    data = {"name": name, "title": f"表 {name}", "caption": "n = 8", "n": 8, "notes": []}
    data |= {"columns": [], "rows": list(rows), "csv": csv}
    return {f"{VENDOR}table+json": data | more}


def answer(text, about=""):
    return {f"{VENDOR}answer+json": {**vars(Answer.first(text)), "about": about}}


def types(labels):
    """The figure that shows the types."""
    rows = [f"{c},町{c[-2:]},{k},0.5" for c, k in zip(UNITS, labels, strict=True)]
    return [figure("silhouette", "\n".join(["code,name,type,silhouette", *rows]) + "\n")]


def placed(labels, membership=0.9):
    """The types of UNITS as a run keeps them."""
    kinds = sorted({*labels, 1, 2} - {0})
    rest = (1 - membership) / (len(kinds) - 1)
    inside = [[membership if kind == k else rest for kind in kinds] for k in labels]
    frame = pd.DataFrame(inside, pd.Index(UNITS, name="code"), kinds)
    names = pd.Series([f"町{c[-2:]}" for c in UNITS], UNITS)
    called = {kind: f"{kind} 型{kind}" for kind in kinds}
    return runs.Types(pd.Series(labels, frame.index), frame, names, called)


def keep(folder, labels, membership=0.9):
    """Write them into a run folder."""
    kept = placed(labels, membership)
    frame = pd.DataFrame({"name": kept.names, "type": kept.labels})
    frame["type_name"] = kept.labels.map(kept.titles).fillna("")
    frame = frame.join(kept.membership.add_prefix("in_"))
    (folder / "results").mkdir(exist_ok=True)
    frame.to_csv(folder / runs.TYPES, index_label="code", encoding="utf-8-sig")


def run(
    folder, *outputs, source="x = 1", parameter=1, book=None, name="03_typology", ids=None, **record
):
    """A run folder with one page that shows these outputs; `ids`: its tables with ids by name."""
    (folder / "notebooks").mkdir(parents=True)
    text = "factor: int = 1  # 倍率"
    content = json.loads(notebook([text, source], tags={0: ["parameters"]}))
    content["cells"][1]["outputs"] = [{"output_type": "display_data", "data": o} for o in outputs]
    (folder / "notebooks" / f"{name}.ipynb").write_text(json.dumps(content), encoding="utf-8")
    files = {f"results/{kind}.csv": f"results/{kind}.csv" for kind in ids or {}}
    for place, text in zip(files.values(), (ids or {}).values(), strict=True):
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text, encoding="utf-8-sig")
    pages = [{"name": name, "title": {"ja": "類型", "en": "Types"}, "status": "ok"}]
    pages[0] |= {"files": files}
    facts = {"wave": "w", "audience": "internal", "language": "ja", "status": "ok"}
    facts |= {"invented": True, "notebooks": pages, "sample": {"invited": 16, "replied": 15}}
    facts |= {"parameters": {"factor": parameter, "elsewhere": 1}}
    facts |= {"versions": {"pandas": "3.0"}, "inputs": {"replies.xlsx": "a" * 64}}
    (folder / "run.json").write_text(json.dumps(facts | record), encoding="utf-8")
    book = book or {"features": [{"id": "rate", "ja": "割合", "rule": "Q1 / Q2"}]}
    put_yaml(folder / "codebook.yml", book)
    return runs.Run(folder, folder.name)


def texts(found, folder):
    """compare.md, and the page as a reader's text."""
    brief = command.write(found, folder)
    shown = (folder / "compare.html").read_text(encoding="utf-8")
    return brief, re.sub(r"<style.*?</style>|<[^>]+>", "", shown, flags=re.S)


WORDS = st.text("あいう漢字abc 0123.,%<>&'\"-=", max_size=12)
FRAMES = st.lists(st.tuples(WORDS, WORDS, st.floats(allow_nan=True)), max_size=8)


@given(st.lists(WORDS, max_size=3), FRAMES)
def test_identical_runs_give_an_empty_comparison_always(tmp_path_factory, said, rows):
    csv = pd.DataFrame(rows, columns=["who", "what", "n"]).to_csv(index=False)
    shown = [*map(answer, said), figure(csv=csv), table(csv=csv), *types([1, 2] * 6)]
    a, b = (run(tmp_path_factory.mktemp("run") / "r", *shown) for _ in "ab")
    found = runs.Comparison(a, b)
    assert found.empty and not found.results_changed
    brief, shown = texts(found, a.folder)
    assert brief.count("\n") == 3 and "結果は何も変わっていない" in brief
    assert "<h2>" not in (a.folder / "compare.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("language", "said"),
    [("ja", "ページは比べていない（類型）。"), ("en", "settings. Pages that are complete in")],
)
def test_pages_that_neither_run_has_are_not_called_unchanged(tmp_path, language, said):
    page = {"name": "03_typology", "title": {"ja": "類型", "en": "Types"}, "status": "failed"}
    about = {"notebooks": [page], "language": language}
    two = [run(tmp_path / name, **about) for name in "ab"]
    for text in texts(runs.Comparison(*two), tmp_path / "out"):
        assert said in text.replace("\\", "")
    done = [run(tmp_path / name) for name in "cd"]
    assert "比べていない" not in "".join(texts(runs.Comparison(*done), tmp_path / "done"))


def test_when_and_where_it_ran_is_no_change(tmp_path):
    a = run(tmp_path / "a", answer("x"), finished="2026-01-01", seconds=3, commit="1", before=[])
    b = run(tmp_path / "b", answer("x"), finished="2026-02-02", seconds=9, commit="2", before=[{}])
    assert runs.Comparison(a, b).empty


def test_a_register_of_one_s_own_is_compared_in_its_words(tmp_path):
    two = [run(tmp_path / name, own_register=True) for name in "ab"]
    for text in texts(runs.Comparison(*two), tmp_path / "out"):
        assert "実在の団体の回答ではない" in text and "自治体" not in text


def test_everything_that_can_change_is_said_and_the_results_come_first(tmp_path):
    old = [answer("13団体中5団体が不足"), figure(), table(), *types([1] * 6 + [2] * 6)]
    new = [answer("13団体中6団体が不足"), figure(csv="answer,count\na,4\nb,5\n", n=9)]
    new += [table(csv="設問,団体数\nQ1,3\nQ3,5\n"), *types([1] * 5 + [2] * 7)]
    a = run(tmp_path / "a", *old)
    b = run(
        tmp_path / "b",
        *new,
        source="x = 2",
        parameter=3,
        book={"features": [{"id": "rate", "ja": "割合", "rule": "Q1 / Q3"}]},
        sample={"invited": 16, "replied": 14},
        versions={"pandas": "3.1"},
        inputs={"replies.xlsx": "b" * 64},
        code_sha256="other",
    )
    keep(a.folder, [1] * 6 + [2] * 6)
    keep(b.folder, [1] * 5 + [2] * 7)
    found = runs.Comparison(a, b)
    assert found.results_changed
    brief, shown = texts(found, tmp_path / "out")
    results = ["答え", "類型が変わった", "回答数と分母", "図", "表"]
    made = [
        "コードブック",
        "パラメーター",
        "ノートブックのセル",
        "受け取ったファイル",
        "パッケージの版",
    ]
    for text, begin, order in ((shown, "\n", results + made), (brief, "\n**", made + results)):
        places = [text.index(f"{begin}{word}") for word in order]
        assert places == sorted(places)
        assert "倍率" in text and "elsewhere" not in text
        assert "Q1 / Q2" in text and "Q1 / Q3" in text and "3.1" in text
    assert "町05: 1 型1 → 2 型2" in brief and "町05" in shown
    assert "13団体中［5 → **6**］団体が不足" in brief
    assert "- x = 1" in shown and "+ x = 2" in shown
    assert "回答した団体: 15 → **14**" in brief and "n = 8" in shown and "n = 9" in shown
    html = (tmp_path / "out" / "compare.html").read_text(encoding="utf-8")
    assert re.search(r"団体中<del[^>]*>5</del>団体", html)
    assert "default-src 'none'" in html and "<script" not in html
    assert not re.search(r'(?:src|href)="(?!data:|#)', html)


def test_a_figure_by_type_is_compared_by_the_types_and_not_by_their_numbers(tmp_path):
    def made(folder, one, two):
        numbers = figure("typology", f"type,feature,mean\n{one},x,0.1\n{two},x,0.9\n")
        rows = f"a,{one} 多い型,{two} 少ない型\n"
        members = table("members", f"団体,類型,次に近い類型\n{rows}")
        labels = [one] * 7 + [two] * 5
        ids = {"tables/members": f"name,type,second\n{rows}"}
        found = run(folder, *types(labels), numbers, members, ids=ids)
        keep(folder, labels)
        return found

    found = runs.Comparison(made(tmp_path / "a", 1, 2), made(tmp_path / "b", 2, 1))
    assert not found.results["movers"] and not found.results_changed


def test_tables_are_compared_by_ids_and_shown_by_labels(tmp_path):
    def made(folder, label, option, n):
        shown = table(csv=f"{label},団体数\n{option},3\n他,{n}\n")
        return run(folder, shown, ids={"tables/frequencies": f"question,n\na,3\nb,{n}\n"})

    a = made(tmp_path / "a", "設問", "はい", 5)
    assert not runs.Comparison(a, made(tmp_path / "b", "質問", "そう", 5)).results_changed
    (only,) = runs.Comparison(a, made(tmp_path / "c", "質問", "そう", 6)).results["tables"]
    assert only.cells.changed == [differences.Cell("他", "団体数", "5", "6")]


def test_who_changed_type_is_not_told_of_two_waves_with_other_indicators(tmp_path):
    """The page of changes says so too; of one wave it is what a change of a rule did."""
    other = {"features": [{"id": "rate", "ja": "割合", "rule": "Q1 / Q3"}]}
    old, same, new = (
        run(tmp_path / name, *types(labels), **more)
        for name, labels, more in (
            ("a", [1] * 6 + [2] * 6, {"wave": "u"}),
            ("b", [1] * 5 + [2] * 7, {"wave": "u", "book": other}),
            ("c", [1] * 5 + [2] * 7, {"wave": "v", "book": other}),
        )
    )
    for one, labels in (
        (old, [1] * 6 + [2] * 6),
        (same, [1] * 5 + [2] * 7),
        (new, [1] * 5 + [2] * 7),
    ):
        keep(one.folder, labels)
    assert runs.Comparison(old, same).results["movers"]
    found = runs.Comparison(old, new)
    assert not found.results["movers"] and found.movers is None
    assert "型2" not in texts(found, tmp_path / "out")[0]


def test_of_a_table_of_which_many_cells_changed_the_comment_gives_the_first(tmp_path):
    """It ended in an unexpected error where more than one had."""
    two = (run(tmp_path / n, table(csv=f"答え,団体数\nはい,{n}\n他,{n}\n")) for n in "35")
    brief, _ = texts(runs.Comparison(*two), tmp_path / "out")
    assert "はい · 団体数: 3 → 5)" in brief


def test_two_states_of_one_wave_are_for_the_house_whatever_each_is_for(tmp_path):
    """Side by side they may tell the answer that was corrected, which neither tells."""
    public = {"audience": "public", "data_sha256": "a"}
    old, new, other = (
        run(tmp_path / str(at), answer("x"), **{**public, **about})
        for at, about in enumerate(({}, {"data_sha256": "b"}, {"wave": "v", "data_sha256": "b"}))
    )
    assert "_内部限り_" in texts(runs.Comparison(old, new), tmp_path / "out")[0]
    for two in ((old, other), (old, old)):
        assert runs.Comparison(*two).audience == "public"


def test_of_a_paragraph_the_comment_gives_the_sentences_that_changed(tmp_path):
    old = "13団体中5団体が不足している。内訳は次のとおりである。平均は3人である。"
    new = "13団体中6団体が不足している。内訳は次のとおりである。全団体で職員が足りている。"
    found = runs.Comparison(run(tmp_path / "a", answer(old)), run(tmp_path / "b", answer(new)))
    brief, _ = texts(found, tmp_path / "out")
    assert (
        "- 類型: 13団体中［5 → **6**］団体が不足している。 … "
        "平均は3人である。 → **全団体で職員が足りている。**\n" in brief
    )


def test_codes_and_names_of_variables_reach_no_reader(tmp_path):
    def made(folder, rule, n):
        shown = figure(
            "by_unit", f"code,feature,value\n990002,rate,{n}\n990003,rate,4\n", title="団体別"
        )
        book = {"features": [{"id": "rate", "ja": "再任用の割合", "rule": rule}]}
        found = run(folder, shown, book=book)
        keep(folder, [1] * 6 + [2] * 6)
        return found

    two = made(tmp_path / "a", "Q1", 3), made(tmp_path / "b", "Q2", 5)
    brief, shown = texts(runs.Comparison(*two), tmp_path / "out")
    assert "町02" in brief and "類型の材料 › 再任用の割合 › 規則: Q1 → **Q2**" in brief
    for text in (brief, shown):
        assert not re.search(r"990\d{3}|rate|features|by_unit", text)


def test_a_figure_that_is_only_drawn_otherwise_is_no_result(tmp_path):
    a = run(tmp_path / "a", figure())
    b = run(tmp_path / "b", figure(png=png(120)))
    found = runs.Comparison(a, b)
    assert not found.results_changed and not found.empty
    brief, _ = texts(found, tmp_path / "out")
    assert "結果は何も変わっていない" in brief and "描き方だけが変わった図" in brief
    assert (tmp_path / "out" / "compare.html").read_text().count("<img") == 3


def test_a_figure_that_comes_or_goes(tmp_path):
    reason = {"name": "map", "reason": "公開版には載せない"}
    a = run(tmp_path / "a", figure("map"), figure("old"))
    b = run(tmp_path / "b", {f"{VENDOR}not-available+json": reason}, figure("new"))
    brief, shown = texts(runs.Comparison(a, b), tmp_path / "out")
    assert "図 old: なくなった" in brief and "図 new: 新しく加わった" in brief.replace("\\", "")
    assert "公開版には載せない" in shown


def test_another_example_is_no_changed_answer(tmp_path):
    a = run(tmp_path / "a", answer("青嶺市は型1", "青嶺市"), table(csv="設問,値\nQ1,3\n"))
    b = run(tmp_path / "b", answer("緑丘市は型2", "緑丘市"), table(csv="設問,値\nQ1,4\n"))
    found = runs.Comparison(a, b)
    assert found.results_changed and found.results["examples"]
    kinds = [kind for kind, changed in found.results.items() if changed]
    assert kinds == ["examples"]
    brief, shown = texts(found, tmp_path / "out")
    assert "例として取り上げた団体 1。各ページの答え（結論）は変わっていない。" in brief
    assert (
        "類型: 青嶺市 → **緑丘市** (別の団体の例になったので、このページの他の内容は比べていない)"
        in brief
    )
    assert "青嶺市" in shown and "比べていない" in shown
    c = run(tmp_path / "c", answer("青嶺市は型3", "青嶺市"), table(csv="設問,値\nQ1,4\n"))
    same = runs.Comparison(a, c)
    assert not same.results["examples"]
    assert len(same.results["answers"]) == len(same.results["tables"]) == 1


@pytest.mark.parametrize("name", ["codebook.yml", "results/lost.csv"])
def test_a_run_of_which_a_file_was_edited_or_is_missing_is_not_compared(tmp_path, name):
    with pytest.raises(
        InputError, match=f"{Path(name).name}: a file of the run is missing or was edited"
    ):
        run(tmp_path / "a", files={name: "0" * 64})


def test_a_run_that_a_refresh_replaces_while_it_is_read_is_not_compared(tmp_path):
    """Its types and results with ids would be of the new run, its tables and record of the old."""
    a, b = run(tmp_path / "a", *types([1, 2] * 6)), run(tmp_path / "b", *types([1, 2] * 6))
    (tmp_path / "b").rename(tmp_path / "old")
    run(tmp_path / "b", *types([2, 1] * 6), finished="later")
    with pytest.raises(InputError, match="where a refresh has just ended, compare again"):
        runs.Comparison(a, b)


def test_what_an_audience_may_not_see_is_not_compared(tmp_path):
    public = {"audience": "public"}
    a = run(tmp_path / "a", answer("x"), source="secret = 1", **public)
    b = run(tmp_path / "b", answer("y"), source="secret = 2", **public)
    brief, shown = texts(runs.Comparison(a, b), tmp_path / "out")
    assert "secret" not in shown + brief and "公開" in shown
    inside = run(tmp_path / "c", answer("x"))
    with pytest.raises(InputError, match="differ in audience"):
        runs.Comparison(inside, a)
    english = run(tmp_path / "d", answer("x"), language="en")
    with pytest.raises(InputError, match="differ in language"):
        runs.Comparison(inside, english)


def test_text_of_the_data_is_inert_in_the_page_and_in_the_comment(tmp_path):
    bad = "<img src=x onerror=alert(1)> @someone [a](javascript:1) https://example.org"
    a = run(tmp_path / "a", answer("x"), table(csv="who,n\na,1\n"))
    b = run(tmp_path / "b", answer(bad), table(csv=f'who,n\na,"{bad}"\n'))
    found = runs.Comparison(a, b)
    brief, _ = texts(found, tmp_path / "out")
    assert "<img src=x" not in (tmp_path / "out" / "compare.html").read_text()
    assert "\\<img" in brief and "@someone" not in brief
    assert not re.search(r"(?<!\\)[\[\]<>]", brief)
    assert "://" not in brief


# --- cells ------------------------------------------------------------------------------------


def csv(rows):
    return "who,what,n\n" + "".join(f"{a},{b},{n}\n" for a, b, n in rows)


ROWS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("xyz"), st.integers(0, 99)),
    min_size=1,
    max_size=12,
    unique_by=lambda row: row[:2],
)


@given(ROWS, st.randoms(use_true_random=False), st.integers(100, 199), st.data())
def test_one_changed_number_is_found_wherever_the_rows_stand(rows, random, value, data):
    at = data.draw(st.integers(0, len(rows) - 1))
    who, what, old = rows[at]
    new = [*rows[:at], (who, what, value), *rows[at + 1 :]]
    random.shuffle(new)
    found = differences.compare(csv(rows), csv(new))
    (only,) = found.changed
    assert (only.before, only.after) == (str(old), str(value)) and only.row.startswith(who)
    assert found.count == 1


@given(ROWS, ROWS)
def test_what_was_added_one_way_was_removed_the_other(a, b):
    there, back = differences.compare(csv(a), csv(b)), differences.compare(csv(b), csv(a))
    assert sorted(there.added) == sorted(back.removed)
    assert {(c.before, c.after) for c in there.changed} == {
        (c.after, c.before) for c in back.changed
    }


def test_numbers_have_a_tolerance_and_texts_have_none():
    assert differences.compare("k,x\n1,0.3333333\n", "k,x\n1,0.33333334\n").count == 0
    assert differences.compare("k,x\n1,0.333\n", "k,x\n1,0.334\n").count == 1
    assert differences.compare("k,x\n1,50% (7/14)\n", "k,x\n1,50% (8/16)\n").count == 1
    assert differences.compare("k,x\n1,\n", "k,x\n1,0\n").count == 1


def test_a_table_of_nothing():
    assert differences.compare("\n", "k,x\na,1\n").columns == ["+ k", "+ x"]
    assert differences.compare("k,x\n", "\n").count == 2


def test_rows_that_are_alike_are_counted():
    same = "k,x\na,1\na,1\n"
    assert differences.compare(same, same + "a,1\n").added == ["a · 1 · 2"]


# --- types ------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(0, 4), min_size=12, max_size=12),
    st.permutations([1, 2, 3, 4]),
)
def test_other_numbers_for_the_same_types_move_nobody(labels, order):
    renamed = {0: 0} | dict(zip([1, 2, 3, 4], order, strict=True))
    _, moved = runs.movers(placed(labels), placed([renamed[k] for k in labels]))
    assert moved == []


def test_who_moved_is_weighed_against_the_instability_of_the_types():
    old, new = [1] * 6 + [2] * 6, [1] * 4 + [2] * 8
    firm, moved = runs.movers(placed(old, 0.99), placed(new, 0.99))
    loose, _ = runs.movers(placed(old, 0.6), placed(new, 0.6))
    assert [name for name, *_ in moved] == ["町04", "町05"]
    # by hand: two draws agree with .99 * .99 + .01 * .01, and with .6 * .6 + .4 * .4
    assert firm.expected == pytest.approx(12 * 0.0198) and firm.exceeds
    assert loose.expected == pytest.approx(12 * 0.48) and not loose.exceeds


def test_who_comes_into_a_type_or_leaves_it_is_told_apart_from_who_changed():
    before, after = placed([1] * 6 + [2] * 5 + [0]), placed([1] * 5 + [2] * 6 + [1])
    found, moved = runs.movers(before, after)
    assert found.count == 1 and len(found.crossed) == 1 and len(moved) == 2
    assert len(found.types) == 11


def test_municipalities_of_one_run_only_do_not_move():
    new = placed([1] * 6 + [2] * 6)
    fewer = runs.Types(new.labels[:-3], new.membership[:-3], new.names[:-3], new.titles)
    found, moved = runs.movers(placed([1] * 6 + [2] * 6), fewer)
    assert moved == [] and len(found.types) == 9


def test_an_edition_without_memberships_has_its_types_matched_and_no_expectation(tmp_path):
    keep(tmp_path, [1] * 6 + [2] * 6)
    file = tmp_path / runs.TYPES
    pd.read_csv(file, dtype=str)[["code", "name", "type"]].to_csv(file, index=False)
    kept = runs.Types.read(tmp_path)
    _, (only,) = runs.movers(kept, placed([1] * 5 + [2] * 7))
    assert only[0] == "町05" and np.isnan(only[-1])
    assert runs.movers(kept, kept)[0].exceeds is None
    assert runs.Types.read(tmp_path / "elsewhere") is None


# --- pictures and sources ---------------------------------------------------------------------


def test_the_difference_of_two_pictures_marks_what_differs():
    *_, marked, share = command.pictures(png(0), png(90))
    image = np.asarray(Image.open(io.BytesIO(marked)).convert("RGB")).astype(int)
    red = image[:, :, 0] - image[:, :, 1] > 60
    assert red[20, 20] and not red[2, 50]
    assert share == pytest.approx(red.mean(), abs=0.02) and 0 < share < 0.5
    assert command.pictures(png(), png())[3] == 0.0


def test_cells_are_matched_by_their_ids():
    old = {"a": "x = 1\ny = 2", "b": "z = 3", "c": "gone = 1"}
    new = {"n": "new = 1", "a": "x = 1\ny = 5", "b": "z = 3"}
    found = {c.cell: (c.before, c.after) for c in differences.sources("01", old, new)}
    assert found == {
        "a": ("x = 1\ny = 2", "x = 1\ny = 5"),
        "n": ("", "new = 1"),
        "c": ("gone = 1", ""),
    }


notebooks = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["x = 1", "x = 2\ny = 1", "show(x)"])),
    unique_by=lambda item: item[0],
)


@given(notebooks, notebooks)
def test_whatever_became_of_the_cells_is_told(old, new):
    found = differences.sources("01", dict(old), dict(new))
    left = Counter(source for _, source in old)
    left.subtract(c.before for c in found if c.before)
    left.update(c.after for c in found if c.after)
    assert +left == Counter(source for _, source in new)
    assert all(c.before != c.after for c in found)


# --- the command ------------------------------------------------------------------------------


@pytest.fixture
def made(project):
    """What a report of the demo wave records of its files and codebook."""
    data = fingerprints.hash_folder(project / "data" / "raw" / "demo-2019")
    book = fingerprints.hash_file(project / "data" / "codebooks" / "it-staffing.yml")
    return {"wave": "demo-2019", "data_sha256": data, "codebook_sha256": book,
            "finished": "2026-04-01T10:00"}  # fmt: skip


def test_two_releases_are_told_apart_and_so_are_their_comparisons(project, capsys):
    for name in ("a", "b"):
        for number, said in (("1", "x"), ("2", "y")):
            run(project / "releases" / name / number, answer(said))
        both = [str(project / "releases" / name / number) for number in "12"]
        assert main(["compare", *both]) == 0
        assert f"{name}/1 → {name}/2" in capsys.readouterr().out
    there = {place.name for place in (project / "reports" / "compare").iterdir()}
    assert there == {"a-1..a-2", "b-1..b-2"}  # the second took the place of the first


def test_two_folders_by_the_command(project, made, capsys):
    run(project / "reports" / "demo-2019", answer("x"), **made)
    run(project / "reports" / "other", answer("y"))
    assert main(["compare", "demo-2019", "other"]) == 0
    assert "x → **y**" in capsys.readouterr().out
    assert (project / "reports" / "compare" / "demo-2019..other" / "compare.html").is_file()
    assert main(["compare", "demo-2019", "no-such"]) == 2
    assert "there is no run in 'no-such'" in capsys.readouterr().err
    assert main(["compare", "demo-2019", "other", "--audience", "committee"]) == 2
    assert "no edition of demo-2019 for --audience committee" in capsys.readouterr().err
    assert main(["compare", "demo-2019"]) == 2
    (project / "reports" / "other" / "run.json").write_text("{")
    assert main(["compare", "demo-2019", "other"]) == 2
    assert "refresh it again" in capsys.readouterr().err


def test_a_copy_of_a_report_is_no_run_of_the_wave_whose_name_it_has(project, capsys):
    for name in ("demo-2019", "as-before"):
        run(project / "reports" / name, answer("x"), wave="demo-2018")
    assert main(["compare", "as-before", "demo-2019"]) == 2
    assert "demo-2019: the folder holds a run of demo-2018" in capsys.readouterr().err
    assert not (project / "reports" / "compare").exists()


def test_a_folder_beside_has_no_report_of_a_wave_by_its_name(project, made, capsys, monkeypatch):
    run(project / "kept" / "demo-2019", answer("x"), **made)
    run(project / "reports" / "other", answer("y"))
    monkeypatch.chdir(project / "kept")
    assert main(["compare", "demo-2019", "other"]) == 2
    assert "there is no run in 'demo-2019'" in capsys.readouterr().err
    assert main(["compare", "./demo-2019", "other"]) == 0


@pytest.mark.parametrize(
    ("file", "what"),
    [
        ("data/raw/demo-2019/wave.yml", "the data of the wave"),
        ("data/codebooks/it-staffing.yml", "the codebook"),
    ],
)
@pytest.mark.parametrize("audience", ["internal", "committee"])
def test_a_report_of_earlier_files_is_compared_by_its_folder_only(
    project, made, capsys, audience, file, what
):
    edition = Edition("demo-2019", audience)
    made["data_sha256"] = for_edition(edition, made["data_sha256"])
    run(edition.folder, answer("x"), **made, audience=audience)
    run(project / "reports" / "other", answer("y"), audience=audience)
    line = ["compare", "other", "demo-2019", "--audience", audience]
    assert main(line) == 0
    capsys.readouterr()
    assert main([*line, "--language", "en"]) == 2  # it took that in the other language
    said = capsys.readouterr().err
    assert "no edition of demo-2019" in said or "no run in 'demo-2019.committee.en'" in said
    (project / file).write_text((project / file).read_text("utf-8") + "# changed\n", "utf-8")
    assert main(line) == 2
    told = f"{what} changed since the report of demo-2019 of 2026-04-01 was made; run `workbench"
    said = capsys.readouterr().err
    assert told in said
    folder = str(project / re.search(r"by its folder \((.*)\)", said)[1])
    assert main([*line[:2], folder, *line[3:]]) == 0
    (project / "data/raw/demo-2019/wave.yml").unlink()  # nobody can tell whether anything changed
    assert main(line) == 2
    assert "there is no wave 'demo-2019'" in capsys.readouterr().err
    assert main([*line[:2], folder, *line[3:]]) == 0


SHOW = """
from IPython.display import display
display({"%sanswer+json": {"text": "%s"}}, raw=True)
"""


def test_a_revision_against_the_working_tree(project, capsys, monkeypatch):
    start = subprocess.run

    def plain(words, **given):
        """One notebook needs no server of warm kernels, which takes seconds to start."""
        return start([*words, *(["--no-fork"] if "refresh" in words else [])], **given)

    monkeypatch.setattr(command.subprocess, "run", plain)

    def git(*words):
        author = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        done = subprocess.run(
            ["git", *author, *words], cwd=project, check=True, capture_output=True, text=True
        )
        return done.stdout

    def put(text):
        head = 'wave: str = "x"\nlanguage: str = "ja"\naudience: str = "internal"'
        made = notebook([head, SHOW % (VENDOR, text)], tags={0: ["parameters"]})
        (project / "notebooks" / "01_a.ipynb").write_text(made)

    put("前の答え")
    (project / "src").symlink_to(ROOT / "src")  # the code of both is this
    (project / ".gitignore").write_text("/reports/\n/data/processed/\n/data/raw/*\n/.workbench/\n")
    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "one")
    put("後の答え")
    asked = ["compare", "--base", "HEAD", "--wave", "demo-2019", "--out", str(project / "out")]
    assert refresh("demo-2019").ok
    assert main(asked) == 0
    out, told = capsys.readouterr()
    assert "first the report of HEAD is made in a copy" in told
    assert "［前 → **後**］の答え" in out and "作業中の版" in out
    assert "コードブック" not in out, "the data that git does not have were brought along"
    assert len(git("worktree", "list").splitlines()) == 1
    assert (paths.reports() / ".base" / "demo-2019" / "run.json").is_file()
    (project / "out" / "compare.md").write_text("by hand")
    with monkeypatch.context() as patch:
        patch.setattr(command, "run_of_base", None)  # it is refused before anything runs
        assert main(asked) == 2
    assert "compare.md" in capsys.readouterr().err
    assert main(["compare", "--base", "nowhere", "--wave", "demo-2019"]) == 2
    assert "there is no git revision 'nowhere'" in capsys.readouterr().err


def test_the_revision_is_run_with_all_that_git_does_not_have_of_any_wave(project, tmp_path):
    """A page compares its wave with earlier ones: without them it would count as new here."""
    for name in ("data/raw/2018/wave.yml", "data/raw/2018/in/1.xlsx", ".workbench/pseudonym.key"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("1")
    (project / ".gitignore").write_text(
        "/data/raw/2018/\n/.workbench/\n/data/codebooks/registered/\n"
    )
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=project, check=True)
    (tmp_path / "share").mkdir()
    (tmp_path / "share" / "2021-04-01_a.xlsx").write_text("corrections on a shared disk")
    (project / "data/raw/2018/corrections").symlink_to(tmp_path / "share")
    command._bring_data(project, tmp_path / "base", "demo-2019")
    assert (tmp_path / "base/data/raw/2018/corrections/2021-04-01_a.xlsx").is_file()
    files = {p.relative_to(tmp_path / "base").as_posix() for p in (tmp_path / "base").rglob("*.*")}
    assert {"data/raw/2018/in/1.xlsx", ".workbench/pseudonym.key"} <= files
    assert "data/codebooks/registered/demo-2019.yml" in files
    assert not [name for name in files if name.startswith("data/raw/demo-2019")]  # in git


@pytest.mark.parametrize(
    ("language", "said"), [("ja", "類型は3つです。安定しています。"), ("en", "One. Two.")]
)
def test_an_answer_and_its_rest_are_sentences_of_one_paragraph(tmp_path, language, said):
    (page,) = run(tmp_path / "a", answer(said), language=language).pages.values()
    assert page.answers == [said]


def test_a_long_table_stands_open_only_at_its_head(tmp_path):
    def versions(n, version):
        return {"versions": {f"p{at}": version for at in range(n)}, "language": "en"}

    a = run(tmp_path / "a", **versions(250, "1"))
    b = run(tmp_path / "b", **versions(250, "2"))
    html = command.page(runs.Comparison(a, b))
    head, folded = html.split("<details><summary>")
    assert head.count("<td>") == 45 and folded.startswith("and 235 more</summary>")
    assert folded.count("<td>") == 3 * 185 and "and 50 more" in folded
    few = [run(tmp_path / f"few{v}", **versions(20, v)) for v in "12"]
    assert "<details>" not in command.page(runs.Comparison(*few))
