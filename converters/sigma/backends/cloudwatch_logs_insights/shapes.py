"""How a query reaches the fields below arrays of services that the schema does not list, from what is known of any record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from amazon_q_detections import record_shape
from amazon_q_detections.correlation import Correlation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.record_shape import Known, Way

_OF_CALLS = ("requestParameters", "responseElements")


def extended(schema: dict[str, Any], meaning: Condition | Correlation, sources: frozenset[str] | None) -> dict[str, Any]:
    """*schema* with the fields of *meaning* whose shape is known, as `known`, and those below arrays, among `reached`.

    Of *sources* that the schema lists whole it knows more already, but for some fields below arrays.
    """
    listed = schema.get("reached", {})
    modelled = sources is not None and sources <= set(schema.get("modelled_sources", ()))
    arrays = tuple(schema.get("arrays", ()))

    def wanted(field: str) -> bool:
        below = field in arrays or field.startswith(tuple(f"{array}." for array in arrays))
        return field.partition(".")[0] in _OF_CALLS and field not in listed and (below or not modelled)

    found = {field: known for field, known in record_shape.known(_parts(meaning), wanted).items() if known.complete}
    scalars = [field for field, known in found.items() if all(map(_is_scalar, known.ways))]
    reached = {field: how for field, known in found.items() if (how := _how(known)) is not None}
    lists = [field for field, how in reached.items() if how["array"] == field]
    return {
        **schema,
        "known": frozenset(found),
        "arrays": [*schema.get("arrays", ()), *lists],
        "scalars": [*schema.get("scalars", ()), *scalars],
        "reached": {**listed, **reached},
    }


def _parts(meaning: Condition | Correlation) -> Iterator[tuple[Condition, Iterable[str]]]:
    """The conditions of a meaning, each with the fields that are grouped by and counted on its events."""
    if not isinstance(meaning, Correlation):
        yield meaning, ()
        return
    counted = [meaning.field] if meaning.field else []
    for at, member in enumerate(meaning.members):
        yield member.condition, [*(key.fields[at] for key in meaning.group_by), *counted]


def _is_scalar(way: Way) -> bool:
    return way.kind in ("text", "scalar") and not way.has_array


def _how(known: Known) -> dict[str, Any] | None:
    """The entry of `reached` for a field; None for one that goes through no array.

    Where its ways differ, the outermost array is that of the way that meets one first, and every count is taken for `either`.
    """
    counts = [_joined(way.counts[at] for way in known.ways) for at in range(len(next(iter(known.ways)).counts))]
    first = next((at for at, count in enumerate(counts) if count != "one"), None)
    if first is None:
        return None
    steps = next(iter(known.ways)).steps
    array = ".".join(steps[: first + 1])
    if first == len(steps) - 1:
        return {"array": array}
    how = {"array": array, "key": steps[-1], "count": counts[-1], "alone": all(way.alone for way in known.ways)}
    return how | ({"parent": steps[-2]} if counts[-2] == "one" and len(steps) - 2 > first else {})


def _joined(counts: Iterable[record_shape.Count]) -> record_shape.Count:
    different = set(counts)
    return different.pop() if len(different) == 1 else "either"
