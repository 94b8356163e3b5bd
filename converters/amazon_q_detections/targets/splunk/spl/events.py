"""A CloudTrail record as the Splunk Add-on for AWS shows it: its extracted fields, _raw and _time.

(Splunk Add-on for AWS 7.0.0, props.conf [aws:cloudtrail]: KV_MODE=json, _time from eventTime, EVAL-errorCode; Knowledge Manager
Manual, "Automatic key-value field extraction".)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from amazon_q_detections import record

if TYPE_CHECKING:
    from amazon_q_detections.targets.splunk.spl.value import Row


def row(event: Mapping[str, Any]) -> Row:
    """Fields by their path, `{}` for arrays; null is a text, `{}` and `[]` are no fields."""
    found: dict[str, list[str]] = {}
    _flatten(event, "", found)
    made: Row = {name: values[0] if len(values) == 1 else list(values) for name, values in found.items()}
    failed = made.get("responseElements.ConsoleLogin") == "Failure"
    made.setdefault("errorCode", "failure" if failed else "success")
    made["_raw"] = json.dumps(event, ensure_ascii=False)
    made["_time"] = float(record.time(event) or 0)
    return made


def _flatten(value: Any, name: str, found: dict[str, list[str]]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _flatten(inner, f"{name}.{key}" if name else key, found)
    elif isinstance(value, list):
        for inner in value:
            _flatten(inner, name + "{}", found)
    else:
        found.setdefault(name, []).append("null" if value is None else record.text(value))
