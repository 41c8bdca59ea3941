"""The workflows: no finding of the linter, the same commands as the Makefile, shell that runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BASH = shutil.which("bash")
shell = pytest.mark.skipif(BASH is None, reason="there is no bash here")


def read(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8"))


def steps(content):
    return [step for job in content["jobs"].values() for step in job["steps"]]


def script(name, title):
    (found,) = (s["run"] for s in steps(read(name)) if s.get("name") == title)
    return found


def bash(text, folder, **environment):
    given = {"PATH": os.environ["PATH"], **environment}
    command = [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True)


def test_the_linter_finds_nothing():
    tool = Path(sys.executable).with_name("zizmor")
    if not tool.exists():
        pytest.skip("zizmor is not installed")
    done = subprocess.run(
        [tool, "--offline", "--no-progress", *FILES], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_permissions_are_none_unless_a_job_says_so():
    granted = {}
    for file in FILES:
        content = read(file.name)
        assert content["permissions"] == {}
        for name, job in content["jobs"].items():
            assert job["timeout-minutes"] <= 30
            granted[name] = job["permissions"]
    assert granted.pop("comment") == {"actions": "read", "pull-requests": "write"}
    # what runs a pull request's code may only read, and knows no secret
    assert all(given == {"contents": "read"} for given in granted.values())
    assert not any("secrets." in file.read_text(encoding="utf-8") for file in FILES)
    assert not any("checkout" in str(step.get("uses")) for step in steps(read("comment.yml")))


def test_they_run_what_a_person_runs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for file in FILES:
        for step in steps(read(file.name)):
            for target in re.findall(r"^make (\w+)", step.get("run", ""), re.M):
                assert re.search(rf"^{target}:", makefile, re.M), target


@shell
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_the_shell_is_sound(file):
    for step in steps(read(file.name)):
        if "run" in step:
            text = re.sub(r"\$\{\{.*?\}\}", "value", step["run"])
            done = subprocess.run([BASH, "-n"], input=text, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            assert "${{" not in step["run"], "values reach the shell by env only"


@shell
def test_the_comment_is_posted_to_the_pull_request_of_the_branch(tmp_path):
    tool = tmp_path / "bin" / "gh"
    tool.parent.mkdir()
    tool.write_text(f'#!{BASH}\necho "$@" >> calls\n[ "$1" = api ] && echo "$NUMBER" || true\n')
    tool.chmod(0o755)
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "compare.md").write_text("x" * 70_000)
    text = script("comment.yml", "Comment on the pull request of this branch")
    path = f"{tool.parent}:{os.environ['PATH']}"
    given = {
        "PATH": path,
        "REPO": "group/study",
        "HEAD": "someone:branch; echo harm",
        "NUMBER": "7",
    }
    done = bash(text, tmp_path, **given)
    assert done.returncode == 0, done.stderr
    asked, posted = (tmp_path / "calls").read_text().splitlines()
    assert "head=someone:branch; echo harm" in asked and "harm" not in done.stdout
    assert posted.startswith("pr comment 7 --repo group/study --body-file comment.md")
    assert (tmp_path / "comment.md").stat().st_size == 60_000  # what a comment may hold
    none = bash(text, tmp_path, **given | {"NUMBER": ""})
    assert none.returncode == 0 and "no open pull request" in none.stdout


@shell
def test_the_comparison_goes_into_the_summary(tmp_path):
    (tmp_path / "comparison").mkdir()
    (tmp_path / "comparison" / "compare.md").write_text("nothing changed\n")
    done = bash(script("compare.yml", "Show it in the summary"), tmp_path, GITHUB_STEP_SUMMARY="s")
    assert done.returncode == 0 and (tmp_path / "s").read_text() == "nothing changed\n"


@shell
def test_the_comparison_step_is_a_command_that_exists():
    from workbench.cli import parser

    words = script("compare.yml", "Compare with the base").split()
    assert words[0] == ".venv/bin/workbench"
    given = parser().parse_args([w.strip('"').replace("$BASE", "main") for w in words[1:]])
    assert (given.base, given.wave, given.language) == ("main", "demo-2019", "en")
