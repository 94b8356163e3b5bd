"""Events files: what each rule must match, and what it must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from amazon_q_detections import content, record
from amazon_q_detections.errors import ContentError, did_you_mean
from amazon_q_detections.schedule import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Event = dict[str, Any]

_KEYS = {"match", "no_match", "placeholders"}
_CASE_KEYS = {"name", "event", "events"}
_SERIES_KEYS = {"event", "repeat", "every", "vary"}
_MOST_REPEATS = 10_000


@dataclass(frozen=True)
class Case:
    """One expectation: *events* (one, or a sequence for a correlation) do or do not raise the rule."""

    name: str
    expected: bool
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Fixture:
    """An events file: its cases, and the placeholder values that they assume."""

    stem: str
    path: Path
    cases: tuple[Case, ...]
    placeholders: Mapping[str, tuple[str, ...]]

    @property
    def events(self) -> list[Event]:
        """Every event of every case, in order."""
        return [event for case in self.cases for event in case.events]


def load(places: Iterable[Path]) -> list[Fixture]:
    """The events files at or below *places*, sorted by path; raises ContentError for one that is unusable."""
    return [read(path) for path in content.yaml_files(places)]


def read(path: Path) -> Fixture:
    """Read one events file (docs/rules.md, "Events"); raises ContentError naming the key at fault."""
    documents = content.read_yaml(path)
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise ContentError(path, "is no events file.", mend="Its top level is 'match: […]' and 'no_match: […]'.")
    document = documents[0]
    for key in document:
        if key not in _KEYS:
            raise ContentError(path, "is no key of an events file.", key=str(key), mend=did_you_mean(str(key), _KEYS))
    placeholders = content.checked_placeholders(document.get("placeholders") or {}, path)
    cases = [
        _case(path, f"{key}[{number}]", expected, item)
        for key, expected in (("match", True), ("no_match", False))
        for number, item in enumerate(_items(path, key, document.get(key)))
    ]
    return Fixture(path.stem, path, tuple(cases), placeholders)


def _items(path: Path, key: str, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ContentError(path, "is not a list of events.", key=key)
    return value


def _case(path: Path, key: str, expected: bool, item: Any) -> Case:
    """A case is a record, a list of records, or a mapping of a name to either (`event` or `events`)."""
    name = key
    if isinstance(item, dict) and item.keys() <= _CASE_KEYS and len(item.keys() & {"event", "events"}) == 1:
        name = str(item.get("name", key))
        item = item["event"] if "event" in item else item["events"]
    entries = item if isinstance(item, list) else [item]
    if not entries:
        raise ContentError(path, "has no event.", key=key)
    events = [event for number, entry in enumerate(entries) for event in _series(path, f"{key}[{number}]", entry)]
    return Case(name, expected, tuple(events))


def _series(path: Path, key: str, entry: Any) -> list[Event]:
    if not isinstance(entry, dict):
        raise ContentError(path, "is no CloudTrail record.", key=key)
    if not (entry.keys() <= _SERIES_KEYS and isinstance(entry.get("event"), dict)):
        return [_checked(path, key, entry)]
    first = _checked(path, key, entry["event"])
    count, vary = entry.get("repeat", 1), entry.get("vary") or {}
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= _MOST_REPEATS:
        raise ContentError(path, f"repeat is no whole number from 1 to {_MOST_REPEATS}.", key=key)
    if not isinstance(vary, dict):
        raise ContentError(path, "vary is no mapping of a path to its values.", key=key)
    try:
        every = seconds(entry.get("every", "1s")) * record.SECOND
        start = record.microseconds(first)
        if start is None:
            raise ValueError(f"eventTime {first['eventTime']!r} is no time")
        return [_repeated(first, n, record.iso(start + n * every), vary) for n in range(count)]
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        raise ContentError(path, f"cannot be repeated: {error}.", key=key) from error


_NEEDED = ("eventSource", "eventName", "eventTime", "eventID")


def _checked(path: Path, key: str, event: Event) -> Event:
    for name in _NEEDED:
        if not isinstance(event.get(name), str):
            mend = "Quote it." if name in event else did_you_mean(name, set(event).difference(_NEEDED))
            raise ContentError(path, f"is no CloudTrail record: {name} is missing or no text.", key=key, mend=mend)
    return event


def _repeated(first: Event, n: int, time: str, vary: Mapping[str, Any]) -> Event:
    event = {**first, "eventTime": time}
    if n:
        for name in ("eventID", "requestID"):
            event[name] = str(uuid5(NAMESPACE_URL, f"{first.get(name)}/{n}"))
    for dotted, template in vary.items():
        event = _replaced(
            event, str(dotted).split("."), template.replace("{n}", str(n)) if isinstance(template, str) else template
        )
    return event


def _replaced(node: Any, path: list[str], value: Any) -> Any:
    """A copy of *node* in which *path* (keys and list indexes) holds *value*; the original is shared, not changed."""
    if not path:
        return value
    copy = list(node) if isinstance(node, list) else dict(node)
    step: Any = int(path[0]) if isinstance(node, list) else path[0]
    copy[step] = _replaced(copy[step], path[1:], value)
    return copy
