"""JSON as this project writes it: keys in their order; in files two spaces and UTF-8, on the way to others ASCII."""

from __future__ import annotations

import json
from typing import Any

import orjson


def indented(document: Any) -> str:
    """*document* as text of several lines, without a newline at the end."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def in_ascii(document: Any, *, indent: int | None = None) -> str:
    """*document* in printable ASCII: no encoding and no terminal can do anything to it."""
    return json.dumps(document, indent=indent).replace("\x7f", "\\u007f")
