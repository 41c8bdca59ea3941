"""`workbench compare`: two runs, two waves, or a git revision and the working tree.

Its offline page and its short comment for a pull request say what changed in the results, and what
they were made of. The words are labels and sentences of `analysis.text`, the form two templates.
"""

from __future__ import annotations

import base64
import difflib
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from analysis import fingerprints, paths, show
from analysis.errors import localize, refusal
from analysis.text import label, labels, say
from workbench import outputs, temporary
from workbench.compare.differences import Cell, Value, legible
from workbench.compare.runs import Comparison, Run
from workbench.publish.page import page_context, rendered, templates
from workbench.run.record import Edition
from workbench.run.refresh import refresh

PAGES = ("compare.html", "compare.md")
# the run of the base stays below reports: the next comparison needs only what differs
BASE = ".base"
LONGEST = 240  # characters of a text in the comment
NEAR = 3  # characters between two changes that are read as one
WIDTH = 900  # pixels of a picture in the comparison
DIFFERS = 3  # of 255 in any channel: figures are drawn the same to the byte, so little is needed
RED = (200, 30, 30)
_INERT = str.maketrans({c: f"\\{c}" for c in r"\`*_[]<>|~#"} | {"@": "@\u200b", "\n": " "})


def run(
    before: str | None = None,
    after: str | None = None,
    *,
    base: str | None = None,
    wave: str | None = None,
    out: Path | None = None,
    audience: str = "internal",
    language: str = "ja",
) -> str:
    """Compare; write ``compare.html`` and ``compare.md`` into `out` and return the latter's text.

    Parameters
    ----------
    before, after : waves that were refreshed, or run folders.
    base, wave : instead of them, a git revision and the wave to run with it and with what is here.
    out : default ``reports/compare/BEFORE..AFTER``.

    Raises InputError: neither or both ways were asked for, a run is missing or not complete, or the
    runs are different editions.
    """
    if out:  # before a run that takes its time
        _refuse_others(out)
    if base and not (before or after):
        edition = Edition(wave or "demo-2019", audience, language)
        of_base = run_of_base(base, edition)
        record = refresh(edition.wave, audience=audience, language=language)
        if not record.ok:
            raise refusal("compare.here_incomplete", folder=record.folder)
        two = of_base, Run(edition.folder, label("compare.here", language))
    elif before and after and not (base or wave):
        find = {"audience": audience, "language": language}
        two = Run.find(before, **find), Run.find(after, **find)
    else:
        raise refusal("compare.which")
    name = "..".join(re.sub(r"[^\w.-]", "-", run.label).strip("-") for run in two)
    folder = out or paths.reports() / "compare" / name
    if not out:
        _refuse_others(folder)
    text = write(Comparison(*two), folder)
    return f"{text}\n{localize('Open {file} in a browser.', file=folder / 'compare.html')}"


def _refuse_others(folder: Path) -> None:
    outputs.refuse_others([folder, *(folder / name for name in PAGES)], "compare")


def write(runs: Comparison, folder: Path) -> str:
    """Write both files; the text of ``compare.md``."""
    text = markdown(runs)
    html, comment = (folder / name for name in PAGES)
    outputs.write({html: page(runs), comment: text}, "compare")
    return text


# --- the page and the comment ------------------------------------------------------------


def escape(text: str) -> str:
    """Text made inert in a comment, and still readable as text; no one is mentioned by it.

    >>> print(escape("share_1 <b> 0.5 (n = 3)"))
    share\\_1 \\<b\\> 0.5 (n = 3)
    """
    return text.translate(_INERT).replace("://", ":\u200b//")


def page(runs: Comparison) -> str:
    """The page: the headline, results by importance, then what was changed to get them."""
    values = _values(runs)
    title, names = values["words"]["title"], values["names"]
    context = {
        "language": runs.after.language,
        "audience": runs.audience,
        "invented": any(run.record.get("invented") for run in (runs.before, runs.after)),
        "own_register": _own_register(runs),
        "wave": names,
    }
    about = page_context(context, title=f"{title} — {names}", site=title)
    values |= {"simple_table": show.simple_table, "side_by_side": side_by_side, "drawn": _drawn}
    return rendered("compare", about, **values)


def markdown(runs: Comparison) -> str:
    """Markdown of at most about sixty lines: the headline, then what changed by importance."""
    language, record = runs.after.language, runs.after.record
    notes = [label(f"audience.{runs.audience}", language)]
    if record.get("invented"):
        notes.append(label("page.invented", language, _own_register(runs)))
    files = Counter(cell.notebook for cell in runs.causes.get("sources", ()))
    values = {**_values(runs), "notes": notes, "notebooks": files.items()}
    values |= {"sentences": _sentences, "inert": escape, "cut": _cut}
    text = templates().get_template("compare.md.j2").render(values)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _own_register(runs: Comparison) -> bool:
    return any(run.record.get("own_register") for run in (runs.before, runs.after))


def _values(runs: Comparison) -> dict[str, Any]:
    """What both templates read."""
    language = runs.after.language
    words = labels("compare", language, _own_register(runs))
    known = labels("compare_values", language)
    keys, names = labels("codebook_key", language), runs.before.names | runs.after.names
    moved = [
        (name, *(kind or words["unplaced"] for kind in types), "" if isnan(x) else f"{x:.2f}")
        for name, *types, x in runs.results["movers"]
    ]  # fmt: skip
    sections = {
        "results": {**runs.results, "movers": moved, "drawn": runs.redrawn},
        "made": runs.causes,
    }

    def path(what: str) -> str:
        """An entry of the codebook: its sections and keys in words, what has an id by its name."""
        return " › ".join(names.get(part) or keys.get(part, part) for part in what.split(" › "))

    def value_rows(changed: Sequence[Value]) -> list[tuple[str, ...]]:
        return [
            (path(known.get(what, what)), known.get(before, before), known.get(after, after))
            for what, before, after in changed
        ]

    def cell_rows(cells: Sequence[Cell]) -> list[tuple[str, ...]]:
        return [(c.row, c.column, legible(c.before), legible(c.after), c.difference) for c in cells]

    return {
        "words": words,
        "names": " → ".join(run.label for run in (runs.before, runs.after)),
        "headline": _headline(runs, words) + _in_neither(runs, words),
        "moved": _moved(runs),
        "parts": {
            part: {name: items for name, items in listed.items() if items}
            for part, listed in sections.items()
        },
        "code": runs.code,
        "empty": runs.empty,
        "value_rows": value_rows,
        "cell_rows": cell_rows,
    }


def _headline(runs: Comparison, words: dict[str, str]) -> str:
    """How much of what changed, and whether answers and types did."""
    if not runs.results_changed:
        return words["nothing"] if runs.empty else words["same"]
    return say(
        "compare/headline",
        runs.after.language,
        counts=[f"{words[name]} {len(items):,}" for name, items in runs.results.items() if items],
        answers_alike=not runs.results["answers"],
        types_alike=runs.movers is not None and not runs.results["movers"],
    )


def _in_neither(runs: Comparison, words: dict[str, str]) -> str:
    """The sentence on pages that neither run has; empty where there are none."""
    pages = ("、" if runs.after.language == "ja" else ", ").join(runs.in_neither)
    return words["in_neither"].format(pages=pages) if pages else ""


def _moved(runs: Comparison) -> str:
    """How many changed type, beside the typology's own instability; empty where nobody did."""
    movers = runs.movers
    if not (movers and runs.results["movers"]):
        return ""
    return say(
        "compare/moved",
        runs.after.language,
        n=len(movers.types),
        changed=movers.count,
        other=len(movers.crossed),
        expected=None if movers.exceeds is None else movers.expected,
        low=movers.low,
        high=movers.high,
        exceeds=movers.exceeds,
    )


def _aligned(a: Sequence[str], b: Sequence[str]) -> list[tuple[Sequence[str], Sequence[str]]]:
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    return [(a[i:j], b[k:m]) for _, i, j, k, m in matcher.get_opcodes()]


def _sentences(before: str, after: str) -> list[list[tuple[str, str]]]:
    """The sentences that differ, each in parts side by side.

    >>> _sentences("甲は5町である。乙は3市である。", "甲は6町である。乙は3市である。")
    [[('甲は', '甲は'), ('5', '6'), ('町である。', '町である。')]]
    """
    a, b = (re.split(r"(?<=。)|(?<=[.!?] )", text) for text in (before, after))
    pairs: list[tuple[str, str]] = []
    for old, new in _aligned(a, b):
        one = len(old) != len(new)
        pairs += [("".join(old), "".join(new))] if one else zip(old, new, strict=True)
    return [side_by_side(x.strip(), y.strip()) for x, y in pairs if x != y]


def side_by_side(before: str, after: str) -> list[tuple[str, str]]:
    """Both texts in parts: whole numbers and words, single characters.

    What stands between two changes and is shorter than three characters belongs to both; two texts
    of which less than half is the same are one change.

    >>> side_by_side("13団体中5団体", "13団体中6団体")
    [('13団体中', '13団体中'), ('5', '6'), ('団体', '団体')]
    """
    a, b = (re.findall(r"(?:[.,]{0,3}[0-9])+|[A-Za-z]+|.", text, re.S) for text in (before, after))
    every = [("".join(x), "".join(y)) for x, y in _aligned(a, b)]
    parts = [("", "")]
    for at, (x, y) in enumerate(every):
        near = x == y and len(x) < NEAR and 0 < at < len(every) - 1
        if (near or x != y) and parts[-1][0] != parts[-1][1]:
            parts[-1] = (parts[-1][0] + x, parts[-1][1] + y)
        else:
            parts.append((x, y))
    same = sum(len(x) for x, y in parts if x == y)
    return parts[1:] if 2 * same >= max(len(before), len(after)) else [(before, after)]


def _drawn(before: str, after: str) -> tuple[str, ...]:
    """Two pictures and their difference in base64, and the share of the area that differs."""
    *images, share = pictures(before, after)
    return (*(base64.b64encode(png).decode() for png in images), f"{share:.1%}")


def pictures(before: str, after: str) -> tuple[bytes, bytes, bytes, float]:
    """Before, after, and after in grey with what differs in red, as PNG of the same size.

    Both are given as PNG in base64, as a figure's data holds it. With the three comes the share of
    their area that is marked.
    """
    one, other = _opened(before), _opened(after)
    size = (max(one.width, other.width), max(one.height, other.height))
    a, b = (Image.new("RGB", size, "white") for _ in range(2))
    a.paste(one)
    b.paste(other)
    apart = np.asarray(ImageChops.difference(a, b)).max(axis=2) > DIFFERS
    # a blur by 3 pixels leaves something wherever anything within 3 pixels differs
    mask = Image.fromarray(apart.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(3))
    mask = mask.point(lambda value: 255 * (value > 0))
    grey = Image.blend(b.convert("L").convert("RGB"), Image.new("RGB", size, "white"), 0.6)
    marked = Image.composite(Image.new("RGB", size, RED), grey, mask)
    marked = Image.blend(marked, b, 0.3)
    return _png(a), _png(b), _png(marked), float(np.asarray(mask, bool).mean())


def _opened(png: str) -> Image.Image:
    image = Image.open(io.BytesIO(base64.b64decode("".join(png.split())))).convert("RGB")
    if image.width <= WIDTH:
        return image
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.BOX)


def _png(image: Image.Image) -> bytes:
    """Few colours are enough to see what changed, and keep the page small."""
    buffer = io.BytesIO()
    image.quantize(48, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        buffer, "PNG", compress_level=7
    )
    return buffer.getvalue()


def _cut(text: str) -> str:
    return escape(text if len(text) <= LONGEST else text[: LONGEST - 1] + "…")


# --- a revision and the working tree ---------------------------------------------------------


def run_of_base(revision: str, edition: Edition) -> Run:
    """Run a wave with the code, codebooks and notebooks of a revision.

    Data that are in git are those of the revision; data that are not (real replies never are) are
    the same as here. Results of the typology are shared with this folder through its cache.

    Raises InputError: no git, no such revision, or its run is not complete.
    """
    root, reports = paths.root(), paths.reports() / BASE
    sha = _git(root, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").stdout.strip()
    if not sha:
        raise refusal("compare.no_revision", revision=revision)
    with tempfile.TemporaryDirectory(dir=temporary.folder()) as folder:
        there = Path(folder).resolve() / "base"
        added = _git(root, "worktree", "add", "--detach", str(there), sha)
        if added.returncode != 0:
            raise refusal("compare.no_worktree", stderr=added.stderr.strip()[-200:])
        try:
            _bring_data(root, there, edition.wave)
            environment = os.environ | {
                "PYTHONPATH": str(there / "src"),
                "WORKBENCH_ROOT": str(there),
                "WORKBENCH_REPORTS": str(reports),
                "WORKBENCH_CACHE": str(paths.cache()),
            }
            command = [sys.executable, "-m", "workbench.cli", "refresh", edition.wave]
            command += ["--language", edition.language, "--audience", edition.audience]
            told = "first the report of {revision} is made in a copy: it takes as long as a refresh"
            print(localize(told, revision=revision), file=sys.stderr, flush=True)
            done = subprocess.run(
                command, cwd=there, env=environment, stdout=subprocess.PIPE, text=True, check=False
            )
        finally:
            _git(root, "worktree", "remove", "--force", str(there))
    if done.returncode != 0:
        print(done.stdout, end="", file=sys.stderr)
        raise refusal("compare.base_incomplete", revision=revision, returncode=done.returncode)
    name = sha[:7] if sha.startswith(revision) else f"{revision} ({sha[:7]})"
    return Run(reports / edition.name, name)


def _bring_data(root: Path, there: Path, wave: str) -> None:
    """Copy the files of all waves that git does not have, since a page may compare the wave.

    Also what is on record of them, and the key: the pseudonyms must be those of this project.
    """
    if not (paths.raw(wave) / "wave.yml").is_file():
        raise refusal("compare.no_wave", wave=wave)
    tracked = {root / name for name in _git(root, "ls-files", "-z", root).stdout.split("\0")}
    for folder in (*paths.waves(), paths.registration(wave).parent, root / ".workbench"):
        for file in (folder / name for name in fingerprints.hash_files(folder)):  # by links, too
            target = there / file.relative_to(root)
            if not target.exists() and file not in tracked:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, target)


def _git(root: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run git in a folder."""
    try:
        return subprocess.run(
            ["git", "-C", root, *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except OSError:
        raise refusal("compare.no_git") from None
