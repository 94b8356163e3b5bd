"""Texts as Java sees them."""

from __future__ import annotations


def length(text: str) -> int:
    """The characters of *text*, which Java counts in UTF-16."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
