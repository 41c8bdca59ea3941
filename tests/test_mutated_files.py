"""Damaged files are refused in a sentence or read in full (5,000 in `benchmarks`)."""

import importlib.util
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("files", [24, pytest.param(300, marks=pytest.mark.slow)])
def test_damaged_files_are_refused_in_a_sentence_or_lose_nothing(tmp_path, monkeypatch, files):
    at = ROOT / "benchmarks/mutated_files.py"
    spec = importlib.util.spec_from_file_location("mutated_files", at)
    mutated_files = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(__import__("sys").modules, "mutated_files", mutated_files)
    spec.loader.exec_module(mutated_files)
    shutil.copytree(ROOT / "data/codebooks", tmp_path / "data/codebooks")
    monkeypatch.setenv("WORKBENCH_ROOT", str(tmp_path))
    demo = ROOT / "data/raw/demo-2019/replies.xlsx"
    outcome = mutated_files.run(demo, files, 2, tmp_path)
    assert outcome.faults == []
    assert outcome.read > files and outcome.refused > files  # each meets three commands
