"""The command line: what a user sees of it, and what it must not import."""

import errno
import io
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import unicodedata
from dataclasses import fields, replace
from pathlib import Path

import openpyxl
import pytest
from project import commands

from analysis.cleaning.store import prepared
from analysis.errors import InputError, japanese
from workbench import cli
from workbench.run.record import Options

ROOT = Path(__file__).parents[2]


def test_no_command_compiles_the_grammar_of_addresses():
    # jsonschema, which checks notebooks, would: a second that nobody's notebook needs
    code = (
        "import sys\nfrom workbench import cli\ncli.main(['parameters', '03_typology'])\n"
        "import nbformat, nbformat.v4\nnbformat.validate(nbformat.v4.new_notebook())\n"
        "print('jsonschema' in sys.modules, 'lark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "True False"


def test_the_command_is_a_module_too():
    """Where the shell does not find `workbench`, as often on Windows."""
    done = subprocess.run([sys.executable, "-m", "workbench", "clean", "no-such-wave"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 2 and "no-such-wave" in done.stderr


def test_help_imports_nothing_heavy():
    code = (
        "import sys, json\n"
        "from workbench import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "pandas",
        "numpy",
        "matplotlib",
        "sklearn",
        "papermill",
        "nbconvert",
        "nbformat",
        "yaml",
    }
    assert not heavy & set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize(("language", "name"), [("en", "reference.md"), ("ja", "reference.ja.md")])
def test_the_reference_page_is_in_step_with_the_command_line(language, name):
    page = runpy.run_path(str(ROOT / "docs" / "commands.py"))["page"](language)
    shown = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert shown == page, "run: python docs/commands.py"
    assert all(f"## workbench {name}\n" in shown for name in commands())


@pytest.mark.parametrize(
    ("lang", "given", "said"),
    [
        ("ja_JP.UTF-8", [], "workbench: 「nowhere」という調査はない。"),
        ("en_US.UTF-8", [], "workbench: there is no wave 'nowhere'; "),
        ("en_US.UTF-8", ["--language", "ja"], "workbench: 「nowhere」という調査はない。"),
        ("ja_JP.UTF-8", ["--language", "en"], "workbench: there is no wave 'nowhere'; "),
    ],
)
def test_messages_are_in_the_language_asked_for(lang, given, said, capsys, locale):
    locale(LANG=lang)
    assert cli.main(["clean", "nowhere", *given]) == 2
    assert capsys.readouterr().err.startswith(said)
    assert "LANGUAGE" not in os.environ


@pytest.mark.parametrize(
    ("command", "option", "name"),
    [("refresh", "--only", "notebooks"), ("profiles", "--municipality", "municipality"),
     ("queries", "--returned", "returned"), ("new-wave", "--check", "check")],
)  # fmt: skip
def test_an_option_that_takes_several_may_be_given_several_times(command, option, name):
    """The first would be left out without a word."""
    more = ["--codebook", "it-staffing"] if command == "new-wave" else []
    asked = cli.parser().parse_args([command, "w", *more, option, "a", "b", option, "c"])
    assert [*map(str, getattr(asked, name))] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("of_wave", "lang", "said"),
    [
        ("ja", "C.UTF-8", "foo：この名前の項目はない"),
        ("en", "C.UTF-8", "foo: there is no entry of this name"),
        ("ja", "en_US.UTF-8", "foo: there is no entry of this name"),
        ("en", "ja_JP.UTF-8", "foo：この名前の項目はない"),
    ],
)
def test_where_nobody_asks_messages_are_in_the_language_of_the_wave(
    of_wave, lang, said, project, capsys, locale
):
    locale(LANG=lang)
    with (project / "data" / "raw" / "demo-2019" / "wave.yml").open("a", encoding="utf-8") as file:
        file.write(f"\nlanguage: {of_wave}\nfoo: 1\n")
    assert cli.main(["clean", "demo-2019"]) == 2
    assert said in capsys.readouterr().err
    pages = cli.parser().parse_args(["refresh", "demo-2019"])
    with cli._speaking(pages):
        assert pages.language == of_wave


def test_every_help_has_its_japanese():
    for name, sub in commands().items():
        helps = [sub.description, *(action.help for action in sub._actions)]
        assert [text for text in helps if text and text not in japanese()] == [], name


def test_an_unknown_wave_is_one_sentence_and_exit_2(capsys):
    assert cli.main(["clean", "no-such-wave"]) == cli.BAD_INPUT
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "no-such-wave" in shown.err and "demo-2019" in shown.err
    assert "Traceback" not in shown.err and len(shown.err.splitlines()) == 1


def test_the_code_of_another_project_is_not_run_on_a_copied_one(project, monkeypatch, capsys):
    """The command of the first, after `cp -a A B`, called the edited copy unchanged."""
    own = project / "src" / "analysis" / "paths.py"
    own.parent.mkdir(parents=True)
    own.write_text("# edited\n")
    monkeypatch.chdir(project / "data")
    for setting in (str(project), ""):  # by the variable, and by the folder
        monkeypatch.setenv("WORKBENCH_ROOT", setting)
        assert cli.main(["why", "demo-2019", "--language", "en"]) == cli.BAD_INPUT
        said = capsys.readouterr().err
        assert "this project has code of its own" in said and "make setup" in said
        with pytest.raises(InputError, match="this project has code of its own"):
            prepared("demo-2019")  # as a notebook does
    table = project / "sheet.csv"
    table.write_text("Q1\n1\n")
    new = project / "data" / "raw" / "new.yml"
    assert cli.main(["codebook", "draft", str(table), "--out", str(new)]) == cli.BAD_INPUT
    assert not new.exists()
    shutil.rmtree(own.parent)
    own.parent.symlink_to(ROOT / "src" / "analysis")  # the same code
    assert cli.main(["clean", "demo-2019"]) == cli.OK


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKBENCH_AUDIENCE", "everybody"),
        ("WORKBENCH_AUDIENCE", ""),
        ("WORKBENCH_INPUTS", "{"),
        ("WORKBENCH_INPUTS", "[]"),
        ("WORKBENCH_INPUTS", "[" * 100_000),
    ],
)
def test_what_a_run_puts_into_the_environment_and_is_something_else_is_refused(
    name, value, project, monkeypatch, capsys
):
    monkeypatch.setenv(name, value)
    assert cli.main(["dataset", "demo-2019", "--language", "en", "--out", "given"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"workbench: the variable {name} of the environment is not") and (
        said.endswith(f"unset {name}, and run the command again\n")
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("dataset demo-2019 --audience public", "shows no single answer"),
        ("dataset demo-2019 --out data/raw/x", "data/raw keeps"),
        ("profiles demo-2019 --audience public", "a profile shows one respondent"),
        ("profiles demo-2019 --audience committee --target a::file:///x", "leads through one"),
        ("refresh demo-2019 --audience public -p seed x", "the parameter seed cannot be"),
        ("queries demo-2019 --out q.csv", "q.csv: "),
        ("queries demo-2019 --out data/raw/q.xlsx", "data/raw keeps"),
        ("codebook draft data/raw/demo-2019/replies.xlsx --out requirements.lock", "did not write"),
    ],
)
def test_a_refused_command_leaves_nothing_new(command, said, project, monkeypatch, capsys):
    """Such as a key of pseudonyms, or data cleaned for it."""
    monkeypatch.setenv("LANGUAGE", "en")
    monkeypatch.delenv("WORKBENCH_CACHE")
    monkeypatch.chdir(project)
    shutil.copytree(ROOT / "notebooks", project / "notebooks", dirs_exist_ok=True)
    before = sorted(project.rglob("*"))
    assert cli.main(command.split()) == 2
    assert said in capsys.readouterr().err
    assert sorted(project.rglob("*")) == before


def test_debug_lets_the_traceback_through():
    with pytest.raises(InputError):
        cli.main(["clean", "no-such-wave", "--debug"])


def test_wrong_usage_is_exit_2(capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(["refresh"])
    assert stopped.value.code == cli.BAD_INPUT
    assert "wave" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("clean", "使い方：workbench clean"),
        ("clean", "次の引数が必要である：wave"),
        ("clean w --language fr", "引数--language：'fr'は選べない（選べるもの：'ja', 'en'）"),
        ("refresh w -p seed", "値を2個付ける必要がある"),
        ("refresh w --only", "値を1つ以上付ける必要がある"),
        ("refresh w --jobs many", "'many'はintとして読めない"),
        ("refresh w --no-such", "この引数は使えない：--no-such"),
        ("--help", "オプション:"),
    ],
)
def test_wrong_usage_is_in_japanese_in_a_japanese_terminal(line, said, capsys, monkeypatch):
    monkeypatch.setenv("LANGUAGE", "ja")
    with pytest.raises(SystemExit):
        cli.main(line.split())
    shown = "".join(capsys.readouterr())
    assert said in shown
    assert not re.search("usage|error|required|argument |options|None", shown)


@pytest.mark.parametrize("command", ["refresh", "profiles"])
def test_every_option_of_a_run_arrives(monkeypatch, command):
    given = {}

    def told(**options):
        given.update(options)
        raise InputError("far enough")

    module = {"refresh": "workbench.run.refresh", "profiles": "workbench.run.refresh"}[command]
    monkeypatch.setattr(f"{module}.{command}", told)
    line = "-p seed 7 -p factor 2 --audience public --language en --jobs 3 --no-fork --force"
    more = "--timeout 60 --cell-timeout 5 --memory 900"
    assert cli.main([command, "demo-2019", *line.split(), *more.split()]) == cli.BAD_INPUT
    options = Options(**{field.name: given[field.name] for field in fields(Options)})
    assert options.by_name == {"seed": "7", "factor": "2"} and given["wave"] == "demo-2019"
    plain = replace(options, parameters=None)
    assert plain == Options("public", "en", None, 3, False, True, 60.0, 5.0, 900)


def test_a_name_that_a_cp932_console_cannot_write_is_still_told_in_one_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "workbench.cli", "why", "髙﨑𠮷"],  # which imports little
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp932"},
    )
    said = done.stderr.decode("cp932")
    assert done.returncode == cli.BAD_INPUT and said.count("\n") == 1
    assert said.startswith("workbench: ") and "'髙﨑?'" in said


def test_windows_can_have_every_path_of_the_project():
    names = []
    if shutil.which("git"):
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
        names = [name for name in listed.stdout.decode("utf-8").split("\0") if name]
    if not names:
        pytest.skip("not a git checkout: there is no list of files")
    for name in names:
        name.encode("cp932")
        assert not re.search(r'[<>:"|?*\\]|[. ](/|$)', name) and len(name) < 120, name
        assert not re.search(r"(?i)(^|/)(con|prn|aux|nul|com\d|lpt\d)(\.|/|$)", name), name
    assert len({name.casefold() for name in names}) == len(names)


def test_the_ledger_of_a_wave_is_in_the_language_asked_for(capsys):
    for language, said, other in (("ja", "補正", "repaired"), ("en", "repaired", "補正")):
        assert cli.main(["clean", "demo-2019", "--language", language]) == cli.OK
        printed = capsys.readouterr().out
        assert said in printed and other not in printed and "15 / 16" in printed
        # where it is, and what to do next
        assert "data/processed/demo-2019" in printed and "workbench queries demo-2019" in printed
        # columns stand under each other in a terminal, where a kanji is two letters wide
        table = printed.splitlines()[1:15]
        wide = {sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in row) for row in table}
        assert len(wide) == 1, table


def test_a_draft_is_written_in_utf8_whatever_the_console_and_overwrites_nothing(tmp_path, capsys):
    file = ROOT / "docs" / "examples" / "library-survey" / "replies.csv"
    out = tmp_path / "draft.yml"
    command = [sys.executable, "-m", "workbench.cli", "codebook", "draft", str(file)]
    done = subprocess.run(
        [*command, "--out", str(out)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp932"},
    )
    assert done.returncode == cli.OK, done.stderr
    assert cli.main(["codebook", "check", str(out)]) == cli.OK
    out.write_text(f"{out.read_text(encoding='utf-8')}# finished by hand\n", encoding="utf-8")
    written = out.read_bytes()
    assert cli.main(["codebook", "draft", str(file), "--out", str(out)]) == cli.BAD_INPUT
    assert "changed since" in capsys.readouterr().err and out.read_bytes() == written
    assert cli.main(["codebook", "check", str(file)]) == cli.BAD_INPUT
    assert "replies.csv: this is no codebook" in capsys.readouterr().err
    assert cli.main(["codebook", "check", str(out), "--out", str(file)]) == cli.BAD_INPUT
    assert "takes no --out" in capsys.readouterr().err


def test_what_steers_a_terminal_is_shown_and_never_sent(project, capsys):
    """Names, headings and cells come from anybody."""
    wicked = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e"
    book = openpyxl.Workbook()
    book.active.append(["団体コード", "団体名", "heading \u009b31m\u202e"])
    book.active.append(["990019", "架空市 \u009b31m\u202e", "1 \u009b31m\u202e"])
    file = project / f"replies{wicked}.xlsx"
    book.save(file)
    text = project / f"replies{wicked}.csv"
    text.write_text(f"団体コード,団体名,{wicked}\n990019,{wicked},{wicked}\n", encoding="utf-8")
    broken = project / f"book{wicked}.yml"
    broken.write_text(f"id: {wicked}\n", encoding="utf-8")
    for command in (
        ["audit", str(file)],
        ["audit", str(text)],
        ["codebook", "draft", str(text)],
        ["codebook", "check", str(broken)],
        ["new-wave", "w", str(text), "--codebook", "it-staffing", "--as-of", "2020-04-01"],
        ["clean", wicked],
        ["refresh", "demo-2019", "-p", wicked, wicked],
        ["compare", wicked, wicked],
    ):
        cli.main(command)
        shown = "".join(capsys.readouterr())
        assert not set(shown) & set("\x1b\x07\x9b\u202e"), command
        assert "\\x" in shown or "\\u" in shown, (command, shown)


def test_an_output_that_is_full_and_a_folder_that_has_gone_are_one_sentence_each(
    project, monkeypatch, capsys, tmp_path_factory
):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Full())
        assert cli.main(["why", "demo-2019"]) == 2
    assert "stdout: the disk is full" in capsys.readouterr().err
    gone = tmp_path_factory.mktemp("gone")
    monkeypatch.chdir(gone)
    monkeypatch.delenv("WORKBENCH_ROOT")
    gone.rmdir()
    assert cli.main(["clean", "demo-2019"]) == 2
    assert "the folder in which this command was given has been removed" in capsys.readouterr().err


def test_a_disk_that_may_not_be_written_is_one_sentence(project, monkeypatch, capsys):
    def refused(file, *_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(file))

    monkeypatch.setattr("analysis.paths.write_atomic", refused)
    assert cli.main(["simulate", "zz"]) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("workbench: replies.xlsx: the disk is full, or it")


def test_files_that_nobody_reads_are_told(project, capsys):
    """Late replies beside the others count only where wave.yml names them."""
    folder = project / "data" / "raw" / "demo-2019"
    assert cli.main(["clean", "demo-2019"]) == 0
    assert "does not name" not in capsys.readouterr().out
    for late in (folder / "late.XLS", folder / "late.zsav", folder / "second" / "more.xlsx"):
        late.parent.mkdir(exist_ok=True)
        late.write_bytes(b"x")
    for none in ("~$more.xlsx", "note.txt"):
        (folder / "second" / none).write_bytes(b"x")
    assert cli.main(["clean", "demo-2019"]) == 0
    assert (
        "does not name; they are no replies: late.XLS, late.zsav, second/more.xlsx\n"
        in capsys.readouterr().out
    )
