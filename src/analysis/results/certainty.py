"""How sure the types are: against chance, under resampling, and in all other ways of analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd
from sklearn.metrics import adjusted_rand_score

from analysis.cleaning import store
from analysis.figures.gallery import NAMED_UP_TO
from analysis.results import types
from analysis.results.types import as_frame
from analysis.show import Frame, NotAvailable
from analysis.stats.thresholds import SMALLEST_TYPE, UNPLACED
from analysis.survey import Survey
from analysis.typology import gradient
from analysis.typology.classifier import memory
from analysis.typology.multiverse import Multiverse
from analysis.typology.rivals import power
from analysis.typology.study import Typology

POWER_UP_TO = 200  # respondents up to which a simulation of the survey's power is worth its time
FIRM = ["core", "between", "borderline"]


def axis(survey: Survey, typology: Typology) -> dict[str, Any]:
    """How much of the structure is one gradient: values of the sentence ``types/levels``.

    share, low, high : the share with its 95 % interval, which is of a sample alone (`tested`).
    adoption : whether the gradient is a level (all indicators rise together), not a contrast.
    """
    e, (low, high) = typology.evidence, typology.evidence.gradient_interval
    about = {"share": e.gradient_share, "low": low, "high": high, "adoption": e.adoption}
    return about | {"tested": survey.population.tests}


@as_frame("type", "level")
def levels(survey: Survey, typology: Typology) -> pd.DataFrame:
    """The mean place of each type on the main gradient, in standard deviations of all."""
    kinds, order = typology.fitted.astype(int), list(typology.stability.index)
    mean = typology.level[kinds.index].groupby(kinds).mean().round(1)
    return mean.loc[order].rename_axis("type").rename("level").reset_index()


def readings(survey: Survey, them: Sequence[Typology | NotAvailable]) -> tuple[Frame, Frame]:
    """Typologies side by side: a row for each type, for the file, and one for each typology.

    Columns: adjust, verdict, type and members (or groups: every type with its members), silhouette,
    agreement (adjusted Rand index with the first).
    """
    there = [typology for typology in them if not isinstance(typology, NotAvailable)]
    long, page = [], []
    for typology in there:
        both = there[0].fitted.index.intersection(typology.fitted.index)
        agreement = float(adjusted_rand_score(there[0].labels[both], typology.labels[both]))
        about, sure = (typology.evidence.basis, types.level(typology)), typology.evidence.silhouette
        numbers = round(sure, 2), round(agreement, 2)
        page.append((*about, types.groups(survey, typology), *numbers))
        for kind, n in typology.stability["n"].items():
            long.append((*about, types.name(survey, typology, kind), int(n), *numbers))
    first, last = ["adjust", "verdict"], ["silhouette", "agreement"]
    return (
        Frame(long, columns=[*first, "type", "members", *last]),
        Frame(page, columns=[*first, "groups", *last]),
    )


@as_frame()
def criteria(survey: Survey, typology: Typology) -> pd.DataFrame:
    """The criteria by number of types (k), and which number was chosen.

    The BIC of one class is a function of how often each answer was given, hidden ones too; where
    small numbers are protected it is given as the difference from the least.
    """
    table = typology.choice
    if not survey.shows_units and "bic" in table:
        table = table.assign(bic_above=table["bic"] - table["bic"].min()).drop(columns="bic")
    return table.assign(chosen=table.index == typology.params["n_types"]).reset_index(names="k")


def long(shares: Frame) -> Frame:
    """The shares of `pairs`, a row each, for the file."""
    if shares.empty:
        return shares
    return Frame(shares.melt(shares.columns[0], var_name="beside", value_name="share"))


@as_frame(of_single=True)
def pairs(survey: Survey, typology: Typology, *runs: Multiverse) -> pd.DataFrame:
    """In which share of the resamples, or of the analyses `runs`, two municipalities are of a type.

    A square table ordered by type, within a type from the most to the least typical; first column
    ``code``. Of many municipalities the means of the pairs of types; first column ``type``.
    """
    shares = runs[0].together if runs else typology.coassignment
    last = typology.fitted.replace(UNPLACED, len(typology.names) + 1)
    order = pd.DataFrame({"type": last, "width": -typology.silhouette.loc[last.index]})
    codes = order.sort_index().sort_values(["type", "width"], kind="stable").index
    square = shares.loc[codes, codes]
    if typology.n <= NAMED_UP_TO:
        return square.round(3).reset_index(names="code")
    kinds = typology.fitted[codes].to_numpy(int)
    means = square.groupby(kinds).mean().T.groupby(kinds).mean().T
    return means.round(3).rename(columns=str).reset_index(names="type")


@as_frame("against", "drawn", "as_good", "p", "least")
def chance(survey: Survey, typology: Typology) -> list[tuple[object, ...]]:
    """How many surveys without types separate at least as well.

    against : ``independent`` items or a ``continuum``. drawn : surveys. as_good : of these, those
    that separate at least as well. p, and whether it is the least that it can be.
    """
    e, (items, line) = typology.evidence, typology.params["drawn"]
    both = (("independent", items, e.null_p), ("continuum", line, e.continuum_p))
    return [
        (against, surveys, round(p * (surveys + 1)) - 1, p, p <= e.least_p + 1e-9)
        for against, surveys, p in both
    ]


def recovery(survey: Survey, typology: Typology | NotAvailable) -> dict[str, Any]:
    """How often this number of types would be found: values of the sentence ``types/recovery``.

    n, n_types : of the survey. rates : share of simulated surveys with types this far apart that
    were recovered (``weak, moderate, strong``); empty where there are too few respondents, or so
    many that power is no question. kinds, groups, missing : the indicators simulated.
    """
    if isinstance(typology, NotAvailable):
        return {}
    k, n, features = int(typology.params["n_types"]), typology.n, survey.features
    about = {"n": n, "n_types": k, "enough": n >= SMALLEST_TYPE * k, "rates": {}}
    about |= {"kinds": {}, "groups": 0, "missing": 0.0}
    if not about["enough"] or n > POWER_UP_TO:
        return about
    sources = list(dict.fromkeys(map(gradient.source, typology.profile["feature"])))
    kinds, groups = ([of[name] for name in sources] for of in (features.kinds, features.groups))
    answers = features.frame.loc[typology.fitted.index, sources]
    missing = float(answers.isna().to_numpy().mean())
    pairs = zip(sources, kinds, strict=True)
    yes = [float(answers[x].mean()) if of in ("binary", "asymmetric") else 0.5 for x, of in pairs]
    powers = memory(store.kept()).cache(power)  # for all editions
    table = powers(n, n_types=k, kinds=kinds, groups=groups, yes=yes, missing=missing, seed=1)
    return about | {
        "rates": table["recovered"].to_dict(),
        "kinds": dict(Counter("binary" if kind == "asymmetric" else kind for kind in kinds)),
        "groups": len(set(groups)),
        "missing": missing,
    }


@as_frame("choice", "options", "share")
def choices(survey: Survey, runs: Multiverse) -> pd.DataFrame:
    """Which part of the variation between the analyses each choice accounts for by itself."""
    return runs.choices.reset_index(names="choice")


@as_frame("ari")
def agreement(survey: Survey, runs: Multiverse) -> pd.DataFrame:
    """How far each analysis agrees with the typology: adjusted Rand index."""
    return runs.runs


def robustness(survey: Survey, runs: Multiverse | NotAvailable) -> dict[str, Any]:
    """How many stay with their type whatever is chosen: values of ``types/matters``."""
    if isinstance(runs, NotAvailable):
        return {}
    status, share, most = runs.units["status"], runs.choices["share"], runs.matters_most
    firm = {"core": int((status == "core").sum()), "border": int((status == "borderline").sum())}
    shares = {"share": float(share[most]), "rest": float(share["combinations"])}
    return {"runs": runs.n, "of": len(status), "most": most} | firm | shares


@as_frame("type", "member", "n", "code", "name", "inside", "outside")
def firmness(survey: Survey, typology: Typology, runs: Multiverse) -> pd.DataFrame:
    """How firmly municipalities stay with their type, by type.

    member : ``core``, ``between``, ``borderline`` or ``unplaced``. inside, outside : share of the
    analyses with its own type, and with the next one. A row each where there are few and the
    edition may name them; else n of each type and kind of member.
    """
    units = runs.units.rename(columns={"status": "member"}).astype({"type": int})
    if typology.n > NAMED_UP_TO or not survey.shows_units:
        return units.groupby(["type", "member"]).size().rename("n").reset_index()
    units = units.assign(code=units.index, name=survey.names.reindex(units.index), n=1)
    order = units.assign(last=units["type"] == UNPLACED, least=-units["inside"])
    order = order.sort_values(["last", "type", "least"], kind="stable")
    return order.round({"inside": 4, "outside": 4})


@as_frame("type", "members", "core", "between", "borderline")
def borders(survey: Survey, firmness: Frame) -> pd.DataFrame:
    """The members of each type by how firmly they stay, in a column each: names, or how many."""
    known = firmness[firmness["type"] > UNPLACED].sort_values("code")
    parts = known.groupby(["type", "member"])
    if known["name"].notna().any():
        wide = parts["name"].agg(survey.label("answers.separator").join).unstack()
    else:
        wide = parts["n"].sum().unstack(fill_value=0).reindex(columns=FIRM, fill_value=0)
    return wide.assign(members=known.groupby("type")["n"].sum().astype(int)).reset_index()


@as_frame("code", "name", "type", "axis1", "axis2", of_single=True)
def places(survey: Survey, typology: Typology, axes: gradient.LevelAxes) -> pd.DataFrame:
    """Municipalities (with code and type) and indicators (without) on the two main axes."""
    units = axes.units.assign(code=axes.units.index, name=survey.names, type=typology.labels)
    answers = axes.categories.assign(name=axes.categories.index)
    return pd.concat([units, answers]).round(4)


def axes(survey: Survey, typology: Typology | NotAvailable) -> gradient.LevelAxes | NotAvailable:
    """The two main axes of the answers, with the share of the variation that each carries."""
    if isinstance(typology, NotAvailable):
        return typology
    features, codes = survey.features, typology.fitted.index
    labels = {name: text[survey.language] for name, text in features.labels.items()}
    return gradient.map_axes(features.frame.loc[codes], features.kinds, labels, features.groups)
