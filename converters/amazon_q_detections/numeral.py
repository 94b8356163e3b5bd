"""How numbers are written: in plain decimals, since few query languages document exponents."""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

from amazon_q_detections.errors import Refused


def plain(value: float) -> str:
    """*value* without an exponent; raises Refused for an infinity and for what is no number."""
    if not isfinite(value):
        raise Refused(f"the number {value}", "no platform has a literal for it.")
    return str(int(value)) if value == int(value) else format(Decimal(repr(value)), "f")


def spellings(value: float) -> str:
    """The texts that are this number by the contract (docs/semantics.md), as an expression on a whole text.

    It is the same in PCRE, RE2 and Lucene. Raises Refused as `plain` does.
    """
    digits = plain(value)
    if "." in digits:
        return f"{digits}0*".replace(".", r"\.")
    return rf"{'-?' if value == 0 else ''}{digits}(\.0+)?"
