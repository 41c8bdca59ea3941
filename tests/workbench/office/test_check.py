"""A codebook's faults are all named at once, and so is what a draft left open."""

import pytest

from analysis.errors import InputError
from workbench.office.draft import check

HEAD = """
id: tiny
title: {ja: 調査, en: Survey}
version: %s
sections: [{id: A, ja: 属性, en: Profile}]
questions:
"""
GOOD = "- {id: Q1, section: A, type: integer, role: describe, ja: 職員数, en: Staff}\n"


@pytest.fixture
def written(tmp_path):
    def made(questions, version="'1'"):
        file = tmp_path / "tiny.yml"
        file.write_text(HEAD % version + questions, "utf-8")
        return str(file)

    return made


def test_all_faults_are_listed_at_once(written):
    file = written(
        GOOD
        + "- {id: Q2, section: B, type: integer, role: describe, ja: 数, en: Number}\n"
        + "- {id: Q3, section: A, type: single, role: describe, ja: 形, en: Form}\n"
        + "- {id: Q4, section: A, type: integr, role: describe, ja: 数, en: Number}\n"
        + "- {id: Q5, section: A, type: integer, role: describe, ja: 数, en: Number, ask_if: Q9}\n"
        + "- {id: Q6, section: A, type: integer, role: describe, ja: 計, en: S, ask_if: Q4 > 1}\n",
        version="1",
    )
    with pytest.raises(InputError, match="5 faults") as refused:
        check(file)
    said = str(refused.value)
    assert "this is a number and should be a text; write '1' in quotes" in said
    for part in ("Q4 > type", "Q2: there is no section 'B'", "Q3: a question of type single",
                 "Q5: the rule 'Q9' points to Q9, which does not exist"):  # fmt: skip
        assert part in said


def test_the_faults_are_in_japanese_where_it_is_asked_for(written, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "ja")
    file = written(
        GOOD
        + "- {id: Q2, section: B, type: integer, role: describe, ja: 数, en: Number,\n"
        + "   ask_if: Q1 + 1, range: [9, 1]}\n"
        + "- {id: Q3, section: A, type: integr, role: describe, ja: 数, en: Number, size: 1}\n"
    )
    with pytest.raises(InputError) as refused:
        check(file)
    said = refused.value.say("ja").split("\n- ")
    assert said[0].endswith("誤りが5件ある：")
    assert said[1].startswith(
        "10行目、questions > Q3 > type：「integr」という値はない。使える値：single、"
    )
    assert said[2:] == [
        "10行目、questions > Q3 > size：この名前の項目はない。綴りを確かめるか、消してください",
        "8行目、設問 Q2：「B」という章がない",
        "8行目、設問 Q2：rangeの下限9.0が上限1.0より大きい",
        "8行目、設問 Q2：条件式「Q1 + 1」の「Q1 + 1」は、「Q08 >= 1」のように"
        "真偽になる式でなければならない",
    ]


def test_what_is_still_to_be_filled_in_is_listed(written):
    file = written(
        "- {id: Q1, section: A, type: single, role: describe, ja: 形態, en: 形態 (to translate),\n"
        "   options: [{code: 1, ja: 選択肢1, en: option 1 (to fill in)}]}\n"
    )
    said = check(file)
    assert "no fault" in said and "3 texts are still to be filled in" in said
    assert "Q1 > options > 1 > ja: 選択肢1" in said
    assert "filled in" not in check(written(GOOD))


def test_a_tab_is_named_with_its_line(written):
    with pytest.raises(InputError, match="line 7 begins with a tab; indent with spaces"):
        check(written("\t- {id: Q1}\n"))
