"""A CloudTrail record as Logs Insights discovers its fields.

(CloudWatch Logs User Guide, "Supported logs and discovered fields": up to 200 fields of a JSON event, nested ones by dots,
elements of arrays by their number; booleans are found as 1 and 0, as observed.)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from amazon_q_detections.targets.cloudwatch.insights.value import Row

MOST_FIELDS = 200
"""The fields that are discovered of an event, the first ones."""


def row(event: Mapping[str, Any]) -> Row:
    """The discovered fields of a record, and @message: null, `{}` and `[]` are no fields."""
    return {"@message": json.dumps(event, ensure_ascii=False), **dict(islice(_discovered(event, ""), MOST_FIELDS))}


def _discovered(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _discovered(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _discovered(inner, f"{name}.{number}")
    elif isinstance(value, bool):
        yield name, int(value)
    elif value is not None:
        yield name, value
