"""Who the respondents are beside the nation, and what they wrote freely."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.codebook import national
from analysis.codebook.municipality import SIZE_CLASSES
from analysis.edition import protects
from analysis.show import Frame
from analysis.stats import disclosure
from analysis.stats.visits import guide
from analysis.survey import Survey
from analysis.typology.projection import representativeness


def size_classes(survey: Survey) -> tuple[Frame, float | None]:
    """The size classes of the respondents beside those of the nation on the wave's date.

    Columns: size_class, count, national (municipalities), here, nation (shares). With it the
    p-value of a random draw as uneven; None of a full count. Empty where these are all
    municipalities, or where the edition would give single ones away.
    """
    nation = national.size_classes(survey.wave.as_of)
    here = survey.register["size_class"].reindex(survey.responses.index)
    here = here[here.isin(nation.index)]
    counts = here.value_counts().reindex(nation.index, fill_value=0).to_numpy(int)
    fit = disclosure.may_be_shown(counts, survey.codebook.disclosure.group)
    if here.empty or len(here) == nation.sum() or (protects(survey) and not fit.all()):
        return Frame(columns=["size_class", "count", "national", "here", "nation"]), None
    frame, p = representativeness(here, nation)
    frame.index = pd.Index([SIZE_CLASSES[kind][survey.language] for kind in frame.index])
    frame = Frame(frame.reset_index(names="size_class"))
    return frame, p if survey.population.tests else None


def free_texts(survey: Survey) -> list[dict[str, Any]]:
    """What was written freely, a dict a question: question, n, themes; inside only.

    A text stands under every topic whose words it holds (``words`` of the topics of visits), else
    under "others": words, not a reader's judgement, so that the list is the same for everyone.
    """
    found = []
    for question in (q for q in survey.codebook if q.free and survey.audience == "internal"):
        values = survey.responses[question.id][survey.status[question.id] == "answered"]
        themes = [
            {
                "name": name,
                "texts": [
                    {"text": values[code], "who": survey.names.get(code, code)} for code in codes
                ],
            }
            for name, codes in _themes(survey, values).items()
        ]
        label = question.label[survey.language]
        found.append({"question": label, "n": len(values), "themes": themes})
    return found


def _themes(survey: Survey, values: pd.Series) -> dict[str, list[str]]:
    """Topic -> the municipalities whose text holds one of its words; then the others."""
    found: dict[str, list[str]] = {}
    for topic in guide().topics:
        codes = [c for c, text in values.items() if any(w in str(text) for w in topic.words)]
        if codes:
            found[topic.text[survey.language]] = codes
    named = {code for codes in found.values() for code in codes}
    if rest := [code for code in values.index if code not in named]:
        found[survey.label("by.others")] = rest
    return found
