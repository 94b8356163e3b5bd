"""Trees of files, written all or not at all, and compared with what is there."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Mapping

Tree = dict[str, bytes]

MANIFEST = "manifest.json"
"""The file that names all others of a bundle, in its list `files`."""

# Marks the folders that a build fills before it swaps them in; .gitignore knows it too.
_UNFINISHED = "-unfinished-"
_AT_WORK = 3600  # s; a younger one may belong to a build that is still running

STEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")
"""What a rule's stem must be, since it names files, stanzas, macros and resources."""

# Archives are built beside the text and not committed, so a checkout need not have them.
_NEED_NOT_BE_THERE = (".tgz",)


def write(trees: Mapping[Path, Mapping[str, bytes]]) -> None:
    """Replace each folder by its tree (relative path to content); on any failure all of them stay as they were.

    Raises ContentError when a folder holds something that is no bundle of ours, or cannot be written.
    """
    for folder, tree in trees.items():
        _refuse_foreign(folder, tree)
    made: list[Path] = []
    try:
        for folder, tree in trees.items():
            folder.parent.mkdir(parents=True, exist_ok=True)
            made.append(Path(tempfile.mkdtemp(prefix=f".{folder.name}{_UNFINISHED}", dir=folder.parent)))
            _fill(made[-1], tree)
        _swap(dict(zip(trees, made, strict=True)))
    except OSError as error:
        raise ContentError(next(iter(trees)).parent, f"cannot be written: {error.strerror or error}.") from error
    finally:
        for fresh in made:
            shutil.rmtree(fresh, ignore_errors=True)
    for folder in trees:
        _sweep(folder)


def _refuse_foreign(folder: Path, tree: Mapping[str, bytes]) -> None:
    """Only a folder whose files all come from an earlier build, or will be in this one too, is replaced."""
    mend = "Choose another --out."
    if folder.is_symlink():
        raise ContentError(folder, "is a link, and a bundle replaces its folder.", mend=mend)
    if folder.exists() and not folder.is_dir():
        raise ContentError(folder, "is a file.", mend=mend)
    there = _files(folder) - tree.keys() - {MANIFEST}
    if not there:
        return
    try:
        written = set(json.loads((folder / MANIFEST).read_bytes())["files"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        message = f"is no bundle: {min(there)} is not of this build, and there is no {MANIFEST} of ours that lists it."
        raise ContentError(folder, message, mend=f"Delete the folder if it is one. {mend}") from error
    foreign = sorted(there - written)
    if foreign:
        raise ContentError(folder / foreign[0], "was not written by a build, which would delete it.", mend=mend)


def _files(folder: Path) -> set[str]:
    """The files and links below *folder*, relative to it."""
    found = folder.rglob("*") if folder.is_dir() else ()
    return {path.relative_to(folder).as_posix() for path in found if path.is_symlink() or not path.is_dir()}


def _fill(folder: Path, tree: Mapping[str, bytes]) -> None:
    paths = {folder / _safe(name): data for name, data in tree.items()}
    for parent in {path.parent for path in paths}:
        parent.mkdir(parents=True, exist_ok=True)
    for path, data in paths.items():
        path.write_bytes(data)
    folder.chmod(0o777 & ~_umask())  # mkdtemp made it the maker's alone


def _umask() -> int:
    """What the maker of files keeps others from; it can only be read by setting it."""
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _swap(fresh: Mapping[Path, Path]) -> None:
    """Put each fresh folder in the place of its target by renames, which are all taken back when one fails.

    An interrupt can come between a rename and any note of it, so what has been done is seen from what is there.
    """
    renames: list[tuple[Path, Path]] = []
    for folder, new in fresh.items():
        if folder.exists():
            renames.append((folder, _aside(new)))
        renames.append((new, folder))
    try:
        for before, after in renames:
            before.rename(after)
    except BaseException:
        for before, after in reversed(renames):
            if after.exists() and not before.exists():
                after.rename(before)
        raise
    for new in fresh.values():
        shutil.rmtree(_aside(new), ignore_errors=True)


def _aside(new: Path) -> Path:
    """Where the old folder waits until all new ones are in place."""
    return new.with_name(new.name + "-old")


def _sweep(folder: Path) -> None:
    """Delete what killed builds of this folder left beside it; what is younger than an hour may be a build at work."""
    ours = re.compile(rf"\.{re.escape(folder.name)}{_UNFINISHED}\w{{8}}(-old)?")
    with suppress(OSError):  # another build may be sweeping too
        for path in folder.parent.iterdir():
            # Not st_mtime: an old bundle that waits to be put back has that of its last file.
            if ours.fullmatch(path.name) and path.is_dir() and time.time() - path.stat().st_ctime > _AT_WORK:
                shutil.rmtree(path, ignore_errors=True)


def _safe(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ContentError(name, "is no path inside a bundle.")
    return path


def differences(tree: Mapping[str, bytes], folder: Path) -> list[str]:
    """The paths, relative to *folder*, that are missing, foreign or changed; an archive may be missing.

    Raises ContentError for a file that cannot be read.
    """
    there = _files(folder)
    wanted = {name for name in tree if not name.endswith(_NEED_NOT_BE_THERE) or name in there}
    try:
        changed = {name for name in wanted & there if (folder / name).read_bytes() != tree[name]}
    except OSError as error:
        raise ContentError(error.filename or folder, f"cannot be read: {error.strerror or error}.") from error
    return sorted((wanted ^ there) | changed)
