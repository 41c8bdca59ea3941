"""The study of public bodies in Chile (2023): its file, a codebook and a register of its own.

The file is never shipped: what needs it is skipped where it is not beside the project.
"""

from pathlib import Path

import pandas as pd
from project import put_yaml

from workbench.cli import main

FILE = (
    Path(__file__).parents[3] / "shared" / "data" / "chile-2023" / "bbdd_estudio_indicadores.xlsx"
)
YES = {"P3.1": 18, "P4.1": 169, "P5.5": 19, "P9.4": 91, "P9.5": 77, "P12.1": 48}
ROLES = range(1, 18)
FUNCTIONS = [
    "Purchases and contracts", "Support and help desk", "Internal software in operation",
    "Software for users in operation", "Development of software", "Infrastructure",
    "Security of information", "Other",
]  # fmt: skip
STAFF = [
    ("internal", 1, "内部の情報職員数", "IT staff of its own"),
    ("external", 2, "外部の情報人材数", "external IT staff"),
]


def codebook(options):
    """The codebook of the questions whose counts are known."""

    def q(id, type, en, **more):
        role = "describe" if type != "text" else "id"
        role = "cluster" if id.startswith("R") else role
        return {"id": id, "section": "A", "type": type, "role": role, "ja": en, "en": en, **more}

    yes_no = [{"code": 1, "ja": "Sí", "en": "yes", "source": ["Sí"]},
              {"code": 0, "ja": "No", "en": "no", "source": ["No"]}]  # fmt: skip
    return {
        "id": "chile", "title": {"ja": "Chile 2023", "en": "Chile 2023"}, "version": "1",
        "missing": {
            "no_answer": {"ja": "無回答", "en": "no answer", "tokens": ["#s.i."]},
            "not_applicable": {"ja": "非該当", "en": "not applicable", "tokens": ["#n.a."]},
        },
        "sections": [{"id": "A", "ja": "IT", "en": "IT"}],
        "questions": [
            q("BODY", "text", "Body", identity="name", source=["P1.1.1"]),
            q("P2_2", "binary", "Has an IT area", source=["P2.2"], options=yes_no),
            q("P2_5", "multi", "Functions", ticks={"#n.s.": False}, ask_if="P2_2 == 1", options=[
                {"code": n, "ja": text, "en": english, "source": [f"P2.5.{n}"]}
                for n, (text, english) in enumerate(zip(options, FUNCTIONS, strict=True), 1)]),
            *(q(name.replace(".", "_"), "single", name, source=[name],
                options=[{"code": 1, "ja": "Sí", "en": "yes"}, {"code": 2, "ja": "No", "en": "no"}])
              for name in YES),
            *(q(f"W{n}", "integer", f"{who} in IT", source=[f"P2.6a.{n}"], ask_if="P2_2 == 1")
              for n, who in ((1, "Women"), (2, "Men"))),
            *(q(f"R{n}_{m}", "integer", f"Role {n}, {part}", source=[f"P2.8.{n}.{m}"])
              for n in ROLES for m, part in ((1, "internal"), (2, "external"), (3, "in all"))),
        ],
        "features": [
            {"id": name, "index": f"{name}_staff", "kind": "ratio",
             "rule": f"log1p({_sum(part)})", "ja": ja, "en": en}
            for name, part, ja, en in STAFF],
        "indices": [{"id": f"{name}_staff", "ja": ja, "en": en} for name, _, ja, en in STAFF],
        "staff": [{"rule": _sum(part), "ja": ja, "en": en} for _, part, ja, en in STAFF],
    }  # fmt: skip


def _sum(part):
    """The rule that adds a part (1 internal, 2 external) over all roles."""
    return " + ".join(f"R{n}_{part}" for n in ROLES)


def read():
    """The file as a frame of texts and numbers, a row a public body."""
    return pd.read_excel(FILE, engine="calamine")


def make_wave(project):
    """The wave chile-2023 of a project; the whole table, and its municipalities as a register."""
    frame = read()
    cities = frame[frame["Tipo"] == "Municipalidades"]
    own = cities[["P1.1.1", "Clasificación Subdere"]].set_axis(["name", "size"], axis=1)
    own.insert(0, "id", [f"M{n:03}" for n in range(1, 189)])
    own.to_csv(project / "who.csv", index=False)
    options = [
        next(text for text in cities[f"P2.5.{n}"] if not text.startswith("#")) for n in range(1, 9)
    ]
    book = project / "data" / "codebooks" / "chile.yml"
    put_yaml(book, codebook(options))
    words = ["new-wave", "chile-2023", str(FILE), "--codebook", "chile", "--as-of", "2023-12-31"]
    words += ["--invited", "all", "--register", str(project / "who.csv")]
    words += ["--publisher", "Secretaría de Gobierno Digital"]
    words += ["--title", "Chile 2023: IT staff of municipalities"]
    assert main(words) == 0
    return frame, own
