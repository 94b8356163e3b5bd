"""How Splunk spells the fields of a rule: with `{}` behind each array that they go through.

The schema's pipeline marks the arrays of the services that it is for; of other fields it is what is known of any record. One
that is now an array and now a single value has two spellings.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Literal

from amazon_q_detections import condition, record_shape
from amazon_q_detections.correlation import Correlation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.record_shape import Way

Kind = Literal["text", "scalar", "object", "array"]
"""Strings; numbers and booleans; objects; arrays of objects. An array of scalars is named by its elements, `a{}`."""

MARK = "{}"


def spelled(
    meaning: Condition | Correlation, settled: Callable[[str], bool]
) -> tuple[Condition | Correlation, dict[str, Kind | None]]:
    """*meaning* in Splunk's names, and what stands at those that are known to be right.

    Fields that are *settled* stay as the pipeline has them, and so do those of which nothing is known.
    """
    names: dict[str, tuple[str, ...]] = {}
    kinds: dict[str, Kind | None] = {}
    by_pipeline: dict[str, set[str]] = {}
    for name in _read(meaning):
        by_pipeline.setdefault(_unmarked(name), set()).add(name)
    for plain, known in record_shape.known(_plain(meaning), lambda field: not all(map(settled, by_pipeline[field]))).items():
        if known.ways:
            own, found = by_pipeline[plain], _kinds_by_name(known.ways)
            names[plain] = tuple(sorted({*found, *(() if known.complete else own)}))
            kinds.update(found if known.complete else {})

    def named(field: str) -> Sequence[str]:
        return names.get(_unmarked(field), (field,))

    if isinstance(meaning, Correlation):
        return meaning.respelled(named), kinds
    return condition.respelled(meaning, named), kinds


def _unmarked(field: str) -> str:
    return field.replace(MARK, "")


def _read(meaning: Condition | Correlation) -> frozenset[str]:
    return meaning.fields if isinstance(meaning, Correlation) else frozenset(condition.fields(meaning))


def _plain(meaning: Condition | Correlation) -> Iterator[tuple[Condition, list[str]]]:
    """The conditions of a meaning without marks, each with the fields that are grouped by and counted on its events."""
    if not isinstance(meaning, Correlation):
        yield condition.respelled(meaning, lambda field: [_unmarked(field)]), []
        return
    counted = [meaning.field] if meaning.field else []
    for at, member in enumerate(meaning.members):
        others = [*(key.fields[at] for key in meaning.group_by), *counted]
        yield condition.respelled(member.condition, lambda field: [_unmarked(field)]), list(map(_unmarked, others))


def _kinds_by_name(ways: set[Way]) -> dict[str, Kind | None]:
    """What stands at each spelling; None where that differs, or is not known."""
    found: dict[str, set[Kind | None]] = {}
    for way in ways:
        for name, kind in _spellings(way):
            found.setdefault(name, set()).add(kind)
    return {name: next(iter(kinds)) if len(kinds) == 1 else None for name, kinds in found.items()}


_MARKS = {"one": ("",), "many": (MARK,), "either": ("", MARK)}


def _spellings(way: Way) -> Iterator[tuple[str, Kind | None]]:
    """The names of a way, with what stands there; an array of objects goes by the array's name."""
    for marks in product(*(_MARKS[count] for count in way.counts)):
        name = ".".join(f"{step}{mark}" for step, mark in zip(way.steps, marks, strict=True))
        if way.kind == "object" and name.endswith(MARK):
            yield name.removesuffix(MARK), "array"
        else:
            yield name, way.kind
