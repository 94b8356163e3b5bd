"""Names of fields against CloudTrail's own table of what a record holds."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amazon_q_detections import content
from amazon_q_detections.check.finding import Finding
from amazon_q_detections.errors import did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from amazon_q_detections.check.finding import Severity

_OPEN = "open"


def findings(path: Path, place: str, field: str) -> Iterator[Finding]:
    """The finding in one dotted field name; a name like no other may be newer than the table, which is only a doubt."""
    table: Any = _table()
    steps = field.split(".")
    for number, step in enumerate(steps):
        if table == _OPEN:
            return
        known = table if isinstance(table, dict) else {}
        if step not in known:
            before = "".join(f"{one}." for one in steps[:number])
            likely = nearest(step, known)
            mend = f"Did you mean {before + likely!r}?" if likely else did_you_mean(step, known)
            severity: Severity = "error" if likely or not known else "warning"
            yield Finding(path, place, "unknown-field", f"{field!r} is no field of a CloudTrail record. {mend}", severity)
            return
        table = known[step]


def is_object(field: str) -> bool:
    """Whether what the field holds has members, so that a test on it as a whole is false."""
    table: Any = _table()
    for step in field.split("."):
        table = table.get(step) if isinstance(table, dict) else None
    return table == _OPEN or isinstance(table, dict)


def of_record(record: Mapping[str, Any]) -> Iterator[str]:
    """Every dotted field name of a record that the table could know."""
    yield from _names(record, "", _table())


def _names(node: Any, before: str, table: Any) -> Iterator[str]:
    if isinstance(node, list):
        for entry in node:
            yield from _names(entry, before, table)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield f"{before}{key}"
            if isinstance(table.get(key), dict):
                yield from _names(value, f"{before}{key}.", table[key])


@cache
def _table() -> dict[str, Any]:
    (table,) = content.read_yaml(Path(__file__).with_name("record_fields.yml"))
    assert isinstance(table, dict)
    return table
