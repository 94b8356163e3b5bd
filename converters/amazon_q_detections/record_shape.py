"""Where a field of a record goes through arrays, as far as that can be known.

It can be of an operation that botocore has a model for, of EC2, whose records hold each list as an object with `items`, and of
the few shapes in `record_shapes.yml`, which no model has. (CloudTrail User Guide, "CloudTrail record contents", sends the
readers of requestParameters and responseElements to the API reference of each service.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from amazon_q_detections import content, service_model
from amazon_q_detections.condition import SameAs, around, pinned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from botocore.model import OperationModel

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.service_model import Shape

Count = Literal["one", "many", "either"]
"""What stands at a step: a value, an array of values, or now one and now the other."""

Kind = Literal["text", "scalar", "object"]
"""What stands at the end of a field, or in the array there: strings; numbers and booleans; objects."""

_EC2 = "ec2.amazonaws.com"
_EC2_LISTS: dict[str, Count] = {"items": "many", "item": "either"}
_KINDS: dict[str, Kind] = {"string": "text", "structure": "object", "map": "object"}
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Way:
    """How a field is reached: its steps, and what stands at each. *kind* is None where the end is of several kinds, or unknown.

    *alone* says that the last step's key occurs at no other place of what stands at the first array.
    """

    steps: tuple[str, ...]
    counts: tuple[Count, ...]
    kind: Kind | None
    alone: bool

    @property
    def has_array(self) -> bool:
        """Whether it goes through, or ends in, an array, at least at times."""
        return any(count != "one" for count in self.counts)


@cache
def ways(source: str, operations: frozenset[str] | None, field: str) -> frozenset[Way]:
    """The ways that *field* goes in records of an event source; none where nothing is known of it.

    *operations* are their names, case folded, or None for all. An operation that only reads returns nothing that is recorded
    (CloudTrail User Guide, "CloudTrail record contents", responseElements).
    """
    steps = tuple(field.split("."))
    listed = _listed(source, steps)
    if listed is not None:
        return frozenset({listed})
    return frozenset(_of_ec2(steps) if source == _EC2 else _modelled(source, operations, steps))


def _modelled(source: str, operations: frozenset[str] | None, steps: tuple[str, ...]) -> Iterator[Way]:
    for operation in service_model.operation_models(source):
        if operations is None or _is_one_of(operation.name, operations):
            shape = _side(operation, steps[0])
            way = _reached(shape, steps) if shape is not None else None
            if way is not None:
                yield way


def _is_one_of(name: str, operations: frozenset[str]) -> bool:
    """Whether a record of the operation has one of these names; Lambda's carry the date of the API's version."""
    return any(one == name.lower() or one.removeprefix(name.lower())[:2] == "20" for one in operations)


def _side(operation: OperationModel, side: str) -> Shape:
    if side == "requestParameters":
        return operation.input_shape
    return operation.output_shape if side == "responseElements" and operation.http["method"] != "GET" else None


def _reached(shape: Shape, steps: Sequence[str]) -> Way | None:
    """The way of *steps*; None where the model has no such member, and of free-form members and bodies of event streams."""
    if len(steps) == 1:
        return None
    counts: list[Count] = ["one"]
    shape = _unwrapped(shape, steps)
    container: Shape = None  # what stands in the first array
    for step in steps[1:]:
        inside = shape.value if shape.type_name == "map" else _members(shape).get(service_model.small(step))
        if inside is None:
            return None
        counts.append("many" if inside.type_name == "list" else "one")
        shape = inside
        while shape.type_name == "list":
            container = container or shape
            shape = shape.member
    if getattr(shape, "is_document_type", False):
        return None
    kind = _KINDS.get(shape.type_name, "scalar")
    alone = container is None or _occurrences(container, service_model.small(steps[-1]), 0) == 1
    return Way(tuple(steps), tuple(counts), kind, alone)


def _unwrapped(shape: Shape, steps: Sequence[str]) -> Shape:
    """What an answer holds; where that is one object, such as RDS's `DBInstance`, some records have its members alone."""
    members = _members(shape)
    if steps[0] == "responseElements" and len(members) == 1 and service_model.small(steps[1]) not in members:
        return next(iter(members.values()))
    return shape


def _members(shape: Shape) -> dict[str, Shape]:
    return {} if shape.serialization.get("eventstream") else service_model.members(shape)


def _occurrences(shape: Shape, key: str, depth: int) -> int:
    """How many places below *shape* have a member of that name; two stand for any more, and for what cannot be known."""
    while shape.type_name == "list":
        shape = shape.member
    if shape.type_name == "map" or getattr(shape, "is_document_type", False) or depth > _DEEPEST:
        return 2
    found = 0
    for name, member in _members(shape).items():
        found += (name == key) + (_occurrences(member, key, depth + 1) if _holds(member) else 0)
        if found > 1:
            return 2
    return found


def _holds(shape: Shape) -> bool:
    while shape.type_name == "list":
        shape = shape.member
    return shape.type_name in ("structure", "map")


def _of_ec2(steps: tuple[str, ...]) -> Iterator[Way]:
    """EC2's records have each list as an object with the one member `items`, or as it was in XML, as one `item` or several."""
    counts = tuple(map(_of_ec2_step, steps))
    if any(count != "one" for count in counts):
        yield Way(steps, counts, "object" if counts[-1] != "one" else None, alone=False)


def _of_ec2_step(step: str) -> Count:
    return _EC2_LISTS.get(step, "one")


def _listed(source: str, steps: tuple[str, ...]) -> Way | None:
    """The way of a field that the table has, or of one below a field there."""
    table = _table()["*"] | _table().get(source, {})
    listed = [table.get(".".join(steps[: at + 1])) for at in range(len(steps))]
    if not any(listed):
        return None
    others: list[Count] = [_of_ec2_step(step) if source == _EC2 else "one" for step in steps]
    counts = tuple(one.count if one else other for one, other in zip(listed, others, strict=True))
    return Way(steps, counts, listed[-1].kind if listed[-1] else None, alone=False)


@dataclass(frozen=True, slots=True)
class _Listed:
    count: Count
    kind: Kind


@cache
def _table() -> dict[str, dict[str, _Listed]]:
    """Fields that are arrays, by event source; `*` is of all."""
    (table,) = content.read_yaml(Path(__file__).with_name("record_shapes.yml"))
    return {source: {field: _Listed(*said) for field, said in fields.items()} for source, fields in table.items()}


@dataclass(slots=True)
class Known:
    """What is known of a field in a rule: its ways, and whether they are all that it can go."""

    ways: set[Way]
    complete: bool = True


def known(conditions: Iterable[tuple[Condition, Iterable[str]]], wanted: Callable[[str], bool]) -> dict[str, Known]:
    """What is known of each *wanted* field that the conditions test, or that is given with them, where it decides anything."""
    found: dict[str, Known] = {}
    for condition, others in conditions:
        for field, sources, operations in _fields_in_context(condition, others):
            if wanted(field):
                by_source = [ways(source, operations, field) for source in sources or ()]
                one = found.setdefault(field, Known(set()))
                one.ways.update(*by_source)
                one.complete = one.complete and bool(by_source) and all(by_source)
    return found


def _fields_in_context(
    condition: Condition, others: Iterable[str]
) -> Iterator[tuple[str, frozenset[str] | None, frozenset[str] | None]]:
    for leaf, (sources, operations) in around(condition, ("eventSource", "eventName")):
        yield leaf.field, sources, operations
        if isinstance(leaf.test, SameAs):
            yield leaf.test.field, sources, operations
    for field in others:
        yield field, pinned(condition, "eventSource"), pinned(condition, "eventName")
