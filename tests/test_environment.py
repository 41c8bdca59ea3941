"""environment.yml, pyproject.toml and both locks name the same packages and versions."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CARD = {"jupyterlab", "pandas", "seaborn", "scikit-learn", "nbconvert", "papermill"}


def wanted() -> dict[str, Requirement]:
    return {canonicalize_name(r.name): r for r in map(Requirement, PROJECT["dependencies"])}


def locked(file: str) -> dict[str, set[str]]:
    text = (ROOT / file).read_text(encoding="utf-8")
    versions: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", text, re.M):
        versions.setdefault(canonicalize_name(name), set()).add(version)
    return versions


def test_the_packages_of_the_card_are_required():
    assert set(wanted()) >= CARD


def test_environment_yml_names_the_same_ranges_as_pyproject():
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert content["channels"] == ["conda-forge"]
    lines = [line for line in content["dependencies"] if isinstance(line, str)]
    lines += next(line["pip"] for line in content["dependencies"] if isinstance(line, dict))
    conda = {canonicalize_name(r.name): r.specifier for r in map(Requirement, lines)}
    assert conda.pop("python") == Requirement("python" + PROJECT["requires-python"]).specifier
    conda.pop("pip")
    assert conda == {name: r.specifier for name, r in wanted().items()}


def test_every_requirement_is_locked_at_a_version_it_allows():
    """What the reports need in the one lock, what developers need beside it in the other."""
    groups = PROJECT["optional-dependencies"]
    own = {
        "requirements.lock": [*groups["build"], *groups["spss"]],
        "requirements-dev.lock": [r for group in groups.values() for r in group],
    }
    for file, extras in own.items():
        versions = locked(file)
        for requirement in [*wanted().values(), *map(Requirement, extras)]:
            name = canonicalize_name(requirement.name)
            if name == "analysis":
                continue
            assert versions.get(name), f"{name} is not in {file}: run `make lock`"
            for version in versions[name]:
                assert requirement.specifier.contains(version), f"{name} {version}"


def test_the_locks_agree_and_reports_need_no_tool_of_developers():
    reports, developers = locked("requirements.lock"), locked("requirements-dev.lock")
    assert all(versions <= developers[name] for name, versions in reports.items())
    assert not {"pytest", "playwright", "mypy", "sphinx", "distributed"} & set(reports)


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock"])
def test_the_lock_has_hashes_and_no_address(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert "://" not in text and "--index-url" not in text and "--find-links" not in text
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M)[1:]
    assert entries and all("--hash=sha256:" in entry for entry in entries)


def test_the_dev_container_installs_the_lock():
    content = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert content["postCreateCommand"] == "make setup"
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    setup, _, more = makefile.partition("$(STAMP):")[2].partition("$(TOOLS):")
    assert "$(call lay,--require-hashes -r requirements.lock)" in setup
    assert "$(call lay,--require-hashes -r requirements-dev.lock)" in more
    files = re.findall(r"\s-r ", setup + more)
    assert len(files) == (setup + more).count("--require-hashes") == 4, "nothing without its hash"
    version = content["image"].rpartition(":")[2]
    assert version in Requirement("python" + PROJECT["requires-python"]).specifier
