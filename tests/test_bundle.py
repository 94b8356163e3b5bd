from pathlib import Path

import pytest

from amazon_q_detections import bundle
from amazon_q_detections.errors import ContentError

TREE = {"manifest.json": b"{}\n", "a/b.txt": b"one\n", "pack.tgz": b"\x1f\x8b"}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_tree_is_written_as_it_is(tmp_path: Path) -> None:
    bundle.write(TREE, tmp_path / "dist" / "x")
    assert snapshot(tmp_path / "dist" / "x") == TREE
    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["x"], "nothing else may be left beside it"


def test_a_second_write_leaves_no_old_file(tmp_path: Path) -> None:
    bundle.write(TREE, tmp_path / "x")
    bundle.write({"manifest.json": b"[]"}, tmp_path / "x")
    assert snapshot(tmp_path / "x") == {"manifest.json": b"[]"}


def test_a_failing_write_leaves_the_old_bundle(tmp_path: Path) -> None:
    bundle.write(TREE, tmp_path / "x")
    with pytest.raises(ContentError):
        bundle.write({"manifest.json": b"new", "a": b"file", "a/b": b"below a file"}, tmp_path / "x")
    assert snapshot(tmp_path / "x") == TREE
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", ""])
def test_no_path_leaves_the_bundle(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContentError, match="no path inside"):
        bundle.write({"manifest.json": b"", name: b""}, tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("mine")
    with pytest.raises(ContentError, match="no bundle"):
        bundle.write(TREE, tmp_path / "home")
    assert (tmp_path / "home" / "diary.txt").read_text() == "mine"


def test_differences_name_missing_foreign_and_changed_files(tmp_path: Path) -> None:
    bundle.write(TREE, tmp_path / "x")
    assert bundle.differences(TREE, tmp_path / "x") == []
    (tmp_path / "x" / "a" / "b.txt").write_bytes(b"two\n")
    (tmp_path / "x" / "foreign").write_bytes(b"")
    (tmp_path / "x" / "manifest.json").unlink()
    assert bundle.differences(TREE, tmp_path / "x") == ["a/b.txt", "foreign", "manifest.json"]


def test_an_archive_need_not_be_in_a_checkout(tmp_path: Path) -> None:
    bundle.write(TREE, tmp_path / "x")
    (tmp_path / "x" / "pack.tgz").unlink()
    assert bundle.differences(TREE, tmp_path / "x") == []
