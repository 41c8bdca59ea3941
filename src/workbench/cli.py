"""The command line: `workbench COMMAND`.

Only argparse is imported here; each command imports what it needs, so that ``--help`` and a refresh
with nothing to do answer at once.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TextIO

from analysis.errors import InputError, Message, localize, refusal, spoken
from analysis.paths import AUDIENCES, refuse_other_code
from workbench.run.progress import still_at_work

OK, FAILED, BAD_INPUT = 0, 1, 2
# control characters but for the tab and the end of a line, and those that turn the order of writing
STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
TOOLS = (
    *("google-forms", "ms-forms", "logo", "kintone", "limesurvey", "qualtrics"),
    *("surveymonkey", "redcap", "odk"),
)
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO}
REFUSED |= {errno.EFBIG, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
WAVE = "name of a folder in data/raw"
NO_ARGUMENTS = {"run", "debug", "pages"}  # of what a command runs
# adds a command: its name, what it runs, its help, and that of its wave where it has one
Command = Callable[..., argparse.ArgumentParser]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 ok, 1 a notebook failed, 2 bad input or usage."""
    for stream in (sys.stdout, sys.stderr):  # Japanese must print on any console
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a cp932 one would fail at what it lacks
    # with it jsonschema compiles a grammar of addresses, for a second, that no notebook needs
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
    options = parser(spoken()).parse_args(arguments)
    with _speaking(options), still_at_work():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Carry out a command with its options as arguments; its exit status."""
    run = options.run
    try:
        refuse_other_code()
        if isinstance(run, str):
            module, _, name = run.partition(":")
            run = getattr(import_module(f"workbench.{module}"), name)
        outcome = run(**{k: v for k, v in vars(options).items() if k not in NO_ARGUMENTS})
        say(outcome if isinstance(outcome, str) else outcome.summary())
        return OK if isinstance(outcome, str) or outcome.as_asked else FAILED
    except BrokenPipeError:
        # the reader (head, less) has gone; say nothing more, not even at interpreter exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except (Exception, KeyboardInterrupt) as error:
        if options.debug:
            raise
        status, sentence = _failure(error)
        say(f"workbench: {sentence}", file=sys.stderr)
        return status


def _failure(error: BaseException) -> tuple[int, str]:
    """Exit status and sentence of what ended a command."""
    if isinstance(error, KeyboardInterrupt):
        return 130, localize(
            "stopped; what was published before is unchanged, the same command carries on"
        )
    if isinstance(error, OSError) and error.errno in REFUSED:
        file = error.filename or "stdout"
        error = refusal("command.disk", file=file, strerror=error.strerror)
    if isinstance(error, InputError):
        return BAD_INPUT, error.say(spoken())
    return FAILED, localize(
        "unexpected {kind}: {text} "
        "(run again with --debug for the traceback, and please report it)",
        kind=type(error).__name__,
        text=" ".join(str(error).split())[:300],
    )


def parser(language: Literal["ja", "en"] = "en") -> argparse.ArgumentParser:
    """The whole command line as argparse sees it (the docs are checked against it)."""

    def own(one: str | None, more: str = "", n: int = 1) -> str | None:
        return one and Message(one if n == 1 else more).say(language)

    # argparse takes its own sentences from gettext, which has no Japanese ones
    vars(argparse).update({"_": own, "ngettext": own})
    top = argparse.ArgumentParser(
        prog="workbench", description="Clean, group and report a survey of municipalities."
    )
    listed = top.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(
        name: str, run: str | Callable[..., str], help: str, *, wave: str = ""
    ) -> argparse.ArgumentParser:
        sub = listed.add_parser(name, help=help, description=help)
        sub.add_argument("--debug", action="store_true", help="show the traceback of an error")
        sub.set_defaults(run=run)
        if wave:
            sub.add_argument("wave", help=wave)
        return sub

    for add in (_new_wave, _runs, _with_offices, _to_give_out):
        add(command)
    for sub in (top, *listed.choices.values()):
        sub.description = own(sub.description)
        sub._optionals.title = own("command options")
        for action in (*sub._actions, *listed._choices_actions):
            action.help = own(action.help)
    return top


def _new_wave(command: Command) -> None:
    what = "copy files as received into data/raw and write their wave.yml"
    sub = command("new-wave", "office.new_wave:new_wave", what)
    sub.add_argument("wave", nargs="?", help="name of the new wave, such as 2020")
    sub.add_argument("files", nargs="*", type=Path, help="the files (or a folder) as received")
    only = "only say what would be read of these files; needs no name and no date"
    sub.add_argument(
        "--check", nargs="+", action="extend", type=Path, default=[], metavar="FILE", help=only
    )
    sub.add_argument("--codebook", required=True, help="name of a codebook in data/codebooks")
    sub.add_argument("--as-of", metavar="DATE", help="the date that the answers describe")
    sub.add_argument("--title", help="title of the wave (both languages; edit wave.yml later)")
    sub.add_argument("--publisher", help="who published or collected the data")
    sub.add_argument("--invited", help="how many municipalities were asked, or all")
    stands = "what the numbers stand for: default invited, or nation with --invited all"
    kinds = ["invited", "class", "nation", "beyond"]
    sub.add_argument("--population", choices=kinds, help=stands)
    whom = "list of who can be asked (id, name, group, size), if no municipalities of Japan"
    sub.add_argument("--register", type=Path, metavar="FILE", help=whom)
    sub.add_argument("--layout", choices=["rows", "columns", "form"], help="default: by content")
    empty = "of forms: the form as it was sent, which shows what is printed on them"
    sub.add_argument("--blank", type=Path, metavar="FORM", help=empty)
    wrote = "the form tool that wrote the files (default: by content), or none"
    sub.add_argument("--tool", choices=[*TOOLS, "none"], help=wrote)
    sub.add_argument("--invented", action="store_true", help="the answers are invented")
    _language(sub)


def _runs(command: Command) -> None:
    sub = command(
        "clean", _clean, "clean a wave into data/processed and print the ledger of cells", wave=WAVE
    )
    _language(sub)

    what = "rerun everything for a wave: clean, notebooks, HTML, index"
    sub = command("refresh", "run.refresh:refresh", what, wave=WAVE)
    only = "only these notebooks"
    sub.add_argument(
        "--only", dest="notebooks", nargs="+", action="extend", metavar="NOTEBOOK", help=only
    )
    _run_options(sub)
    sub.add_argument("--pdf", action="store_true", help="also print the pages to PDF (Chromium)")
    sub.add_argument("--word", action="store_true", help="also write the report as a Word document")

    sub = command("why", "run.refresh:why", "say what a refresh would run, and why", wave=WAVE)
    _edition(sub)
    _parameter(sub)

    what = "one page a municipality (自治体カルテ) for a whole wave"
    sub = command("profiles", "run.refresh:profiles", what, wave=WAVE)
    sub.add_argument(
        "--municipality", nargs="+", action="extend", metavar="CODE", help="only these"
    )
    sub.add_argument("--scheduler", metavar="tcp://HOST:8786", help="a dask.distributed cluster")
    sub.add_argument("--target", metavar="URL", help="where to publish (file:// or s3://)")
    _run_options(sub)

    sub = command("parameters", "run.refresh:parameters", "show the parameters of a notebook")
    sub.add_argument("notebook", help="such as 03_typology")

    sub = command("compare", "compare.command:run", "what changed between two waves or runs")
    sub.add_argument("before", nargs="?", help="a wave, or a run folder")
    sub.add_argument("after", nargs="?", help="a wave, or a run folder")
    sub.add_argument("--base", metavar="REVISION", help="compare with a git revision instead")
    sub.add_argument("--wave", help="the wave to rerun with --base")
    sub.add_argument("--out", type=Path, help="folder for compare.html and compare.md")
    _edition(sub)


def _with_offices(command: Command) -> None:
    what = "check files against the rules of machine readability of 2020 and 2026"
    sub = command("audit", "office.audit:report", what)
    sub.add_argument("files", nargs="+", type=Path, help="the workbooks")
    copy = "a copy with comments"
    sub.add_argument("--annotate", dest="annotate_to", type=Path, metavar="OUT.xlsx", help=copy)
    before = "the file of an earlier year, whose headings these should have"
    sub.add_argument("--earlier", type=Path, metavar="FILE", help=before)
    _language(sub)

    what = "write the form to send, one for each of those invited where they are listed"
    sub = command("questionnaire", "office.questionnaire:write", what)
    sub.add_argument("codebook", help="name of a codebook in data/codebooks")
    sub.add_argument("--out", type=Path, required=True, help="the form, or with --invited a folder")
    whom = "a file with codes and names, or a wave that lists whom it invited"
    sub.add_argument("--invited", metavar="LIST", help=whom)
    _language(sub, of="the form")

    what = "a workbook of what to ask each municipality, or the answers that came back"
    sub = command("queries", "office.queries:write_for_wave", what, wave=WAVE)
    came = "take in the query sheets that came back, filled in"
    sub.add_argument(
        "--returned", nargs="+", action="extend", type=Path, default=[], metavar="FILE", help=came
    )
    sub.add_argument("--out", type=Path, help="default: data/processed/WAVE-queries.xlsx")
    sub.add_argument("--split", action="store_true", help="a folder with a workbook for each")
    _language(sub, of="the workbook")


def _to_give_out(command: Command) -> None:
    what = "the answers as CSV with a code table, SPSS and Stata files"
    sub = command("dataset", "publish.dataset:write_for_wave", what, wave=WAVE)
    sub.add_argument("--out", type=Path, help="folder, default: data/processed/WAVE-dataset")
    _edition(sub)

    what = "keep a published edition as given out, and note it in releases.yml"
    sub = command("release", "publish.releases:release", what, wave=WAVE)
    sub.add_argument("--by", required=True, metavar="NAME", help="who decided to give it out")
    _edition(sub)

    what = "propose a codebook from a file, or check one"
    sub = command("codebook", "office.draft:codebook", what)
    sub.add_argument("action", choices=["draft", "check"], help="what to do")
    sub.add_argument("file", help="draft: a data file or questionnaire; check: a codebook")
    sub.add_argument("--out", type=Path, help="draft: the new file to write, in UTF-8")
    wrote = "draft: the form tool that wrote the file (default: by content), or none"
    sub.add_argument("--tool", choices=[*TOOLS, "none"], help=wrote)

    what = "make a wave of invented replies with a known truth"
    sub = command("simulate", "demo:simulate_wave", what, wave=WAVE)
    asked = "municipalities invited, one of which does not reply (default 16)"
    sub.add_argument("-n", type=int, default=16, help=asked)
    seed = "seed of the random numbers (default 20191003)"
    sub.add_argument("--seed", type=int, default=20191003, help=seed)
    sub.add_argument("--truth", choices=["A", "B"], default="A", help="B: no effect anywhere")


def _language(sub: argparse.ArgumentParser, *, of: str = "") -> None:
    """`of`: what is in the language besides the messages; Japanese if nothing is said."""
    usual = "Japanese" if of == "the form" else "the wave's"
    more = f"language of {of} (default: {usual}) and of messages"
    what = more if of else "language of what is printed"
    sub.add_argument("--language", choices=["ja", "en"], help=what)
    sub.set_defaults(pages=bool(of))


def _edition(sub: argparse.ArgumentParser) -> None:
    _language(sub, of="the pages")
    who = "who may see it (default internal)"
    sub.add_argument("--audience", choices=AUDIENCES, default="internal", help=who)


def _parameter(sub: argparse.ArgumentParser) -> None:
    many: Any = {"dest": "parameters", "nargs": 2, "action": "append", "metavar": ("NAME", "VALUE")}
    sub.add_argument("-p", "--parameter", **many, help="a notebook parameter; secrets as env:NAME")


def _run_options(sub: argparse.ArgumentParser) -> None:
    _edition(sub)
    _parameter(sub)
    sub.add_argument("--jobs", type=int, help="notebooks side by side (default: the cores)")
    plain = "plain kernels, no warm ones"
    sub.add_argument("--no-fork", dest="fork", action="store_false", help=plain)
    sub.add_argument("--force", action="store_true", help="run again what has not changed")
    sub.add_argument("--timeout", type=float, metavar="SECONDS", help="for the whole run")
    sub.add_argument("--cell-timeout", type=float, metavar="SECONDS", help="for one cell")
    memory = "memory cap of each notebook"
    sub.add_argument("--memory", dest="memory_mb", type=int, metavar="MB", help=memory)


def say(text: object, *, file: TextIO | None = None) -> None:
    r"""Print a text in which names and cells of files are quoted: what steers a terminal is shown.

    >>> say("a heading \x1b[2J that clears the screen")
    a heading \x1b[2J that clears the screen
    """
    harmless = STEERS.sub(lambda match: ascii(match[0])[1:-1], str(text))
    print(harmless, file=file or sys.stdout)


@contextlib.contextmanager
def _speaking(options: argparse.Namespace) -> Iterator[None]:
    """Let messages speak the language of ``--language``, also in processes started meanwhile.

    Where it is not given, the wave's language holds for its pages, and for messages where the
    environment asks for none.
    """
    language, before = getattr(options, "language", None), os.environ.get("LANGUAGE")
    if not language and hasattr(options, "language"):
        of_wave = _language_of(options)
        options.language = (of_wave or "ja") if options.pages else spoken(of_wave or "")
        language = of_wave and spoken(of_wave)
    if language:
        os.environ["LANGUAGE"] = language
    try:
        yield
    finally:
        os.environ.pop("LANGUAGE", None)
        if before is not None:
            os.environ["LANGUAGE"] = before


def _language_of(options: argparse.Namespace) -> Literal["ja", "en"] | None:
    """The language that the wave.yml of a command's wave names."""
    wave = getattr(options, "wave", None) or getattr(options, "after", None)
    if not wave:
        return None
    from analysis.codebook import waves

    with contextlib.suppress(InputError, OSError):  # the command itself says what is wrong
        named = waves.content(wave).get("language")
        return named if named in {"ja", "en"} else None
    return None


def _clean(wave: str, language: Literal["ja", "en"]) -> str:
    import pandas as pd

    from analysis import paths
    from analysis.cleaning import store
    from analysis.cleaning.respondents import invited
    from analysis.codebook import waves
    from analysis.codebook.wave import Wave
    from analysis.text import label
    from workbench.run.record import one_at_a_time

    Wave.read(wave)  # or refuse, before a lock is made where there is no wave, or a wrong one
    with one_at_a_time(paths.processed(wave)):
        cleaned, about, _ = store.prepared(wave, force=True)
    with pd.option_context("display.unicode.east_asian_width", True):
        sentences = cleaned.describe(language, invited(about, cleaned.register))
    files = ", ".join(f"{table}.csv" for table in (*store.TABLES, "codes"))
    sentences += "\n" + label("clean.written", language, wave=wave, files=files)
    doubts = int(cleaned.findings["severity"].isin(["doubtful", "refused"]).sum())
    if aside := waves.not_read(wave):
        sentences += "\n" + aside
    return sentences + ("\n" + label("clean.then", language, wave=wave, n=doubts) if doubts else "")


if __name__ == "__main__":
    sys.exit(main())
