"""Where rules, pipelines and events lie, and how they are read: one YAML parse a file, for all targets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.reader import ReaderError

from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_CHECKOUT = Path(__file__).resolve().parents[2]
_IN_CHECKOUT = {"events": "tests/events"}

# The most values that the aliases of a document may stand for: a few lines of nested aliases can stand for billions.
_MOST_ALIASED = 100_000
_ENDLESS = -1
_WRITE_OUT = "Write out what the alias stands for."

# libyaml's loader reads a rule nine times faster than the pure Python one; PyYAML's wheels carry it.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def folder(name: str) -> Path:
    """The folder of shipped content called *name*: sigma_rules, pipelines or events.

    An installed wheel has it inside the package, a checkout at its top level.
    """
    installed = Path(__file__).parent / name
    return installed if installed.is_dir() else _CHECKOUT / _IN_CHECKOUT.get(name, name)


def yaml_files(places: Iterable[Path]) -> Iterator[Path]:
    """Every `.yml` or `.yaml` file at or below *places*, sorted, each once; links to folders are followed.

    Raises ContentError for a place that does not exist, a folder that cannot be read, and what is called like a file
    and is none (a pipe would be waited for).
    """
    seen: set[Path] = set()
    for place in places:
        if not place.exists():
            raise ContentError(place, "no such file or folder.", mend="Check the path.")
        for path in _below(place) if place.is_dir() else [place]:
            if not path.is_file():
                raise ContentError(path, "is no regular file.", mend="Name a file, or take it out of the folder.")
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def _below(place: Path) -> list[Path]:
    """What is called like a YAML file and is no folder, at any depth below *place*, sorted."""
    files = (folder / name for folder, names in folders(place, _raise_unreadable) for name in names)
    return sorted(path for path in files if path.suffix in (".yml", ".yaml"))


def folders(place: Path, unreadable: Callable[[OSError], None]) -> Iterator[tuple[Path, list[str]]]:
    """Each folder at or below *place* once, with the names of its files; links are followed.

    *unreadable* is told of a folder that cannot be read; the rest goes on.
    """
    met: set[tuple[int, int]] = set()
    for parent, below, names in os.walk(place, onerror=unreadable, followlinks=True):
        status = Path(parent).stat()
        if (status.st_dev, status.st_ino) in met:  # a link may lead to a folder that it lies in
            below.clear()
            continue
        met.add((status.st_dev, status.st_ino))
        below.sort()
        yield Path(parent), names


def _raise_unreadable(error: OSError) -> None:
    raise ContentError(error.filename, f"cannot be read: {error.strerror}.", mend="Make it readable, or move it away.")


def read_yaml(path: Path) -> list[Any]:
    """The documents of a YAML file.

    Raises ContentError with the line when the file cannot be read, is no YAML, or has aliases that lead into themselves
    or stand for more than 100,000 values: walking through such a document would take for ever.
    """
    try:
        data = path.read_bytes()
        loader = LOADER(data)
        documents = []
        while loader.check_node():
            node = loader.get_node()
            if node and b"&" in data:  # without an anchor there is no alias
                _refuse_bombs(path, node)
            documents.append(_constructed(path, loader, node))
        return [document for document in documents if document is not None]
    except OSError as error:
        raise ContentError(path, f"cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        key = f"byte {error.position}" if isinstance(error, ReaderError) else ""
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        raise ContentError(path, f"is not YAML: {problem}.", key=key, line=mark.line + 1 if mark else None) from error
    except RecursionError as error:
        raise ContentError(path, "is nested too deeply.") from error


def _constructed(path: Path, loader: yaml.SafeLoader, node: yaml.Node | None) -> Any:
    """The values of a document; raises ContentError with the line of a number or date that is none."""
    try:
        return loader.construct_document(node)
    except ValueError as error:
        line = next((one.start_mark.line + 1 for one in _scalars(node, set()) if not _can_be_read(one)), None)
        message = f"holds a number or a date that is none: {error}."
        raise ContentError(path, message, mend="Mend it, or quote it.", line=line) from error


def _scalars(node: yaml.Node | None, met: set[int]) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, (yaml.SequenceNode, yaml.MappingNode)) and id(node) not in met:
        met.add(id(node))
        for inner in node.value:
            for one in inner if isinstance(inner, tuple) else (inner,):
                yield from _scalars(one, met)


def _can_be_read(scalar: yaml.ScalarNode) -> bool:
    try:
        LOADER("").construct_document(scalar)
    except ValueError:
        return False
    return True


def _refuse_bombs(path: Path, document: yaml.Node) -> None:
    sizes: dict[int, int] = {}
    if _size(path, document, sizes) - len(sizes) > _MOST_ALIASED:
        message = f"has aliases that stand for more than {_MOST_ALIASED} values."
        raise ContentError(path, message, mend=_WRITE_OUT, line=document.start_mark.line + 1)


def _size(path: Path, node: yaml.Node, sizes: dict[int, int]) -> int:
    """How many values *node* stands for, each alias written out; raises ContentError where there is no end of them.

    *sizes* are those of the nodes met so far, which aliases share.
    """
    size = sizes.setdefault(id(node), 1 if isinstance(node, yaml.ScalarNode) else _ENDLESS)
    if size == _ENDLESS:
        inner = node.value if isinstance(node, yaml.SequenceNode) else [one for pair in node.value for one in pair]
        if any(sizes.get(id(one)) == _ENDLESS for one in inner):
            message = "holds itself: an alias leads back to what it stands in."
            raise ContentError(path, message, mend=_WRITE_OUT, line=node.start_mark.line + 1)
        size = sizes[id(node)] = 1 + sum(_size(path, one, sizes) for one in inner)
    return size


def read_placeholders(path: Path | None) -> Mapping[str, tuple[str, ...]]:
    """Allow-lists by name from a YAML file `name: [value, …]`; values may hold the wildcards `*` and `?`.

    Raises ContentError for anything else, and for a name that is given twice, of which YAML would keep the last.
    """
    if path is None:
        return {}
    documents = read_yaml(path)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ContentError(path, "is not a mapping of placeholder names to lists.", mend="Write 'name: [value, …]'.")
    _refuse_twins(path, yaml.compose(path.read_bytes(), Loader=LOADER))
    return checked_placeholders(documents[0], path)


def _refuse_twins(path: Path, mapping: yaml.Node | None) -> None:
    met: set[str] = set()
    for name, _ in mapping.value if isinstance(mapping, yaml.MappingNode) else ():
        if name.value in met:
            line = name.start_mark.line + 1
            raise ContentError(path, "is given twice.", key=str(name.value), line=line, mend="Join the two lists.")
        met.add(name.value)


def checked_placeholders(values: Any, path: Path) -> Mapping[str, tuple[str, ...]]:
    """*values* as placeholder lists; raises ContentError naming the key that is no list of strings."""
    if not isinstance(values, dict):
        raise ContentError(path, "is not a mapping of placeholder names to lists.", key="placeholders")
    for name, entries in values.items():
        good = isinstance(entries, list) and entries and all(isinstance(entry, str) and entry for entry in entries)
        if not good:
            raise ContentError(path, "is not a list of non-empty strings.", key=str(name), mend="Quote numbers.")
    return {str(name): tuple(entries) for name, entries in values.items()}
