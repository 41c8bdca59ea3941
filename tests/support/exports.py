"""One questionnaire with the same 15 answers, as each form tool exports it.

The shapes are those of real exports (see the readers); the answers are invented.
"""

import csv
import io
import random

from analysis.codebook import municipality

STATES = {1: "導入済み", 2: "実証中", 3: "予定なし", 9: "その他"}
WORK = {1: "文書の作成, 要約", 2: "翻訳", 3: "議事録", 9: "その他"}
LEVELS = {1: "済", 2: "予定", 3: "未定"}
ITEMS = {"a": "研修", "b": "採用"}
Q1, Q2, Q3 = "Q1. 生成AIの導入状況", "Q2. 利用している業務（複数選択可）", "Q3. 情報部門の職員数"
Q4, Q5, Q6 = "Q4. 取組の状況", "Q5. 開始した日", "Q6. 課題"
BOOK = {
    "id": "genai", "title": {"ja": "生成AI", "en": "Generative AI"}, "version": "1",
    "missing": {"no_answer": {"ja": "無回答", "en": "no answer", "tokens": ["無回答"]}},
    "sections": [{"id": "A", "ja": "設問", "en": "Questions"}],
    "questions": [
        {"id": "CODE", "section": "A", "type": "text", "role": "id", "identity": "code",
         "ja": "団体コード", "en": "Code"},
        {"id": "NAME", "section": "A", "type": "text", "role": "id", "identity": "name",
         "ja": "団体名", "en": "Name"},
        {"id": "Q1", "section": "A", "type": "single", "role": "describe", "ja": "生成AIの導入状況",
         "en": "State", "options": [
             {"code": c, "ja": t, "en": f"state {c}", "other": c == 9, "source": [f"A{c}"]}
             for c, t in STATES.items()]},
        {"id": "Q2", "section": "A", "type": "multi", "role": "describe",
         "ja": "利用している業務（複数選択可）", "en": "Uses", "options": [
             {"code": c, "ja": t, "en": f"use {c}", "other": c == 9, "source": [f"SQ00{c}"]}
             for c, t in WORK.items()]},
        {"id": "Q3", "section": "A", "type": "integer", "role": "describe",
         "ja": "情報部門の職員数", "en": "Staff"},
        {"id": "Q4", "section": "A", "type": "battery", "role": "describe", "ja": "取組の状況",
         "en": "Work", "options": [
             {"code": c, "ja": t, "en": f"level {c}", "source": [f"B{c}"]}
             for c, t in LEVELS.items()],
         "items": [{"id": f"Q4_{i}", "ja": t, "en": f"item {i}", "source": [f"SQ0{i}"]}
                   for i, t in ITEMS.items()]},
        {"id": "Q5", "section": "A", "type": "date", "role": "describe", "ja": "開始した日",
         "en": "Began"},
        {"id": "Q6", "section": "A", "type": "text", "role": "describe", "free": True, "ja": "課題",
         "en": "Problems"},
    ],
}  # fmt: skip


def answers(n=15):
    """What each of some real municipalities answered: invented."""
    draw = random.Random(7)
    table = municipality.register()
    for i, code in enumerate(draw.sample(sorted(table.index), n)):
        one = draw.choice([1, 2, 3, 9])
        chosen = sorted(draw.sample([1, 2, 3, 9], draw.randint(1, 3)))
        yield {
            "CODE": code, "NAME": table.at[code, "name"], "Q1": one, "Q2": chosen,
            "Q1_other": f"予算を要求中（{i}年度）" if one == 9 else "",
            "Q2_other": f"住民向けの案内{i}" if 9 in chosen else "",
            "Q3": draw.randint(0, 90), "Q4": {i: draw.choice([1, 2, 3]) for i in ITEMS},
            "Q5": f"2024-{draw.randint(1, 12):02}-{draw.randint(13, 28):02}",
            "Q6": "" if i % 3 else f"人手が足りず、{i}件の予算, 人員の見直しが要る",
        }  # fmt: skip


def _single(a):
    return a["Q1_other"] or STATES[a["Q1"]]


def _chosen(a, sign):
    return sign.join([*(WORK[c] for c in a["Q2"] if c != 9), *filter(None, [a["Q2_other"]])])


def _slashed(day):
    year, month, date = map(int, day.split("-"))
    return f"{year}/{month}/{date}"


def google_sheets():
    yield ["タイムスタンプ", "メールアドレス", "団体コード", "団体名", Q1, Q2, Q3,
           *(f"{Q4} [{t}]" for t in ITEMS.values()), Q5, Q6]  # fmt: skip
    for i, a in enumerate(answers()):
        yield [f"2024/06/03 9:15:{i:02}", "x@example.jp", a["CODE"], a["NAME"], _single(a),
               _chosen(a, ", "), a["Q3"], *(LEVELS[a["Q4"][k]] for k in ITEMS),
               _slashed(a["Q5"]), a["Q6"]]  # fmt: skip


def google_zip():
    head, *rows = google_sheets()
    yield head
    for row, a in zip(rows, answers(), strict=True):
        yield [f"{row[0]} 午前 GMT+9", *row[1:5], _chosen(a, ";"), *row[6:]]


def google_us():
    """As a browser in English writes it: the month first."""
    head, *rows = google_sheets()
    yield ["Timestamp", "Username", *head[2:]]
    for row, a in zip(rows, answers(), strict=True):
        year, month, day = a["Q5"].split("-")
        yield [f"6/13/2024 {row[0][11:]}", *row[1:-2], f"{int(month)}/{day}/{year}", row[-1]]


def ms_forms():
    yield ["ID", "開始時刻", "完了時刻", "メール", "名前", "団体コード", "団体名", Q1, Q2, Q3,
           *ITEMS.values(), Q5, Q6]  # fmt: skip
    for i, a in enumerate(answers(), start=1):
        words = [*(WORK[c] for c in a["Q2"] if c != 9), *filter(None, [a["Q2_other"]])]
        yield [i, "6/3/24 9:12:44", "6/3/24 9:30:01", "anonymous", "", a["CODE"], a["NAME"],
               _single(a), "".join(f"{w};" for w in words), a["Q3"],
               *(LEVELS[a["Q4"][k]] for k in ITEMS), a["Q5"], a["Q6"]]  # fmt: skip


def logo_numbers():
    yield ["受付番号", "申請日時", "団体コード", "団体名", Q1, f"{Q1}_その他の内容",
           *(f"{Q2}_{t}" for t in WORK.values()), f"{Q2}_その他の内容", Q3,
           *(f"{Q4}_{t}" for t in ITEMS.values()), Q5, Q6]  # fmt: skip
    for i, a in enumerate(answers()):
        yield [1000 + i, "2024年06月03日 09時15分", a["CODE"], a["NAME"], STATES[a["Q1"]],
               a["Q1_other"], *(int(c in a["Q2"]) for c in WORK), a["Q2_other"], a["Q3"],
               *(LEVELS[a["Q4"][k]] for k in ITEMS), a["Q5"], a["Q6"]]  # fmt: skip


def logo_texts():
    head, *rows = logo_numbers()
    yield head
    for row, a in zip(rows, answers(), strict=True):
        yield [*row[:6], *(t if c in a["Q2"] else "" for c, t in WORK.items()), *row[10:]]


def logo_joined():
    """Several answers in one cell, parted by 、, which an option with ", " does not have."""
    head, *rows = logo_numbers()
    yield [*head[:5], f"{Q1}（その他）", Q2, f"{Q2}（その他）", *head[11:]]
    for row, a in zip(rows, answers(), strict=True):
        yield [*row[:6], "、".join(WORK[c] for c in a["Q2"]), *row[10:]]


def kintone():
    yield ["レコード番号", "作成日時", "作成者", "団体コード", "団体名", Q1,
           *(f"{Q2}[{t}]" for t in WORK.values()), Q3, *(f"{Q4}[{t}]" for t in ITEMS.values()),
           Q5, Q6]  # fmt: skip
    for i, a in enumerate(answers(), start=1):
        ticks = [("1" if c in a["Q2"] else "") if c != 9 else a["Q2_other"] for c in WORK]
        yield [i, "2024/06/03 9:15", "担当者", a["CODE"], a["NAME"], _single(a), *ticks, a["Q3"],
               *(LEVELS[a["Q4"][k]] for k in ITEMS), a["Q5"], a["Q6"]]  # fmt: skip


def limesurvey_codes():
    yield ["id", "submitdate", "lastpage", "startlanguage", "seed", "CODE", "NAME", "Q1",
           "Q1[other]", *(f"Q2[SQ00{c}]" for c in WORK if c != 9), "Q2[other]", "Q3",
           *(f"Q4[SQ0{i}]" for i in ITEMS), "Q5", "Q6"]  # fmt: skip
    for i, a in enumerate(answers(), start=1):
        yield [i, "2024-06-03 09:15:42", 3, "ja", 5, a["CODE"], a["NAME"],
               "-oth-" if a["Q1"] == 9 else f"A{a['Q1']}", a["Q1_other"],
               *("Y" if c in a["Q2"] else "" for c in WORK if c != 9), a["Q2_other"], a["Q3"],
               *(f"B{a['Q4'][k]}" for k in ITEMS), f"{a['Q5']} 00:00:00", a["Q6"]]  # fmt: skip


def limesurvey_texts():
    _, *rows = limesurvey_codes()
    yield ["回答ID", "送信日", "最後のページ", "開始言語", "シード", "団体コード", "団体名", Q1,
           f"{Q1} [その他]", *(f"{Q2} [{t}]" for t in WORK.values()), Q3,
           *(f"{Q4} [{t}]" for t in ITEMS.values()), Q5, Q6]  # fmt: skip
    for row, a in zip(rows, answers(), strict=True):
        ticks = ["はい" if c in a["Q2"] else "いいえ" for c in WORK if c != 9]
        yield [*row[:7], STATES[a["Q1"]], a["Q1_other"], *ticks, a["Q2_other"], a["Q3"],
               *(LEVELS[a["Q4"][k]] for k in ITEMS), *row[-2:]]  # fmt: skip


def limesurvey_vv():
    codes, *rows = limesurvey_codes()
    yield next(limesurvey_texts())
    yield [code.replace("[", "_").replace("]", "") for code in codes]
    yield from rows


def limesurvey_both():
    codes, *_ = limesurvey_codes()
    words, *rows = limesurvey_texts()
    yield [f"{code}. {text}" for code, text in zip(codes, words, strict=True)]
    yield from rows


def _qualtrics_head(split):
    names = ["StartDate", "EndDate", "IPAddress", "Finished", "ResponseId", "CODE", "NAME", "Q1",
             "Q1_9_TEXT", *([f"Q2_{c}" for c in WORK] if split else ["Q2"]), "Q2_9_TEXT", "Q3",
             "Q4_1", "Q4_2", "Q5", "Q6"]  # fmt: skip
    some = f"{Q2} - Selected Choice"
    words = ["Start Date", "End Date", "IP Address", "Finished", "Response ID", "団体コード",
             "団体名", f"{Q1} - Selected Choice", f"{Q1} - その他 - Text",
             *([f"{some} - {t}" for t in WORK.values()] if split else [some]),
             f"{Q2} - その他 - Text", Q3, *(f"{Q4} - {t}" for t in ITEMS.values()),
             Q5, Q6]  # fmt: skip
    return names, words, [f'{{"ImportId":"QID{i}"}}' for i in range(len(names))]


def qualtrics_texts():
    yield from _qualtrics_head(split=False)
    for i, a in enumerate(answers()):
        yield ["2024-06-03 09:15:42", "2024-06-03 09:30:00", "192.0.2.1", "True", f"R_{i}",
               a["CODE"], a["NAME"], STATES[a["Q1"]], a["Q1_other"],
               ",".join(WORK[c] for c in a["Q2"]), a["Q2_other"], a["Q3"],
               *(LEVELS[a["Q4"][k]] for k in ITEMS), a["Q5"], a["Q6"]]  # fmt: skip


def qualtrics_japanese():
    """Codes in one cell; what the survey's language calls the columns of the tool."""
    names, words, ids = _qualtrics_head(split=False)
    own = ["開始日", "終了日", "IPアドレス", "終了済み", "回答ID"]
    yield names
    yield [*own, *(w.replace("Selected Choice", "選択した選択肢").replace("- Text", "- テキスト")
                   for w in words[5:])]  # fmt: skip
    yield ids
    for row, a in zip([*qualtrics_numbers()][3:], answers(), strict=True):
        yield [*row[:9], ",".join(map(str, a["Q2"])), *row[13:]]


def qualtrics_numbers():
    yield from _qualtrics_head(split=True)
    for i, a in enumerate(answers()):
        yield ["2024-06-03 09:15:42", "2024-06-03 09:30:00", "192.0.2.1", "1", f"R_{i}",
               a["CODE"], a["NAME"], a["Q1"], a["Q1_other"],
               *("1" if c in a["Q2"] else "" for c in WORK), a["Q2_other"], a["Q3"],
               *(a["Q4"][k] for k in ITEMS), a["Q5"], a["Q6"]]  # fmt: skip


def surveymonkey():
    yield ["Respondent ID", "Collector ID", "Start Date", "End Date", "IP Address", "団体コード",
           "団体名", Q1, "", Q2, "", "", "", Q3, Q4, "", Q5, Q6]  # fmt: skip
    yield ["", "", "", "", "", "Open-Ended Response", "Open-Ended Response", "Response",
           "その他（具体的に）", *(t for c, t in WORK.items() if c != 9), "その他（具体的に）",
           "Open-Ended Response", *ITEMS.values(), "Open-Ended Response",
           "Open-Ended Response"]  # fmt: skip
    for i, a in enumerate(answers()):
        yield [11 + i, 4, "2024-06-03 09:15:42", "2024-06-03 09:30:00", "192.0.2.1", a["CODE"],
               a["NAME"], "" if a["Q1"] == 9 else STATES[a["Q1"]], a["Q1_other"],
               *(t if c in a["Q2"] else "" for c, t in WORK.items() if c != 9), a["Q2_other"],
               a["Q3"], *(LEVELS[a["Q4"][k]] for k in ITEMS), a["Q5"], a["Q6"]]  # fmt: skip


def redcap_numbers():
    yield ["record_id", "redcap_survey_identifier", "code", "name", "q1", "q1_other",
           *(f"q2___{c}" for c in WORK), "q2_other", "q3", "q4_a", "q4_b", "q5", "q6",
           "survey_complete"]  # fmt: skip
    for i, a in enumerate(answers(), start=1):
        yield [i, "", a["CODE"], a["NAME"], a["Q1"], a["Q1_other"],
               *(int(c in a["Q2"]) for c in WORK), a["Q2_other"], a["Q3"],
               *(a["Q4"][k] for k in ITEMS), a["Q5"], a["Q6"], 2]  # fmt: skip


def redcap_labels():
    _, *rows = redcap_numbers()
    yield ["Record ID", "Survey Identifier", "団体コード", "団体名", Q1, "q1_other",
           *(f"{Q2} (choice={t})" for t in WORK.values()), "q2_other", Q3, *ITEMS.values(), Q5, Q6,
           "Complete?"]  # fmt: skip
    for row, a in zip(rows, answers(), strict=True):
        yield [*row[:4], STATES[a["Q1"]], a["Q1_other"],
               *("Checked" if c in a["Q2"] else "Unchecked" for c in WORK), a["Q2_other"],
               a["Q3"], *(LEVELS[a["Q4"][k]] for k in ITEMS), *row[-3:]]  # fmt: skip


def odk():
    yield ["SubmissionDate", "start", "end", "grp-CODE", "grp-NAME", "grp-Q1", "grp-Q1_other",
           "grp-Q2", *(f"grp-Q2/{c}" for c in WORK), "grp-Q2_other", "grp-Q3", "grp-Q4_a",
           "grp-Q4_b", "grp-Q5", "grp-Q6", "meta-instanceID", "KEY"]  # fmt: skip
    for i, a in enumerate(answers()):
        yield ["2024-06-03T09:15:42.000Z", "", "", a["CODE"], a["NAME"], a["Q1"], a["Q1_other"],
               " ".join(map(str, a["Q2"])), *(str(c in a["Q2"]) for c in WORK), a["Q2_other"],
               a["Q3"], *(a["Q4"][k] for k in ITEMS), a["Q5"], a["Q6"], f"uuid:{i}",
               f"uuid:{i}"]  # fmt: skip


def kobo():
    """KoboToolbox: groups before a stroke, semicolons between the columns."""
    yield ["start", "end", "grp/CODE", "grp/NAME", "grp/Q1", "grp/Q1_other", "grp/Q2",
           *(f"grp/Q2/{c}" for c in WORK), "grp/Q2_other", "grp/Q3", "grp/Q4/Q4_a", "grp/Q4/Q4_b",
           "grp/Q5", "grp/Q6", "_id", "_uuid", "_submission_time", "_validation_status", "_notes",
           "_status", "_submitted_by", "__version__", "_tags", "_index"]  # fmt: skip
    for i, row in enumerate([*odk()][1:], start=1):
        yield ["2024-06-03T09:00:00.000+09:00", "2024-06-03T09:15:42.000+09:00", *row[3:8],
               *(int(tick == "True") for tick in row[8:12]), *row[12:-2], i, f"u{i}",
               "2024-06-03T00:15:42", "", "", "submitted_via_web", "", "v1", "", i]  # fmt: skip


EXPORTS = {
    "google-forms": (google_sheets, google_zip, google_us),
    "ms-forms": (ms_forms,),
    "logo": (logo_numbers, logo_texts, logo_joined),
    "kintone": (kintone,),
    "limesurvey": (limesurvey_codes, limesurvey_texts, limesurvey_both, limesurvey_vv),
    "qualtrics": (qualtrics_texts, qualtrics_numbers, qualtrics_japanese),
    "surveymonkey": (surveymonkey,),
    "redcap": (redcap_numbers, redcap_labels),
    "odk": (odk, kobo),
}


def written(export):
    """The bytes of an export as its tool writes them."""
    out = io.StringIO(newline="")
    sign = ";" if export is kobo else ","
    csv.writer(out, delimiter=sign).writerows(export())
    japanese = export.__name__.startswith(("logo", "kintone"))
    return out.getvalue().encode("cp932" if japanese else "utf-8-sig")
