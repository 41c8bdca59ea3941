"""These respondents in the types of another wave."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.errors import InputError
from analysis.outputs import NotAvailable, Prose, Table
from analysis.report import types
from analysis.report.shown import absent, prose
from analysis.survey import Survey
from analysis.typology.profile import UNPLACED
from analysis.typology.projection import Projection
from analysis.typology.study import Typology
from analysis.waves import earlier

LISTED = 8  # indicators that a sentence can list


@dataclass(frozen=True)
class Placed:
    """Respondents of one wave in the types of another."""

    other: Survey
    found: Typology
    projection: Projection


def place(
    survey: Survey, reference: str = "", *, n_types: int | None = None, seed: int = 20191003
) -> Placed | NotAvailable:
    """Place the respondents in the types of `reference`; empty: of the wave before."""
    name = "placement"
    reference = reference or earlier(survey.wave.name)
    if not reference:
        return absent(
            survey,
            name,
            "同じコードブックによる前回の調査がないため、前回の類型には当てはめていない。"
            "他の調査の類型に当てはめるには、パラメータ reference にその名前を指定する。",
            "There is no earlier wave with this codebook. Name another wave in the parameter "
            "`reference` to place the respondents in its types.",
        )
    try:
        other = Survey.load(
            reference,
            audience=survey.audience,
            language=survey.language,
            output=survey.output,
        )
        found, projection = survey.place_in(other, n_types=n_types or "auto", seed=seed)
    except InputError as error:
        why = survey.pick("他の調査の類型には当てはめられない", "These cannot be placed elsewhere")
        return NotAvailable(name, f"{why}: {error}")
    return Placed(other, found, projection)


def basis(survey: Survey, placed: Placed | NotAvailable) -> Prose:
    """Which types, made from which indicators, and how far they may be trusted."""
    if isinstance(placed, NotAvailable):
        return Prose(placed.reason)
    other, shown = placed.other, placed.projection
    labels, count = types.labels_of(other), len(shown.shared)
    listed = survey.pick("、", ", ").join(labels[f][survey.language] for f in shown.shared)
    which = survey.pick(f"（{listed}）", f" ({listed})") if count <= LISTED else ""
    outside = int((~shown.fits & (shown.labels != UNPLACED)).sum())
    caution = next(
        (
            link.text[survey.language]
            for link in survey.codebook.comparable
            if link.codebook == other.codebook.id and link.codebook != survey.codebook.id
        ),
        "",
    )
    invented = survey.pick("（架空データ）", " (invented data)") if survey.wave.invented else ""
    return prose(
        survey,
        f"「{other.wave.title.ja}」（{placed.found.n:,}団体）を、両方の調査にある{count}個の指標"
        f"{which}だけで類型に分け、今回の回答{survey.n}団体{invented}を最も近い類型に当てはめた。"
        f"どの類型からも遠い団体は{outside}団体である。{caution}"
        f"当てはめ先の類型の判定：{types.sentence(other, placed.found)}",
        f"{other.wave.title.en} ({placed.found.n:,} municipalities) was put into types by the "
        f"{count} indicators that both have{which}, and the {survey.n} respondents{invented} "
        f"were placed in the nearest one. Far from every type: {outside}. "
        f"{caution}{' ' if caution else ''}Verdict on those types: "
        f"{types.sentence(other, placed.found)}",
    )


def table(survey: Survey, placed: Placed | NotAvailable) -> Table | NotAvailable:
    """Each respondent's type there, how strongly, the next type, and whether it fits at all."""
    if isinstance(placed, NotAvailable):  # `basis` has said why
        return absent(
            survey,
            "placement",
            "当てはめ先の調査がない。",
            "There is no survey to place them in.",
        )
    if hidden := types.withheld(survey, "placement"):
        return hidden
    shown, found, other = placed.projection, placed.found, placed.other
    strength = shown.membership.max(axis=1)
    fits = {True: survey.pick("", ""), False: survey.pick("どの類型からも遠い", "far from all")}
    frame = pd.DataFrame(
        {
            survey.pick("団体", "municipality"): survey.names.reindex(shown.labels.index),
            survey.pick("類型", "type"): [
                types.type_name(other, found, int(k)) for k in shown.labels
            ],
            survey.pick("所属の強さ", "membership"): strength.round(2),
            survey.pick("次に近い類型", "second nearest"): [
                types.type_name(other, found, int(k)) for k in shown.second
            ],
            survey.pick("注意", "note"): shown.fits.map(fits).where(
                shown.labels != UNPLACED,
                survey.pick("共通の指標に回答がない", "answered none of the shared indicators"),
            ),
        }
    )
    head = survey.pick("所属の強さ", "membership")
    if len(frame) > types.NAMED_UP_TO:
        frame = frame.nsmallest(types.NAMED_UP_TO, head, keep="first")
    return survey.gallery.table(
        frame,
        "placement",
        title=survey.pick(
            f"「{other.wave.title.ja}」の類型への当てはめ",
            f"Placed in the types of {other.wave.title.en}",
        ),
        n=len(shown.labels),
        notes=[
            survey.pick(
                f"当てはめ先：{other.source}、{found.n:,}団体。所属の強さは0から1"
                "（各類型までの平均の違いの2乗に反比例）。「遠い」は、その類型の構成団体の95％より離れている団体。",
                f"Types of: {other.source}, {found.n:,} municipalities. Membership 0 to 1, falling "
                "with the squared mean dissimilarity. Far: farther than 95 % of the type's "
                "members.",
            )
        ],
    )
