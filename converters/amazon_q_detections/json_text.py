"""JSON as this project writes it: two spaces, UTF-8, keys in their order."""

from __future__ import annotations

from typing import Any

import orjson


def indented(document: Any) -> str:
    """*document* as text of several lines, without a newline at the end."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
