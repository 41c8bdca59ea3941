"""Municipalities that are no more, and what copies from PDF files make of names."""

import datetime as dt

import pytest

from analysis.codebook import municipality

BEFORE, AFTER = dt.date(2011, 4, 1), dt.date(2020, 4, 1)


@pytest.mark.parametrize(
    ("name", "on", "code", "how"),
    [
        ("長久手町", BEFORE, "232386", "exact"),
        ("長久手町", AFTER, "232386", "renamed"),
        ("岩手郡滝沢村", BEFORE, "032166", "exact"),
        ("岩舟町", BEFORE, "093670", "exact"),  # a municipality of its own until 2014-04-04
        ("岩舟町", AFTER, "092037", "renamed"),
        ("岡山市", dt.date(2008, 4, 1), "331007", "exact"),  # its code was another
        ("幌延町", dt.date(2008, 4, 1), "015202", "exact"),
        ("戶田市", AFTER, "112241", "variant"),
        ("二セコ町", AFTER, "013951", "variant"),  # 二 for ニ
        ("京北町", AFTER, "261009", "renamed"),
        ("⻲岡市", AFTER, "262064", "variant"),
        ("⻑野市", AFTER, "202011", "variant"),
        ("⻘森市", AFTER, "022012", "variant"),
        ("⻄宮市", AFTER, "282049", "variant"),
        ("塩竃市", AFTER, "042030", "variant"),
        ("德島市", AFTER, "362018", "variant"),
        ("飯館村", AFTER, "075647", "variant"),
        ("01100_札幌市", AFTER, "011002", "variant"),  # as drop-down lists have it
        ("府中市（342084）", AFTER, "342084", "variant"),
        ("121002 姫路市", AFTER, "", "unknown"),  # the code is of another
    ],
)
def test_names_of_older_waves_and_of_copies(name, on, code, how):
    match = municipality.resolve(name, on=on)
    assert (match.code, match.how) == (code, how)


@pytest.mark.parametrize(
    ("name", "code", "how"),
    [
        ("札幌市 図書館課", "011002", "variant"),
        ("兵庫県姫路市　情報政策室", "282014", "variant"),
        ("四日市市市民課", "242021", "variant"),  # whose name has the sign of a city within
        ("町田市町民税課", "132098", "variant"),
        ("大津市（総務課）", "252018", "variant"),
        ("千葉市 御中", "121002", "variant"),
        ("千葉市役所様", "121002", "variant"),
        ("西予市総務部DX推進課", "382141", "variant"),
        ("函館市／IT課", "012025", "variant"),
        ("札幌市まちづくり推進課", "011002", "variant"),
        ("大津市・千葉市総務課", "", "unknown"),  # two municipalities
        ("大津市（千葉市総務課）", "", "unknown"),
        ("大津市と千葉市の課", "", "unknown"),
        ("府中市企画課", "", "ambiguous"),  # two cities bear the name
        ("千葉県市町村課", "", "unknown"),  # the section of a prefecture
        ("札幌市では図書館課", "", "unknown"),  # a sentence
        ("図書館課", "", "unknown"),
        # a body that may have replied for itself
        *((name, "", "body") for name in ("旭川市 図書館", "つくば市立図書館", "千葉市教育委員会")),
        *((name, "", "body") for name in ("町田市民病院", "北海道札幌市議会", "府中市立図書館")),
    ],
)
def test_a_municipality_and_its_section_in_one_name(name, code, how):
    match = municipality.resolve(name)
    assert (match.code, match.how) == (code, how)


def test_a_name_of_several_former_places_is_asked_for():
    assert municipality.resolve("上九一色村").options == ("192015", "194301")
    assert municipality.resolve("那珂川町", on=BEFORE).how == "ambiguous"
    assert municipality.resolve("那珂川町", "福岡県", AFTER).code == "402311"


def test_codes_follow_their_municipality_until_it_is_part_of_another():
    assert municipality.current("233048", BEFORE) == "232386"
    assert municipality.current("093670", BEFORE) == "093670"
    assert municipality.current("093670", AFTER) == "092037"
    assert municipality.city_of_ward("11011") == "011002"  # a ward of Sapporo without its zero


def test_five_digits_of_a_code_that_is_no_more():
    assert municipality.parse_code("33201") == ("332011", "shortened")
    assert municipality.current("014885", BEFORE) == "015202"  # another district since 2010


def test_what_cities_were_before_the_table_of_their_classes_is_not_guessed():
    day = dt.date(2008, 4, 1)  # a year before Okayama became a designated city
    codes = ("331007", "233048", "131016", "015202")
    known = [municipality.size_class(code, day) for code in codes]
    assert known == [None, "town_village", "special_ward", "town_village"]


def test_each_former_municipality_leads_to_one_of_today():
    table, today = municipality.former(), set(municipality.register().index)
    assert len(table) > 2000 and set(" ".join(table["today"]).split()) <= today
    assert all(municipality.check_digit(code[:5]) == code[5] for code in table["code"])
