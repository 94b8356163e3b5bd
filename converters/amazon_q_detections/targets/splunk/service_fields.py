"""What a service's model says of a field: the arrays that it goes through, and what stands there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

from amazon_q_detections import service_model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from botocore.model import OperationModel

    from amazon_q_detections.service_model import Shape

Kind = Literal["text", "scalar", "object", "array"]
"""Strings; numbers and booleans; objects; arrays of objects. An array of scalars is named by its elements, `a{}`."""

_KINDS: dict[str, Kind] = {"string": "text", "structure": "object", "map": "object"}


@cache
def named(sources: frozenset[str], operations: frozenset[str] | None, field: str) -> frozenset[tuple[str, Kind]]:
    """The names of *field* with `{}` after each array, and what stands there, in the operations that have it.

    *operations* are their names, case folded, or None for all. An operation that only reads returns nothing that is recorded
    (CloudTrail User Guide, "CloudTrail record contents", responseElements).
    """
    side, *steps = field.replace("{}", "").split(".")
    found = set()
    for source in sources:
        for operation in service_model.operation_models(source):
            if operations is None or operation.name.lower() in operations:
                shape = _side(operation, side)
                reached = _reached(shape, steps) if shape is not None else None
                if reached is not None:
                    found.add((".".join([side, *reached[0]]), reached[1]))
    return frozenset(found)


def _side(operation: OperationModel, side: str) -> Shape:
    if side == "requestParameters":
        return operation.input_shape
    return operation.output_shape if side == "responseElements" and operation.http["method"] != "GET" else None


def _reached(shape: Shape, steps: Sequence[str]) -> tuple[list[str], Kind] | None:
    """The steps with `{}` after arrays, and the kind of their end; None where the model has no such member.

    It says nothing of free-form members, and of the bodies of event streams.
    """
    marked: list[str] = []
    many = False
    for step in steps:
        inside = shape.value if shape.type_name == "map" else _members(shape).get(step)
        if inside is None:
            return None
        many = inside.type_name == "list"
        name, shape = step, inside
        while shape.type_name == "list":
            name, shape = f"{name}{{}}", shape.member
        marked.append(name)
    if not steps or getattr(shape, "is_document_type", False):
        return None
    kind = _KINDS.get(shape.type_name, "scalar")
    if many and kind == "object":
        return [*marked[:-1], marked[-1].removesuffix("{}")], "array"
    return marked, kind


def _members(shape: Shape) -> dict[str, Shape]:
    return {} if shape.serialization.get("eventstream") else service_model.members(shape)
