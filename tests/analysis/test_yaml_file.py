"""A YAML file can neither end the process nor fill its memory."""

import re

import pytest

from analysis.codebook.model import Codebook
from analysis.codebook.wave import Wave
from analysis.errors import InputError

LEVELS = 25
MERGES = "a0: &a0 {x0: 1}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 2)}], x{n}: 1}}\n" for n in range(1, LEVELS)
)
ALIASES = "a0: &a0 [1]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, LEVELS)
)
BAD = {
    "flow sequences": "title: " + "[" * 100_000,
    "flow mappings": "title: " + "{a: " * 100_000,
    "block mappings": "".join(f"{' ' * n}a:\n" for n in range(2000)),
    "block sequences": "title:\n" + "- " * 100_000,
    "merge keys": MERGES,
    "aliases": ALIASES,
    "an alias of itself": "title: &a [*a]",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("what", ["codebook", "wave.yml"])
def test_entries_without_end_are_refused_before_anything_is_built(tmp_path, what, text):
    file = tmp_path / ("book.yml" if what == "codebook" else "wave.yml")
    file.write_text(text, encoding="utf-8")
    said = "more than 50 entries within entries, or more than 1,000,000 by aliases"
    with pytest.raises(InputError, match=f"not readable YAML.*{said}"):
        Codebook.read(str(file)) if what == "codebook" else Wave.read(tmp_path)


WAVE = """\
title: {ja: 調査, en: Survey}
as_of: 2019-04-01
publisher: {ja: 会, en: Group}
codebook: libraries
data: real
files:
- path: a.csv
  layout: rows
"""
SLIPS = [  # what is written, in the place of what, and what is said of it
    ("as_of: ", "as_of ", "2行目をYAMLとして読めない：as_of 2019-04-01"),
    ("as_of: ", "as_of：", "2行目をYAMLとして読めない.*半角"),
    ("  layout: rows", "　layout: rows\n  codes: order", "8行目をYAMLとして読めない.*半角"),
    ("data: real", "note: {ja: あ", "5行目をYAMLとして読めない"),
    ("data: real", "note: {ja: あ: い, en: a}", "5行目をYAMLとして読めない"),
    ("data: real", "note: *あ", "5行目をYAMLとして読めない"),
    ("data: real", "data: real\ndata: real", "6行目、「data」という項目が二つある"),
    ("04-01", "13-01", "2行目、2019-13-01という日はない"),
    ("2019-04-01", "20190401", "2行目、as_of：「2020-10-03」のような日付"),
    ("rows", "row", "8行目、files > a.csv > layout：「row」という値はない"),
    ("rows", "", "8行目、files > a.csv > layout：空である"),
    ("data: real", "data: real\ninvited: -3", "6行目、invited：0以上"),
    ("{ja: 調査, en: Survey}", "調査", r"1行目、title：日本語（ja）と英語（en）の項目"),
    ("data: real", "data: real\nnamed: 多分", "6行目、named：trueかfalse"),
]


@pytest.mark.parametrize(("old", "new", "said"), SLIPS)
def test_a_slip_is_one_sentence_with_its_line_and_no_word_of_a_program(tmp_path, old, new, said):
    (tmp_path / "wave.yml").write_text(WAVE.replace(old, new, 1), "utf-8")
    with pytest.raises(InputError) as raised:
        Wave.read(tmp_path)
    assert re.search(f"^{tmp_path.name}/wave.yml：{said}", raised.value.say("ja"))
    assert not re.search("[A-Za-z]{3,} [a-z]+ [a-z]+", raised.value.say("ja"))
