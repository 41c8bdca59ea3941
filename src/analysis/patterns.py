"""How breaches of the rules of machine readability are written in the cells of offices."""

from __future__ import annotations

import re

D = "0-9０-９"
N = rf"[{D}][{D},，.．]*"
SCALE = "(?:十|百|千|万|百万|千万|億|十億|百億|兆)?"
MEASURE = (
    "(?:人|名|円|件|台|回|日|時間|分|秒|年|か月|ヶ月|カ月|ヵ月|月|週|歳|才|個|箇所|か所|ヶ所|団体|市町村|自治体"
    "|世帯|戸|校|冊|枚|部|組|社|者|本|床|点|倍|頁|ページ|ポイント|席|室|館|施設|種類|回線|人日|人月"
    "|[%％]|[kcm]?m[2²]?|㎡|km2|ha|k?g|t|[KMGT]B)"
)
UNITS = f"(?:{SCALE}{MEASURE}(?:[/／・]{SCALE}{MEASURE})?)"
WORD = rf"[^\s、，,;；:：()（）¥￥+＋△▲{D}-]"
NUMBERED = rf"[{D}]{{1,2}}[.．:：\s][^、，,;；\n{D}]{{1,20}}"
SEVERAL = re.compile(
    rf"^[{D}]{{1,2}}(\s*[、,，・/／;；\s]\s*[{D}]{{1,2}})+$|^[①-⑳]([、,，・\s]*[①-⑳])+$"
    # 45（うち女性3）, but not 2019（令和元）
    rf"|^(?!(19|20)[0-9]{{2}}年?度?[(（]){N}\s*{UNITS}?\s*[(（][^)）]+[)）]$"
    # 正規3、非正規2
    rf"|^{WORD}{{1,8}}\s*[:：]?\s*{N}{UNITS}?"
    rf"(\s*([、;；・\s]|[,，](?=\D))\s*({WORD}{{1,8}}\s*[:：]?\s*)?{N}{UNITS}?)+$"
    # 1 業務改革、3 研修
    rf"|^{NUMBERED}([、，,;；\n]\s*{NUMBERED})+$"
)
DECORATED = re.compile(
    rf"^(約|およそ|計|[¥￥])?\s*[-－−△▲+＋]?{N}\s*(([千万億兆]|{UNITS})([{D}]+{UNITS}?)?)?\s*"
    rf"(程度|以上|以下|未満|余り?|弱|強|前後|くらい|ぐらい|[~〜～－-]\s*[{D}.]+{UNITS}?)*$"
)
# codes, dates and addresses
NO_QUANTITY = re.compile(
    r"0[0-9]+$|0[0-9]*-|(19|20)[0-9]{2}([-/.][0-9]|年)|[0-9]{3}-[0-9]{4}$|[0-9]+-[0-9]+-[0-9]+"
    r"|[0-9]{1,2}[月年]([0-9]{1,2}日)?$|[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}$"
)
DITTO = re.compile(
    r"""^([〃″”々"仝↓↑]|''|((以下|上に|上記[にと]?|左に|前に)?同(上|左|前|じ|様)?)|\.{3,}|…+|・{2,})$"""
)
SPACED = re.compile(r"^\s|\s$|[\r\n]|[ 　]{2,}|^\S([ 　]+\S){2,}$|^[一-龠][ 　]+[一-龠]$")
YEAR = f"(元|[{D}]{{1,2}})"
ERA = re.compile(
    rf"(明治|大正|昭和|平成|令和)\s*{YEAR}\s*([年.．/]|$)"
    rf"|^[MTSHRＭＴＳＨＲ]\s?{YEAR}(\s*[.．/年]|[-－][{D}]+[-－])|^[HRＨＲ]{YEAR}(年?度)?([(（].*)?$"
    r"|^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,2}$"
)
COMMON_ERA = re.compile(r"(19|20)[0-9]{2}|(１９|２０)[０-９]{2}")
SIGN = re.compile(r"^[-－ー―‐*＊×xXχＸｘ…・･.]+$")
LEGEND = re.compile(r"凡例|(^|[\s、，。（(※「])[-－―‐*＊×xXχＸｘ…][」』]?\s*[はを:：=＝]")
STATED = re.compile(r"単位\s*[:：は]|[(（［\[]単位")  # once for the whole table
UNIT = re.compile(
    rf"[(（［\[](単位\s*[:：]?\s*)?({UNITS}|[A-Za-z%/ ]+)"
    r"([、，,・;；/／\s:：][^)）\]］]*)?[)）\]］]"
    # what counts says its unit, and some numbers have none
    "|[%％]|率|割合|単位|(人|件|台|回|日|時間|年|月|校|冊|戸|団体|市町村|箇所|世帯|枚|点|室|館|施設|回線)数"
    r"|指数|係数|偏差値|順位|比$|(^|[^\d])年度?$|年月日?$|西暦"
    r"|コード|番号|通番|連番|№|code|\bid\b|\bno\b|電話|連絡先|〒",
    re.I | re.M,
)
COUNTED = re.compile(r"(数|額|費|料|量|人口|面積|時間|年齢|給与|残高|経費|予算)\s*([(（]|$)", re.M)
CODED = re.compile(r"コード|番号|電話|連絡先|〒|所在地|住所|code|\bno\b|\bid\b", re.I)
SAME_EVERYWHERE = set("～〜－−‖∥―—￠￡￢\n\r\t\u3000")
