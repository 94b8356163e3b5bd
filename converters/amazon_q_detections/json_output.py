"""JSON as this project writes it: keys in their order, files indented and in UTF-8, reports in ASCII."""

from __future__ import annotations

import json
from typing import Any

import orjson


def indented(document: Any) -> str:
    """*document* as text of several lines, without a newline at the end."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def in_ascii(document: Any, *, indent: int | None = None) -> str:
    """*document* in printable ASCII, which every encoding has and no terminal takes for a command."""
    return json.dumps(document, indent=indent).replace("\x7f", "\\u007f")
