"""Values of an event under plain names, as the commands of a correlation need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.splunk import literal, pattern

if TYPE_CHECKING:
    from amazon_q_detections.targets.splunk.leaves import Leaves

# An element of an array that is a text, in its quotes, a number or a boolean.
_QUOTED_SCALAR = r'\A["0-9tf-]'
_QUOTES = r'\A"|"\z'


@dataclass(frozen=True)
class Value:
    """A value by a plain name: null, one, or, through an array, several texts."""

    name: str
    expression: str


def single(leaves: Leaves, field: str, name: str) -> Value:
    """The value of a field that goes through no array; null where it is absent, null or an object."""
    leaves.assumptions.update(("json_extract_missing", "empty_text"))
    if leaves.kind(field) == "text":
        return Value(name, leaves.value(field))
    return Value(name, f"if({leaves.exists(field)}, {leaves.value(field)}, null())")


def of(leaves: Leaves, field: str, name: str) -> Value:
    """The value of a field, or the elements of its outermost array, which `expanded` takes apart.

    Through an array they are read from the record itself: a call can name more than automatic extraction reads.
    """
    array, mark, rest = field.partition("{}")
    if not mark:
        return single(leaves, field, name)
    elements = f"json_extract(_raw, {literal.path(array)})"
    leaves.assumptions.add("empty_text")
    if not rest:
        # With true() a text keeps its quotes, which tell `null` and what looks like an object from the text of that form.
        return Value(name, f"json_array_to_mv({elements}, true())")
    if "{}" in rest:
        raise Refused(f"a count of {field}", "this release does not count through an array in an array for Splunk.")
    if leaves.kind(field) != "text":
        raise Refused(f"a count of {field}", "its values are not known to be texts, and objects would be counted.")
    leaves.assumptions.update(("json_array_objects", "json_extract_missing"))
    return Value(name, f"json_array_to_mv({elements})")


def expanded(field: str, name: str) -> list[str]:
    """The commands after which each row has one value of *field* as *name*; null and objects are none."""
    _, mark, rest = field.partition("{}")
    if not mark:
        return [f"where isnotnull({name})"]
    if not rest:
        return [
            f"mvexpand {name}",
            f"where isnotnull(mvfind(mvappend({name}), {pattern.quoted(_QUOTED_SCALAR)}))",
            f'eval {name}=replace({name}, {pattern.quoted(_QUOTES)}, "")',
        ]
    return [
        f"mvexpand {name}",
        f"eval {name}=json_extract({name}, {literal.path(rest.removeprefix('.'))})",
        f"where isnotnull({name})",
    ]
