import os
import time
from pathlib import Path

import pytest

from amazon_q_detections import bundle
from amazon_q_detections.errors import ContentError

TREE = {"manifest.json": b'{"files": ["a/b.txt", "pack.tgz"]}\n', "a/b.txt": b"one\n", "pack.tgz": b"\x1f\x8b"}


def snapshot(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_tree_is_written_as_it_is(tmp_path: Path) -> None:
    bundle.write({tmp_path / "dist" / "x": TREE})
    assert snapshot(tmp_path / "dist" / "x") == TREE
    assert [path.name for path in (tmp_path / "dist").iterdir()] == ["x"], "nothing else may be left beside it"


def test_a_second_write_leaves_no_old_file(tmp_path: Path) -> None:
    bundle.write({tmp_path / "x": TREE})
    bundle.write({tmp_path / "x": {"manifest.json": b"[]"}})
    assert snapshot(tmp_path / "x") == {"manifest.json": b"[]"}


def test_a_failing_write_leaves_the_old_bundle(tmp_path: Path) -> None:
    bundle.write({tmp_path / "x": TREE})
    with pytest.raises(ContentError):
        bundle.write({tmp_path / "x": {"manifest.json": b"new", "a": b"file", "a/b": b"below a file"}})
    assert snapshot(tmp_path / "x") == TREE
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/../../b", ""])
def test_no_path_leaves_the_bundle(tmp_path: Path, name: str) -> None:
    with pytest.raises(ContentError, match="no path inside"):
        bundle.write({tmp_path / "x": {"manifest.json": b"", name: b""}})
    assert not (tmp_path / "x").exists()


def test_a_folder_that_is_no_bundle_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "diary.txt").write_text("mine")
    with pytest.raises(ContentError, match="is no bundle"):
        bundle.write({tmp_path / "home": TREE})
    assert (tmp_path / "home" / "diary.txt").read_text() == "mine"


def test_differences_name_missing_foreign_and_changed_files(tmp_path: Path) -> None:
    bundle.write({tmp_path / "x": TREE})
    assert bundle.differences(TREE, tmp_path / "x") == []
    (tmp_path / "x" / "a" / "b.txt").write_bytes(b"two\n")
    (tmp_path / "x" / "foreign").write_bytes(b"")
    (tmp_path / "x" / "manifest.json").unlink()
    assert bundle.differences(TREE, tmp_path / "x") == ["a/b.txt", "foreign", "manifest.json"]


def test_an_archive_need_not_be_in_a_checkout(tmp_path: Path) -> None:
    bundle.write({tmp_path / "x": TREE})
    (tmp_path / "x" / "pack.tgz").unlink()
    assert bundle.differences(TREE, tmp_path / "x") == []


def test_a_changed_archive_or_a_dangling_link_is_a_difference(tmp_path: Path) -> None:
    bundle.write({tmp_path / "x": TREE})
    (tmp_path / "x" / "pack.tgz").write_bytes(b"other")
    (tmp_path / "x" / "link").symlink_to("nowhere")
    assert bundle.differences(TREE, tmp_path / "x") == ["link", "pack.tgz"]


@pytest.mark.parametrize("manifest", ["", "{}", "[]", '{"files": 5}', '{"files": ["other"]}'])
def test_files_that_no_build_wrote_are_not_deleted(tmp_path: Path, manifest: str) -> None:
    for name, text in (("manifest.json", manifest), ("local.conf", "mine")):
        (tmp_path / name).write_text(text)
    with pytest.raises(ContentError, match="Choose another --out"):
        bundle.write({tmp_path: TREE})
    assert (tmp_path / "local.conf").read_text() == "mine"


def test_a_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "x").symlink_to("real")
    with pytest.raises(ContentError, match="is a link"):
        bundle.write({tmp_path / "x": TREE})
    assert (tmp_path / "x").is_symlink()


def test_one_failing_folder_keeps_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle.write({tmp_path / "x": TREE})
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if target.name == "z":
            raise OSError("no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(ContentError, match="cannot be written: no"):
        bundle.write({tmp_path / name: {"manifest.json": b"new"} for name in "xyz"})
    assert snapshot(tmp_path) == {f"x/{name}": data for name, data in TREE.items()}
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("manifest", [None, "<<<<<<< ours\n{}\n", "[" * 100_000])
def test_a_bundle_with_a_broken_manifest_is_mended(tmp_path: Path, manifest: str | None) -> None:
    """`build --check` asks for a build here: after a merge conflict, say."""
    bundle.write({tmp_path / "x": TREE})
    (tmp_path / "x" / "manifest.json").unlink()
    if manifest is not None:
        (tmp_path / "x" / "manifest.json").write_text(manifest)
    bundle.write({tmp_path / "x": TREE})
    assert snapshot(tmp_path / "x") == TREE


def test_a_file_of_an_older_build_without_its_manifest_is_named(tmp_path: Path) -> None:
    bundle.write({tmp_path / "x": TREE | {"old.txt": b""}})
    (tmp_path / "x" / "manifest.json").unlink()
    with pytest.raises(ContentError, match=r"old\.txt is not of this build.*Delete the folder if it is one"):
        bundle.write({tmp_path / "x": TREE})


@pytest.mark.parametrize("at", range(1, 6))
def test_an_interrupt_at_any_rename_keeps_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    for name in "xy":
        bundle.write({tmp_path / name: TREE})
    rename, calls = Path.rename, 0

    def interrupted(self: Path, target: Path) -> Path:
        nonlocal calls
        calls += 1
        done = rename(self, target)
        if calls == at:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bundle.write({tmp_path / name: {"manifest.json": b"new"} for name in "xyz"})
    assert snapshot(tmp_path) == {f"{folder}/{name}": data for folder in "xy" for name, data in TREE.items()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x", "y"]


def test_what_a_killed_build_left_is_swept_an_hour_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".x-unfinished-abcd1234", ".x-unfinished-abcd1234-old", ".x-unfinished-mine", ".y-unfinished-abcd1234"):
        (tmp_path / name).mkdir()
    bundle.write({tmp_path / "x": TREE})
    assert len(list(tmp_path.iterdir())) == 5
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 4000)
    bundle.write({tmp_path / "x": TREE})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".x-unfinished-mine", ".y-unfinished-abcd1234", "x"]


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_folder_is_for_those_whom_its_files_are_for(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        bundle.write({tmp_path / "out": {"a/b.txt": b"x"}})
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "out", tmp_path / "out" / "a")} == {0o777 & ~umask}
