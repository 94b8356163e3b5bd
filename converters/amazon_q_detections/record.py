"""Reading a CloudTrail record: values at a path, their text form, the time of the event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Scalar = str | int | float | bool

SECOND = 1_000_000
"""In microseconds, in which the times of events are counted."""

MOST_DIGITS = 4000
"""The most digits of a whole number that is read exactly.

Python refuses more than 4,300 (`sys.int_info`), since the time that it takes to read them grows with their square.
"""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def reached(record: Mapping[str, Any], path: tuple[str, ...]) -> Sequence[Any]:
    """What *path* leads to, through any element of any array on the way; null and arrays included."""
    value: Any = record
    for at, key in enumerate(path):
        if isinstance(value, list):
            return _reached_through(value, path[at:])
        # The record itself may be any mapping; what lies in it comes from JSON or YAML and is a dict.
        if (at and not isinstance(value, dict)) or key not in value:
            return ()
        value = value[key]
    return (value,)


def _reached_through(array: list[Any], path: tuple[str, ...]) -> Sequence[Any]:
    found: list[Any] = [array]
    for key in path:
        found = [value[key] for value in _elements(found) if isinstance(value, dict) and key in value]
    return found


def scalars(record: Mapping[str, Any], path: tuple[str, ...]) -> Sequence[Scalar]:
    """The strings, numbers and booleans at *path*; the elements of arrays there, not objects, not null."""
    found = reached(record, path)
    if len(found) == 1 and isinstance(found[0], str):
        return found
    return [value for value in _elements(found) if value is not None and not isinstance(value, dict)]


def strings(record: Mapping[str, Any]) -> Iterable[str]:
    """Every string value at any depth; no key."""
    waiting: list[Any] = [record]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _elements(values: Sequence[Any]) -> Iterable[Any]:
    """*values* in order, each array replaced by its elements; a stack and no recursion, since records are an attacker's."""
    if not any(isinstance(value, list) for value in values):
        return values
    found: list[Any] = []
    waiting = list(reversed(values))
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(reversed(value))
        else:
            found.append(value)
    return found


def text(value: Scalar) -> str:
    """The text form of a scalar: `true`, `7`, or the string itself."""
    if isinstance(value, str):
        return value
    return str(value).lower() if isinstance(value, bool) else str(value)


def moment(record: Mapping[str, Any]) -> datetime | None:
    """The event's time in UTC, from eventTime (ISO-8601; UTC unless it names a zone), or None."""
    value = record.get("eventTime")
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # no time, or one that UTC has in the year 0 or 10000
        return None


def microseconds(record: Mapping[str, Any]) -> int | None:
    """The event's time in whole microseconds since 1970, so that the ends of a window are exact; None when it has none."""
    found = moment(record)
    return None if found is None else (found - _EPOCH) // _MICROSECOND


def time(record: Mapping[str, Any]) -> float | None:
    """The event's time in seconds since 1970, rounded as a double is; None when it has none."""
    found = microseconds(record)
    return None if found is None else found / SECOND


def iso_time(record: Mapping[str, Any]) -> str:
    """The event's time as ISO-8601 in UTC, `Z` at the end; empty when it has none."""
    found = microseconds(record)
    return "" if found is None else iso(found)


def iso(microseconds: int) -> str:
    """Microseconds since 1970 as ISO-8601 in UTC, with as many decimals as they have, of 0, 3 and 6."""
    parsed = _EPOCH + microseconds * _MICROSECOND
    decimals = "microseconds" if parsed.microsecond % 1000 else "milliseconds" if parsed.microsecond else "seconds"
    return parsed.isoformat(timespec=decimals).replace("+00:00", "Z")
