"""The fields of the index: what each is called for which test.

A leaf is a keyword in lower case; its subfields hold the text as it is (`cs`), an address (`ip`), a number (`n`). Whether
something that may be an object or an array is there is a derived field.
"""

from __future__ import annotations

import re

from amazon_q_detections.condition import Cidr, Compare, Condition, Exists, Leaf, Or, SameAs, Text, leaves
from amazon_q_detections.errors import Refused

# A term takes 32,766 bytes; 10,922 characters of at most three bytes fit. Longer values stay in the record, unindexed.
IGNORE_ABOVE = 10922

_NAME = re.compile(r"[A-Za-z0-9_@-]+(\.[A-Za-z0-9_@-]+)*")


def checked(field: str) -> str:
    """A field name that OpenSearch takes and that needs no escape in a query."""
    if not _NAME.fullmatch(field):
        raise Refused(f"the field name {field!r}", "only letters, digits, _, -, @ and dots are indexed.")
    return field


def presence(field: str) -> str:
    """The derived field that says `y` where a value, an object or an array is there."""
    return f"exists_{checked(field).replace('.', '_')}"


def mapped(condition: Condition, scalars: frozenset[str]) -> dict[str, set[str]]:
    """The leaves that *condition* reads, with the subfields it needs of each; not those of which it asks presence only."""
    found: dict[str, set[str]] = {}
    for leaf in leaves(condition):
        if isinstance(leaf.test, Exists) and leaf.field not in scalars:
            continue
        needed = found.setdefault(checked(leaf.field), set())
        match leaf.test:
            case Cidr():
                needed.add("ip")
            case Compare():
                needed.add("n")
            case SameAs():
                found.setdefault(checked(leaf.test.field), set())
    return found


def present(condition: Condition, scalars: frozenset[str]) -> set[str]:
    """The fields, other than *scalars*, of which *condition* asks whether they are there."""
    return {leaf.field for leaf in leaves(condition) if isinstance(leaf.test, Exists) and leaf.field not in scalars}


def alternatives(condition: Or) -> tuple[dict[str, list[str]], list[Condition]]:
    """The plain values that *condition* allows each field, for one list a field, and its other alternatives."""
    values: dict[str, list[str]] = {}
    others: list[Condition] = []
    for arg in condition.args:
        if isinstance(arg, Leaf) and isinstance(arg.test, Text) and arg.test.literal is not None and not arg.test.cased:
            values.setdefault(checked(arg.field), []).append(arg.test.literal)
        else:
            others.append(arg)
    return values, others
