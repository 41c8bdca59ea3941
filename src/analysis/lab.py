"""Widgets for exploring a wave in JupyterLab, on the same functions that notebooks call.

Every view has a button that shows the three lines of code that make what it shows, so that
whatever was found by moving a slider can go into a notebook.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from analysis import paths
from analysis.errors import InputError
from analysis.show import Answer, Figure, NotAvailable, Prose
from analysis.stats import tabulate
from analysis.survey import QUICK, SEED, Survey
from analysis.text import Language, labels

if TYPE_CHECKING:
    from analysis.results.profile import Place
    from analysis.typology.study import Typology

AUTO = 0


class View(widgets.VBox):
    """Controls, what they show, and the code that shows the same.

    `draw` takes the values of the controls and gives the objects to show; `code` takes the same and
    gives the lines.
    """

    def __init__(
        self,
        controls: dict[str, widgets.Widget],
        draw: Callable[..., list[Any]],
        code: Callable[..., str],
        language: Language,
        finder: widgets.Widget | None = None,
    ) -> None:
        self.controls, self._draw, self._code = controls, draw, code
        self._language = language
        self._top = [*([finder] if finder else []), *controls.values()]
        self.shown = widgets.Output()
        self.button = widgets.ToggleButton(description=labels("lab", language)["code"], icon="code")
        self.lines = widgets.Textarea(rows=3, disabled=True, layout={"width": "100%"})
        super().__init__([*self._top, self.button, self.shown])
        for control in controls.values():
            control.observe(self.update, names="value")
        self.button.observe(self._toggle, names="value")
        self.update()

    @property
    def values(self) -> dict[str, Any]:
        """What the controls say."""
        return {name: control.value for name, control in self.controls.items()}

    def update(self, _change: object = None) -> None:
        """Show what the controls ask for; a fault is shown as its sentence."""
        self.lines.value = self._code(**self.values)
        try:
            objects = self._draw(**self.values)
        except InputError as error:
            objects = [Prose(error.say(self._language))]
        self.shown.outputs = ()
        for shown in objects:
            self.shown.append_display_data(shown)

    def _toggle(self, _change: object) -> None:
        lines = [self.lines] if self.button.value else []
        self.children = [*self._top, self.button, *lines, self.shown]


@lru_cache(maxsize=4)
def load(wave: str, language: Language) -> Survey:
    """A survey, read once."""
    return Survey.load(wave, language=language)


def waves() -> list[str]:
    """The waves that have files."""
    found = paths.waves()
    return [folder.name for folder in found if len(list(folder.iterdir())) > 1]


def browse(wave: str = "demo-2019", language: Language = "ja") -> View:
    """One question with a breakdown: its table and its figure."""
    survey, words = load(wave, language), labels("lab", language)
    asked = [q for q in survey.codebook if q.role != "id" and q.type != "date"]
    named = [(f"{q.id} {q.label[language]}", q.id) for q in asked]
    parts = [(words["none"], ""), (words["size_class"], "size_class")]
    if survey.codebook.features:
        parts.append((words["type"], "type"))
    parts += [(name, id) for name, id in named if survey.question(id).type in tabulate.BREAKDOWNS]

    def draw(question: str, by: str) -> list[Any]:
        return [survey.figure(question, by or None), survey.table(question, by or None)]

    def code(question: str, by: str) -> str:
        given = f', by="{by}"' if by else ""
        return _lines(wave, language, "", f'survey.table("{question}"{given})')

    controls = {
        "question": _dropdown(words["question"], named),
        "by": _dropdown(words["by"], parts),
    }
    return View(controls, draw, code, language)


def types(wave: str = "demo-2019", language: Language = "ja") -> View:
    """The verdict and the stability of each type as the number of types and the indices move."""
    survey, words = load(wave, language), labels("lab", language)
    there = survey.codebook.features and survey.features.group_labels
    if not there:
        raise InputError(
            "the codebook {id} has no features for a typology",
            hint="choose another wave",
            id=survey.codebook.id,
        )

    def choices(n_types: int, indices: tuple[str, ...], adjust: str) -> dict[str, Any]:
        given: dict[str, Any] = {"n_types": n_types} if n_types != AUTO else {}
        if 0 < len(indices) < len(there):
            given["indices"] = list(indices)
        return given | ({"adjust": adjust} if adjust != "none" else {})

    def draw(**values: Any) -> list[Any]:
        from analysis.results import types as shown

        found = survey.typology(**choices(**values), **QUICK)
        summary = shown.named(survey, found, shown.summary(survey, found)).drop(columns="name")
        return [
            Answer(survey.say("types/verdict", **shown.verdict(survey, found))),
            survey.gallery.table(
                summary.dropna(axis="columns", how="all"), "types/types", n=found.n, places=2
            ),
            Prose(words["quick"]),
        ]

    def code(**values: Any) -> str:
        given = "".join(f"{k}={v!r}, " for k, v in choices(**values).items())
        more = "; from analysis.survey import QUICK"
        return _lines(wave, language, more, f"survey.typology({given}**QUICK).verdict")

    counts = [(words["auto"], AUTO), *((str(k), k) for k in range(2, 7))]
    adjusts = [
        (words["unadjusted"], "none"),
        (words["gradient"], "gradient"),
        (words["size_class"], "size_class"),
    ]
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
    return View(controls, draw, code, language)


def municipality(wave: str = "demo-2019", language: Language = "ja") -> View:
    """One municipality: who it is, first steps, where it stands, and its answers.

    A few respondents have a button each, in the order of their types; among many, a slider brushes
    through them and a name typed above it finds one.
    """
    from analysis.results import profile
    from analysis.results.types import NAMED_UP_TO

    survey, words = load(wave, language), labels("lab", language)
    found = profile.typology(survey, seed=SEED, **QUICK)
    quick = [] if isinstance(found, NotAvailable) else [Prose(words["quick"])]

    def draw(municipality: str) -> list[Any]:
        here = profile.place(survey, municipality, found=found)
        said = Answer(survey.say("profile/answer", **profile.who(survey, here)))
        missing = profile.missing(survey, here)
        need = profile.need(survey, here)
        words = {"steps": missing.head(3), "peers": len(here.peers), "need": need}
        steps = survey.prose("profile/steps", **words)
        peers = profile.peers(survey, here, missing.head(5)).set_index("measure")
        return [said, steps, standing(survey, here), peers, *quick]

    def code(municipality: str) -> str:
        show = f'lab.standing(survey, profile.place(survey, "{municipality}"))'
        more = ", lab; from analysis.results import profile"
        return _lines(wave, language, more, show)

    if survey.n <= NAMED_UP_TO:
        buttons = _buttons(survey, found, words)
        return View({"municipality": buttons}, draw, code, language)
    who = {f"{name} {code}": code for code, name in survey.names.items()}
    brush = widgets.SelectionSlider(
        options=list(who.items()),
        description=words["municipality"],
        continuous_update=False,
        layout={"width": "100%"},
    )
    finder = widgets.Combobox(options=list(who), description=words["find"], continuous_update=False)

    def find(change: dict[str, Any]) -> None:
        named = [name for name in who if name == change["new"]]
        named = named or [name for name in who if change["new"] and change["new"] in name]
        if named:
            brush.value = who[named[0]]

    finder.observe(find, names="value")
    return View({"municipality": brush}, draw, code, language, finder)


def standing(survey: Survey, here: Place) -> Figure | NotAvailable:
    """Where a municipality is among the others, as on its page."""
    from analysis.figures import plots
    from analysis.results import profile

    frame, others = profile.standing(survey, here)
    dots = survey.label("profile.dots", **others)
    gaps = (frame["value"] - frame["median"]).abs()
    far = frame.loc[gaps.idxmax(), "indicator"] if len(gaps) else ""
    return survey.gallery.show(
        plots.places(frame, label=dots),
        f"standing_{here.code}",
        n=others["n"],
        data=frame,
        words="profile/standing",
        place=here.name,
        who=others["who"],
        far=far,
    )


def _buttons(
    survey: Survey, found: Typology | NotAvailable, words: dict[str, str]
) -> widgets.ToggleButtons:
    """A button for each respondent, type after type; the unplaced come last."""
    kinds_of = {} if isinstance(found, NotAvailable) else found.labels.to_dict()
    kinds = {code: int(kinds_of.get(code, 0)) for code in survey.names.index}
    order = sorted(kinds, key=lambda code: (not kinds[code], kinds[code], code))
    named = {
        code: (f"{kinds[code]} | " if kinds[code] else "") + str(survey.names[code])
        for code in order
    }
    twice = survey.names.duplicated(keep=False)
    return widgets.ToggleButtons(
        options=[(f"{named[code]} {code}" if twice[code] else named[code], code) for code in order],
        tooltips=[f"{words['type']} {kinds[code] or '–'}" for code in order],
        description=words["municipality"],
        style={"button_width": "max-content"},
    )


def desk(language: Language = "ja") -> widgets.VBox:
    """All views of a wave that can be chosen; each is made when its tab is first opened."""
    chosen = _dropdown(labels("lab", language)["wave"], [(name, name) for name in waves()])
    place, there = widgets.Tab(), list[str]()
    views = {"question": browse, "type": types, "municipality": municipality}

    def change(_change: object = None) -> None:
        typed = load(chosen.value, language).codebook.features
        there[:] = [name for name in views if typed or name != "type"]
        place.children = [widgets.VBox() for _ in there]
        place.titles = [labels("lab", language)[name] for name in there]
        opened()

    def opened(_change: object = None) -> None:
        box = place.children[place.selected_index]
        if not box.children:
            box.children = [widgets.Label(labels("lab", language)["wait"])]
            box.children = [views[there[place.selected_index]](chosen.value, language)]

    chosen.observe(change, names="value")
    place.observe(opened, names="selected_index")
    change()
    return widgets.VBox([chosen, place])


def _dropdown(label: str, options: list[tuple[str, str]]) -> widgets.Dropdown:
    return widgets.Dropdown(options=options, description=label, layout={"width": "max-content"})


def _lines(wave: str, language: Language, more: str, show: str) -> str:
    given = "" if language == "ja" else f', language="{language}"'
    return f'from analysis import Survey{more}\nsurvey = Survey.load("{wave}"{given})\n{show}'
