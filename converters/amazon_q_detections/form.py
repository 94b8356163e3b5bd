"""The form of a rule document: every key that we or pySigma read holds what it must (Sigma Rules Specification 2)."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from amazon_q_detections import schedule
from amazon_q_detections.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BLOCK = "qdet"
"""The one custom block of a rule; rules without it get the defaults stated in docs/rules.md."""

LEVELS = ("informational", "low", "medium", "high", "critical")
STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
EVENT_KINDS = ("management", "data")

_CATEGORY = re.compile(r"[a-z0-9_]{1,60}")
_ATLAS = re.compile(r"AML\.T[0-9]{4}(\.[0-9]{3})?")
_WORD = re.compile(r"[\w*-]+")
_OPERATORS = ("and", "or", "not", "of", "all", "any", "them")
_TIMESPAN = re.compile(r"([0-9]{1,15})([smhdwMy])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2629746, "y": 31556952}
_DEEPEST = 60
_MOST = 1_000_000_000


class Fault(NamedTuple):
    """A key that holds something else than it must."""

    key: str
    code: str
    message: str


def faults(document: Mapping[str, Any]) -> Iterator[Fault]:
    """The faults in the form of one rule document; what its condition means is judged elsewhere."""
    for key, (fits, message) in _TOP.items():
        if document.get(key) is not None and not fits(document[key]):
            yield Fault(key, key, f"{_shown(document[key])} {message}")
    yield from _choice("level", document.get("level"), LEVELS)
    yield from _choice("status", document.get("status"), STATUSES)
    if isinstance(document.get("detection"), dict):
        yield from _condition(document["detection"])
    if isinstance(document.get("correlation"), dict):
        yield from _correlation(document["correlation"])
    if BLOCK in document:
        yield from _block(document[BLOCK])


def too_deep(node: Any, depth: int = 0, seen: dict[int, int] | None = None) -> bool:
    """Whether *node* is nested more than 60 levels deep, or holds itself; *seen* has the depths of shared nodes."""
    if not isinstance(node, (dict, list)):
        return False
    if depth > _DEEPEST:
        return True
    seen = {} if seen is None else seen
    if seen.get(id(node), -1) >= depth:
        return False
    seen[id(node)] = depth
    return any(too_deep(inner, depth + 1, seen) for inner in (node.values() if isinstance(node, dict) else node))


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(entry, str) for entry in value)


def _is_text_or_texts(value: Any) -> bool:
    return _is_text(value) or _are_texts(value)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, dict)


def _is_uuid(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, AttributeError, TypeError):
        return False
    return True


def _is_whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


_TEXT = (_is_text, "is no text. Quote it.")
_TEXTS = (_are_texts, "is no list of texts.")
_TOP: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": _TEXT,
    "id": (_is_uuid, "is no UUID."),
    "name": _TEXT,
    "description": _TEXT,
    "author": _TEXT,
    "tags": _TEXTS,
    "references": _TEXTS,
    "falsepositives": _TEXTS,
    "fields": _TEXTS,
    "logsource": (_is_mapping, "is no mapping."),
    "detection": (_is_mapping, "is no mapping."),
    "correlation": (_is_mapping, "is no mapping."),
}


def _choice(key: str, value: Any, choices: tuple[str, ...]) -> Iterator[Fault]:
    if value is not None and str(value).lower() not in choices:
        yield Fault(key, key, f"{_shown(value)} is no {key}. {did_you_mean(str(value), choices)}")


def _condition(detection: Mapping[str, Any]) -> Iterator[Fault]:
    condition = detection.get("condition")
    if not condition or not _is_text_or_texts(condition):
        message = "is missing: it says how the selections are joined." if condition is None else "is no text."
        yield Fault("detection.condition", "condition", message)
        return
    names = [str(name) for name in detection if name not in ("condition", "timeframe")]
    for said in [condition] if isinstance(condition, str) else condition:
        for word in _WORD.findall(said.partition("|")[0]):
            if word.lower() not in _OPERATORS and not word.isdigit() and not fnmatch.filter(names, word):
                yield Fault("detection.condition", "condition", f"{word!r} is no selection. {did_you_mean(word, names)}")


_CORRELATION: dict[str, tuple[Callable[[Any], bool], str]] = {
    "type": _TEXT,
    "rules": (_is_text_or_texts, "is no list of rule names or ids."),
    "group-by": (_is_text_or_texts, "is no list of fields."),
    "timespan": _TEXT,
    "aliases": (_is_mapping, "is no mapping of an alias to the field it is in each rule."),
    "condition": (lambda value: isinstance(value, (dict, str)), "is no mapping such as {gte: 5}."),
}


def _correlation(correlation: Mapping[str, Any]) -> Iterator[Fault]:
    for key, (fits, message) in _CORRELATION.items():
        if correlation.get(key) is not None and not fits(correlation[key]):
            yield Fault(f"correlation.{key}", "correlation", f"{_shown(correlation[key])} {message}")
    found = _TIMESPAN.fullmatch(str(correlation.get("timespan")))
    if found and not 0 < int(found[1]) * _SECONDS[found[2]] <= schedule.LONGEST:
        yield Fault("correlation.timespan", "correlation", f"{found[0]!r} is no time at all, or longer than a year.")
    aliases = correlation.get("aliases")
    for name, fields in aliases.items() if isinstance(aliases, dict) else ():
        if not isinstance(fields, dict) or not all(isinstance(field, str) for field in fields.values()):
            yield Fault(f"correlation.aliases.{name}", "correlation", "is no mapping of rule to field.")
    condition = correlation.get("condition")
    for key, value in condition.items() if isinstance(condition, dict) else ():
        if key == "field" and not _is_text_or_texts(value):
            yield Fault("correlation.condition.field", "correlation", f"{_shown(value)} is no field.")
        # pySigma cuts a fraction off, so that `gte: 2.5` would alert on 2.
        if key in ("gt", "gte", "lt", "lte", "eq", "neq") and not _is_whole(-_MOST, _MOST)(value):
            yield Fault(f"correlation.condition.{key}", "correlation", f"{_shown(value)} is no whole number up to {_MOST}.")


_BLOCK_KEYS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "version": (_is_whole(1, _MOST), "is no whole number from 1."),
    "category": (lambda value: _is_text(value) and bool(_CATEGORY.fullmatch(value)), "is no name of a-z, 0-9 and _."),
    "atlas": (
        lambda value: _are_texts(value) and all(_ATLAS.fullmatch(entry) for entry in value),
        "is no list of ATLAS techniques such as AML.T0070.",
    ),
    "prerequisite": (_is_mapping, "is no mapping of 'events' and 'resource_types'."),
    "schedule": (_is_mapping, "is no mapping of 'step', 'delay' and 'throttle'."),
    "risk": (_is_whole(0, 100), "is no whole number from 0 to 100."),
    "response": (_is_text, "is no text."),
    "refusals": (_is_mapping, "is no mapping of target, or target/schema, to reason."),
}


def _block(block: Any) -> Iterator[Fault]:
    if not isinstance(block, dict):
        yield Fault(BLOCK, "custom-block", "is no mapping.")
        return
    for key, value in block.items():
        if key not in _BLOCK_KEYS:
            yield Fault(f"{BLOCK}.{key}", "custom-block", f"is no key of it. {did_you_mean(str(key), _BLOCK_KEYS)}")
            continue
        fits, message = _BLOCK_KEYS[key]
        if not fits(value):
            yield Fault(f"{BLOCK}.{key}", key, f"{_shown(value)} {message}")
    prerequisite = block.get("prerequisite")
    if isinstance(prerequisite, dict):
        yield from _prerequisite(prerequisite)
    if isinstance(block.get("schedule"), dict):
        yield from _schedule(block["schedule"])


def _prerequisite(prerequisite: Mapping[str, Any]) -> Iterator[Fault]:
    place = f"{BLOCK}.prerequisite"
    yield from _unknown(place, prerequisite, ("events", "resource_types"))
    events = prerequisite.get("events", "management")
    if not events or any(kind not in EVENT_KINDS for kind in (events if isinstance(events, list) else [events])):
        message = f"{_shown(events)} is none of {', '.join(EVENT_KINDS)}, nor a list of them."
        yield Fault(f"{place}.events", "prerequisite", message)
    if not _are_texts(prerequisite.get("resource_types", [])):
        yield Fault(f"{place}.resource_types", "prerequisite", "is no list of resource types.")


def _schedule(declared: Mapping[str, Any]) -> Iterator[Fault]:
    place = f"{BLOCK}.schedule"
    yield from _unknown(place, declared, schedule.KEYS)
    try:
        schedule.of(declared)
    except ValueError as error:
        yield Fault(place, "schedule", f"{error}.")


def _unknown(place: str, mapping: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Fault]:
    for key in mapping:
        if key not in known:
            yield Fault(f"{place}.{key}", place.rpartition(".")[2], f"is no key of it. {did_you_mean(str(key), known)}")
