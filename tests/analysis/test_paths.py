"""Files are whole or absent."""

import pytest

from analysis import paths


def test_a_failed_write_leaves_the_old_file_and_nothing_beside(tmp_path):
    target = tmp_path / "a" / "report.html"
    paths.write_atomic(target, "good")
    with pytest.raises(UnicodeEncodeError):
        paths.write_atomic(target, "\ud800")
    assert target.read_text() == "good"
    assert [p.name for p in target.parent.iterdir()] == ["report.html"]


def test_swapping_a_folder_keeps_the_old_one_when_the_new_is_missing(tmp_path):
    final = tmp_path / "wave"
    final.mkdir()
    (final / "index.html").write_text("old")
    with pytest.raises(OSError):
        paths.swap_folder(tmp_path / "absent", final)
    assert (final / "index.html").read_text() == "old"
    new = tmp_path / "new"
    new.mkdir()
    (new / "index.html").write_text("new")
    paths.swap_folder(new, final)
    assert (final / "index.html").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["wave"]


def test_the_project_is_found_from_any_folder_inside_it(tmp_path, monkeypatch):
    monkeypatch.delenv("WORKBENCH_ROOT", raising=False)
    inside = tmp_path / "notebooks" / "deep"
    inside.mkdir(parents=True)
    (tmp_path / "data" / "raw").mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert paths.root() == tmp_path.resolve()
