"""Where rules, pipelines and events lie, and how they are read: one YAML parse a file, for all targets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from yaml.reader import ReaderError

from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_CHECKOUT = Path(__file__).resolve().parents[2]
_IN_CHECKOUT = {"events": "tests/events"}

# libyaml's loader reads a rule nine times faster than the pure Python one; PyYAML's wheels carry it.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def folder(name: str) -> Path:
    """The folder of shipped content called *name*: sigma_rules, pipelines or events.

    An installed wheel has it inside the package, a checkout at its top level.
    """
    installed = Path(__file__).parent / name
    return installed if installed.is_dir() else _CHECKOUT / _IN_CHECKOUT.get(name, name)


def yaml_files(places: Iterable[Path]) -> Iterator[Path]:
    """Every `.yml` or `.yaml` file at or below *places*, sorted, each once.

    Raises ContentError for a place that does not exist.
    """
    seen: set[Path] = set()
    for place in places:
        if place.is_dir():
            found = sorted(path for path in place.rglob("*.y*ml") if path.suffix in (".yml", ".yaml"))
        elif place.exists():
            found = [place]
        else:
            raise ContentError(place, "no such file or folder.", mend="Check the path.")
        for path in found:
            if path.resolve() not in seen:
                seen.add(path.resolve())
                yield path


def read_yaml(path: Path) -> list[Any]:
    """The documents of a YAML file.

    Raises ContentError with the line when the file cannot be read or is no YAML.
    """
    try:
        return [doc for doc in yaml.load_all(path.read_bytes(), Loader=LOADER) if doc is not None]
    except OSError as error:
        raise ContentError(path, f"cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        if isinstance(error, ReaderError):
            line = f"byte {error.position}"
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
        mend = "" if isinstance(error, yaml.YAMLError) else "A date or a number cannot be read: mend it, or quote it."
        raise ContentError(path, f"is not YAML: {problem}.", key=line, mend=mend) from error
    except RecursionError as error:
        raise ContentError(path, "is nested too deeply.") from error


def read_placeholders(path: Path | None) -> Mapping[str, tuple[str, ...]]:
    """Allow-lists by name from a YAML file `name: [value, …]`; values may hold the wildcards `*` and `?`.

    Raises ContentError for anything else.
    """
    if path is None:
        return {}
    documents = read_yaml(path)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ContentError(path, "is not a mapping of placeholder names to lists.", mend="Write 'name: [value, …]'.")
    return checked_placeholders(documents[0], path)


def checked_placeholders(values: Any, path: Path) -> Mapping[str, tuple[str, ...]]:
    """*values* as placeholder lists; raises ContentError naming the key that is no list of strings."""
    if not isinstance(values, dict):
        raise ContentError(path, "is not a mapping of placeholder names to lists.", key="placeholders")
    for name, entries in values.items():
        good = isinstance(entries, list) and entries and all(isinstance(entry, str) and entry for entry in entries)
        if not good:
            raise ContentError(path, "is not a list of non-empty strings.", key=str(name), mend="Quote numbers.")
    return {str(name): tuple(entries) for name, entries in values.items()}
