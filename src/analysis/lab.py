"""Widgets for exploring a wave in JupyterLab, on the same functions that notebooks call.

Every view has a button that shows the three lines of code that make what it shows, so that
whatever was found by moving a slider can go into a notebook.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import ipywidgets as widgets

from analysis import paths
from analysis.cleaning import store
from analysis.codebook.questions import ONE_CHOICE
from analysis.codebook.wave import Wave
from analysis.errors import InputError, refusal
from analysis.figures import plots
from analysis.figures.gallery import NAMED_UP_TO
from analysis.results import profile
from analysis.results import types as kinds
from analysis.show import Answer, Figure, NotAvailable, Prose
from analysis.survey import QUICK, SEED, Survey
from analysis.text import Language, labels


class Panel(widgets.VBox):
    """Controls, what they show, and the code that shows the same.

    `draw` takes the values of the controls and gives the objects to show; `code` takes the same and
    gives the last line of the code, and what is imported beside the survey.
    """

    def __init__(
        self,
        survey: Survey,
        controls: dict[str, widgets.Widget],
        draw: Callable[..., list[Any]],
        code: Callable[..., tuple[str, str]],
        finder: widgets.Widget | None = None,
    ) -> None:
        self.survey, self.controls, self._draw, self._code = survey, controls, draw, code
        self._key = store.key(survey.wave)
        self._top = [*([finder] if finder else []), *controls.values()]
        self.output = widgets.Output()
        self.button = widgets.ToggleButton(description=survey.label("lab.code"), icon="code")
        self.lines = widgets.Textarea(rows=3, disabled=True, layout={"width": "100%"})
        super().__init__([*self._top, self.button, self.output])
        for control in controls.values():
            control.observe(self.update, names="value")
        self.button.observe(self._toggle, names="value")
        self.update()

    def update(self, _change: object = None) -> None:
        """Show what the controls ask for; a fault is shown as its sentence.

        Data that changed since the view was opened are one: the code would show the new ones.
        """
        values = {name: control.value for name, control in self.controls.items()}
        last, more = self._code(**values)
        wave, language = self.survey.wave.name, self.survey.language
        option = "" if language == "ja" else f', language="{language}"'
        load = f'survey = Survey.load("{wave}"{option})'
        self.lines.value = f"from analysis import Survey{more}\n{load}\n{last}"
        try:
            if store.key(Wave.read(wave)) != self._key:
                raise refusal("wave.changed_in_use", wave=wave)
            objects = self._draw(**values)
        except InputError as error:
            objects = [Prose(error.say(language))]
        self.output.outputs = ()
        for one in objects:
            self.output.append_display_data(one)

    def _toggle(self, _change: object) -> None:
        lines = [self.lines] if self.button.value else []
        self.children = [*self._top, self.button, *lines, self.output]


def load(wave: str, language: Language) -> Survey:
    """A survey, read once for each state of its data."""
    return _load(str(wave), language, store.key(Wave.read(str(wave))))


@lru_cache(maxsize=4)
def _load(wave: str, language: Language, _key: str) -> Survey:
    return Survey.load(wave, language=language)


def waves() -> list[str]:
    """The waves that have files."""
    return [folder.name for folder in paths.waves() if len(list(folder.iterdir())) > 1]


def browse(wave: str = "demo-2019", language: Language = "ja") -> Panel:
    """One question with a breakdown: its table and its figure."""
    survey, words = load(wave, language), labels("lab", language)
    questions = [q for q in survey.codebook if q.role != "id" and q.type != "date"]
    names = [(survey.numbered(q), q.id) for q in questions]
    parts = [(words["none"], ""), (words["size_class"], "size_class")]
    if survey.codebook.features:
        parts.append((words["type"], "type"))
    parts += [(name, id) for name, id in names if survey.question(id).type in ONE_CHOICE]

    def draw(question: str, by: str) -> list[Any]:
        return [survey.figure(question, by or None), survey.table(question, by or None)]

    def code(question: str, by: str) -> tuple[str, str]:
        option = f', by="{by}"' if by else ""
        return f'survey.table("{question}"{option})', ""

    options = {"question": names, "by": parts}
    controls = {name: _dropdown(words[name], choice) for name, choice in options.items()}
    return Panel(survey, controls, draw, code)


def types(wave: str = "demo-2019", language: Language = "ja") -> Panel:
    """The verdict and the stability of each type as the number of types and the indices move."""
    survey, words = load(wave, language), labels("lab", language)
    there = survey.codebook.features and survey.features.group_labels
    if not there:
        raise refusal("lab.no_features", id=survey.codebook.id)

    def choices(n_types: int, indices: tuple[str, ...], adjust: str) -> dict[str, Any]:
        values: dict[str, Any] = {"n_types": n_types} if n_types else {}
        if 0 < len(indices) < len(there):
            values["indices"] = list(indices)
        return values | ({"adjust": adjust} if adjust != "none" else {})

    def draw(**values: Any) -> list[Any]:
        typology = survey.typology(**choices(**values), **QUICK)
        frame = kinds.with_names(survey, typology, kinds.summary(survey, typology))
        summary = frame.drop(columns="name").dropna(axis="columns", how="all")
        return [
            Answer(survey.say("types/verdict", **kinds.verdict(survey, typology))),
            survey.gallery.table(summary, "types/types", n=typology.n, places=2),
            Prose(words["quick"]),
        ]

    def code(**values: Any) -> tuple[str, str]:
        arguments = "".join(f"{k}={v!r}, " for k, v in choices(**values).items())
        return f"survey.typology({arguments}**QUICK).verdict", "; from analysis.survey import QUICK"

    counts = [(words["auto"], 0), *((str(k), k) for k in range(2, 7))]
    adjusts = [(words["unadjusted"], "none"), *((words[k], k) for k in ("gradient", "size_class"))]
    controls = {
        "n_types": widgets.ToggleButtons(options=counts, description=words["n_types"]),
        "indices": widgets.SelectMultiple(
            options=[(text[language], id) for id, text in there.items()],
            value=tuple(there),
            rows=len(there),
            description=words["indices"],
        ),
        "adjust": _dropdown(words["adjust"], adjusts),
    }
    return Panel(survey, controls, draw, code)


def municipality(wave: str = "demo-2019", language: Language = "ja") -> Panel:
    """One municipality: who it is, first steps, where it stands, and its answers.

    A few respondents have a button each, in the order of their types; among many, a slider brushes
    through them and a name typed above it finds one.
    """
    survey, words = load(wave, language), labels("lab", language)
    typology = profile.shared_typology(survey, seed=SEED, **QUICK)
    quick = [] if isinstance(typology, NotAvailable) else [Prose(words["quick"])]

    def draw(municipality: str) -> list[Any]:
        here = profile.place(survey, municipality, typology=typology)
        answer = Answer(survey.say("profile/answer", **profile.who(survey, here)))
        missing, need = profile.missing(survey, here), profile.need(survey, here)
        words = {"steps": missing.head(3), "peers": len(here.peers), "need": need}
        steps = survey.prose("profile/steps", **words)
        peers = profile.peers(survey, here, missing.head(5)).set_index("measure")
        return [answer, steps, standing(survey, here), peers, *quick]

    def code(municipality: str) -> tuple[str, str]:
        last = f'lab.standing(survey, profile.place(survey, "{municipality}"))'
        return last, ", lab; from analysis.results import profile"

    if survey.n <= NAMED_UP_TO:
        of_type = {} if isinstance(typology, NotAvailable) else typology.labels.to_dict()
        return Panel(survey, {"municipality": _buttons(survey, of_type, words)}, draw, code)
    who = {f"{name} {code}": code for code, name in survey.names.items()}
    brush = widgets.SelectionSlider(
        options=list(who.items()),
        description=words["municipality"],
        continuous_update=False,
        layout={"width": "100%"},
    )
    finder = widgets.Combobox(options=list(who), description=words["find"], continuous_update=False)

    def find(change: dict[str, Any]) -> None:
        typed = change["new"]
        if names := [name for name in who if typed and typed in name]:
            brush.value = who[typed if typed in who else names[0]]

    finder.observe(find, names="value")
    return Panel(survey, {"municipality": brush}, draw, code, finder)


def standing(survey: Survey, here: profile.Respondent) -> Figure | NotAvailable:
    """Where a municipality is among the others, as on its page."""
    frame, others = profile.standing(survey, here)
    ax = plots.places(frame, label=survey.label("profile.dots", **others))
    words = {"place": here.name, "who": others["who"], "far": others["far"]}
    words |= {"data": frame, "words": "profile/standing"}
    return survey.gallery.show(ax, f"standing_{here.code}", n=others["n"], **words)


def _buttons(
    survey: Survey, of_type: dict[str, int], words: dict[str, str]
) -> widgets.ToggleButtons:
    """A button for each respondent, type after type; the unplaced come last."""
    order = sorted(survey.names.index, key=lambda code: (of_type.get(code) or math.inf, code))
    twice, options, tips = survey.names.duplicated(keep=False), [], []
    for code in order:
        kind, name = int(of_type.get(code, 0)), survey.names[code]
        label = f"{name} {code}" if twice[code] else name
        options.append((f"{kind} | {label}" if kind else label, code))
        tips.append(f"{words['type']} {kind or '–'}")
    return widgets.ToggleButtons(
        options=options,
        tooltips=tips,
        description=words["municipality"],
        style={"button_width": "max-content"},
    )


def desk(language: Language = "ja") -> widgets.VBox:
    """All views of a wave that can be chosen; each is made when its tab is first opened."""
    words = labels("lab", language)
    wave = _dropdown(words["wave"], [(name, name) for name in waves()])
    place, there = widgets.Tab(), list[str]()
    views = {"question": browse, "type": types, "municipality": municipality}

    def change(_change: object = None) -> None:
        typed = load(wave.value, language).codebook.features
        there[:] = [name for name in views if typed or name != "type"]
        place.children = [widgets.VBox() for _ in there]
        place.titles = [words[name] for name in there]
        opened()

    def opened(_change: object = None) -> None:
        box = place.children[place.selected_index]
        if not box.children:
            box.children = [widgets.Label(words["wait"])]
            box.children = [views[there[place.selected_index]](wave.value, language)]

    wave.observe(change, names="value")
    place.observe(opened, names="selected_index")
    change()
    return widgets.VBox([wave, place])


def _dropdown(label: str, options: list[tuple[str, str]]) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, description=label, layout={"width": "max-content"})
