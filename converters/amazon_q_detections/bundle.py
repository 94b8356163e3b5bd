"""Trees of files, written all or not at all, and compared with what is there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, bytes]

_MARKER = "manifest.json"
# Archives are built beside the text and not committed, so a checkout need not have them.
_NOT_COMPARED = (".tgz",)


def write(tree: Mapping[str, bytes], folder: Path) -> None:
    """Replace *folder* by *tree* (relative path to content); on any failure the old folder stays as it was.

    Raises ContentError when *folder* holds something that is no bundle of ours, or cannot be written.
    """
    if folder.is_dir() and any(folder.iterdir()) and not (folder / _MARKER).is_file():
        raise ContentError(folder, f"is not empty and has no {_MARKER}, so it is no bundle.", mend="Choose another --out.")
    if folder.exists() and not folder.is_dir():
        raise ContentError(folder, "is a file.", mend="Choose another --out.")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ContentError(folder, f"cannot be written: {error.strerror}.") from error
    try:
        paths = {fresh / _safe(name): data for name, data in tree.items()}
        for parent in {path.parent for path in paths}:
            parent.mkdir(parents=True, exist_ok=True)
        for path, data in paths.items():
            path.write_bytes(data)
        fresh.chmod(0o755)
        _swap(fresh, folder)
    except OSError as error:
        raise ContentError(folder, f"cannot be written: {error.strerror}.") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, folder: Path) -> None:
    """Put *fresh* in the place of *folder*, by two renames."""
    if not folder.exists():
        fresh.rename(folder)
        return
    old = fresh.with_name(fresh.name + "-old")
    folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ContentError(name, "is no path inside a bundle.")
    return path


def differences(tree: Mapping[str, bytes], folder: Path) -> list[str]:
    """The paths, relative to *folder*, that are missing, foreign or changed; archives are not compared."""
    there = {
        path.relative_to(folder).as_posix()
        for path in (folder.rglob("*") if folder.is_dir() else ())
        if path.is_file() and path.suffix not in _NOT_COMPARED
    }
    wanted = {name for name in tree if not name.endswith(_NOT_COMPARED)}
    changed = {name for name in wanted & there if (folder / name).read_bytes() != tree[name]}
    return sorted((wanted ^ there) | changed)
