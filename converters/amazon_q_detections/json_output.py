"""JSON as this project writes it: keys in their order, files indented and in UTF-8, reports in ASCII."""

from __future__ import annotations

import json
from typing import Any

_WIDTH = 120
_STEP = "  "


def indented(document: Any) -> str:
    """*document* for people: what fits on a line stands on one, the rest on several; without a newline at the end."""
    return _written(document, "")


def _written(value: Any, indent: str) -> str:
    flat = _flat(value)
    if len(indent) + len(flat) <= _WIDTH or not isinstance(value, dict | list):
        return flat
    inner = indent + _STEP
    if isinstance(value, dict):
        parts = [f"{_flat(key)}: {_written(one, inner)}" for key, one in value.items()]
        opening, closing = "{", "}"
    else:
        parts = [_written(one, inner) for one in value]
        opening, closing = "[", "]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}{closing}"


def _flat(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def in_ascii(document: Any, *, indent: int | None = None) -> str:
    """*document* in printable ASCII, which every encoding has and no terminal takes for a command."""
    return json.dumps(document, indent=indent).replace("\x7f", "\\u007f")
