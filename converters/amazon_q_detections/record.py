"""Reading a CloudTrail record: values at a path, their text form, the time of the event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Scalar = str | int | float | bool


def reached(record: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Any]:
    """What *path* leads to, through any element of any array on the way; null and arrays included."""
    if not path:
        yield record
        return
    value: Any = record.get(path[0])
    if path[0] not in record:
        return
    yield from _below(value, path, 1)


def _below(value: Any, path: tuple[str, ...], at: int) -> Iterator[Any]:
    if at == len(path):
        yield value
    elif isinstance(value, dict):
        if path[at] in value:
            yield from _below(value[path[at]], path, at + 1)
    elif isinstance(value, list):
        for element in value:
            yield from _below(element, path, at)


def scalars(record: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[Scalar]:
    """The strings, numbers and booleans at *path*; the elements of arrays there, not objects, not null."""
    for value in reached(record, path):
        yield from _flat(value)


def _flat(value: Any) -> Iterator[Scalar]:
    if isinstance(value, list):
        for element in value:
            yield from _flat(element)
    elif value is not None and not isinstance(value, dict):
        yield value


def text(value: Scalar) -> str:
    """The text form of a scalar: `true`, `7`, or the string itself."""
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def time(record: Mapping[str, Any]) -> float | None:
    """The event's time in seconds since 1970, from eventTime (ISO-8601; UTC unless it names a zone), or None."""
    value = record.get("eventTime")
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def iso_time(record: Mapping[str, Any]) -> str:
    """The event's time as ISO-8601 in UTC, `Z` at the end; empty when it has none."""
    moment = time(record)
    return "" if moment is None else iso(moment)


def iso(moment: float) -> str:
    """Seconds since 1970 as ISO-8601 in UTC."""
    parsed = datetime.fromtimestamp(moment, UTC)
    return parsed.isoformat(timespec="milliseconds" if parsed.microsecond else "seconds").replace("+00:00", "Z")
