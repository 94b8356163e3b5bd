"""What is known of an operation: botocore's service models, and which operations are data events."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from amazon_q_detections import content

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, ServiceModel

Side = Literal["requestParameters", "responseElements"]
Shape = Any  # botocore gives a shape its attributes at run time, by its kind

_HOST = ".amazonaws.com"
# Amazon EventBridge User Guide, "AWS services that generate events via CloudTrail"; botocore names none of them.
_NO_MODEL = ("q", "codewhisperer", "user-subscriptions")

# Services whose records are known to spell operations and members as the API does, but for a small first letter.
# Elsewhere CloudTrail rewrites them (EC2's `instancesSet.items`, S3's `bucketName`) or records console-only
# operations, so that the model can raise a doubt but not settle it.
AUTHORITATIVE = frozenset({"qbusiness.amazonaws.com", "kendra.amazonaws.com"})

# What CloudTrail writes in the place of a value that it redacts.
_REDACTED = ("HIDDEN_DUE_TO_SECURITY_REASONS", "***")


def known(event_source: str) -> bool:
    """Whether botocore has a model for this event source."""
    return _service(event_source) is not None


@cache
def event_sources() -> frozenset[str]:
    """The event sources that are known: by the names of botocore's models and endpoints, and those without either."""
    from botocore.loaders import Loader

    loader = Loader()
    endpoints = [name for partition in loader.load_data("endpoints")["partitions"] for name in partition["services"]]
    return frozenset(f"{name}{_HOST}" for name in (*loader.list_available_services("service-2"), *endpoints, *_NO_MODEL))


def likely_source(event_source: str) -> str | None:
    """The event source that *event_source* is probably a slip of; None for a known one, and for one like no other."""
    known = event_sources()
    if event_source in known:
        return None
    stems = {source.removesuffix(_HOST): source for source in known}
    near = get_close_matches(event_source.partition(".")[0], stems, n=1, cutoff=0.85)
    return stems[near[0]] if near else None


def operations(event_source: str) -> tuple[str, ...]:
    """Every operation of the service, sorted; empty for a service that botocore does not have."""
    service = _service(event_source)
    return tuple(sorted(service.operation_names)) if service else ()


def operation_models(event_source: str) -> tuple[OperationModel, ...]:
    """What botocore knows of each operation of the service; empty for a service that it does not have."""
    service = _service(event_source)
    return tuple(map(service.operation_model, service.operation_names)) if service else ()


def data_event_types(event_source: str, operation: str) -> tuple[str, ...]:
    """The `resources.type` values of which one must be selected for this operation to be recorded; () if always."""
    return _data_events().get((event_source, operation), ())


def unknown_member(event_source: str, operation: str, side: Side, path: tuple[str, ...]) -> str | None:
    """The first step of *path* that the operation's input (or output) does not have, or None if all is known.

    Nothing is judged below a free-form member or a map, nor on an unknown operation. Array elements have no step.
    """
    if _operation(event_source, operation) is None:
        return None
    shape = _shape(event_source, operation, side)
    for step in path:
        if shape is None:  # an operation that takes, or returns, nothing
            return step
        while shape.type_name == "list":
            shape = shape.member
        if shape.type_name == "map" or getattr(shape, "is_document_type", False):
            return None
        if step not in members(shape):
            return step
        shape = members(shape)[step]
    return None


def member_names(event_source: str, operation: str, side: Side, path: tuple[str, ...]) -> tuple[str, ...]:
    """The members that the operation has below *path*, as CloudTrail spells them."""
    shape = _shape(event_source, operation, side)
    for step in path:
        while shape is not None and shape.type_name == "list":
            shape = shape.member
        shape = members(shape).get(step) if shape is not None else None
    while shape is not None and shape.type_name == "list":
        shape = shape.member
    return tuple(sorted(members(shape))) if shape is not None else ()


def members(shape: Shape) -> dict[str, Shape]:
    """The members of a structure, as CloudTrail spells them; none of any other shape."""
    if shape.type_name != "structure":
        return {}
    return {small(name): member for name, member in shape.members.items()}


def faults(event_source: str, operation: str, side: Side, value: Any, *, accepted: bool = True) -> Iterator[tuple[str, str]]:
    """Where a record's parameters do not fit the operation: (path, what is wrong) pairs.

    An unknown member, a missing required one (of the input), a wrong JSON type; if the service *accepted* the call, also a
    value outside an enumeration, a pattern or the bounds of its length.
    """
    shape = _shape(event_source, operation, side)
    if shape is not None and value is not None:
        yield from _shape_faults(shape, value, side, _Call(input=side == "requestParameters", accepted=accepted))


class _Call(NamedTuple):
    """What a record's parameters are those of."""

    input: bool
    accepted: bool


def _shape_faults(shape: Shape, value: Any, path: str, call: _Call) -> Iterator[tuple[str, str]]:
    kind = shape.type_name
    if value is None or getattr(shape, "is_document_type", False) or (isinstance(value, str) and value in _REDACTED):
        return
    if not _fits(kind, value):
        yield path, f"is {type(value).__name__}, the API has a {kind} there"
    elif kind == "structure":
        yield from _member_faults(shape, value, path, call)
    elif kind == "list":
        if call.accepted:
            yield from _length_faults(shape, value, path)
        for number, element in enumerate(value):
            yield from _shape_faults(shape.member, element, f"{path}[{number}]", call)
    elif kind == "string" and call.accepted:
        yield from _text_faults(shape, value, path)


def _member_faults(shape: Shape, value: dict[str, Any], path: str, call: _Call) -> Iterator[tuple[str, str]]:
    known = members(shape)
    for name in value:
        if name not in known:
            yield f"{path}.{name}", f"is no member of {shape.name}"
        else:
            yield from _shape_faults(known[name], value[name], f"{path}.{name}", call)
    for name in shape.required_members if call.input else ():
        if not any(spelling in value for spelling in (name, small(name))):
            yield f"{path}.{small(name)}", f"is required by {shape.name} and missing"


def _text_faults(shape: Shape, value: str, path: str) -> Iterator[tuple[str, str]]:
    if getattr(shape, "enum", None):
        if value not in shape.enum:
            yield path, f"is {value!r}, none of {shape.name}'s values"
        return
    yield from _length_faults(shape, value, path)
    pattern = _pattern(shape.metadata.get("pattern", ""))
    if pattern is not None and not pattern.fullmatch(value):
        yield path, f"is {value!r}, which does not fit {shape.name}'s pattern {pattern.pattern}"


def _length_faults(shape: Shape, value: str | list[Any], path: str) -> Iterator[tuple[str, str]]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    if not least <= len(value) <= most:
        yield path, f"has a length of {len(value)}, and {shape.name} goes from {least} to {shape.metadata.get('max', 'any')}"


@cache
def _pattern(written: str) -> re.Pattern[str] | None:
    """The expression of a model; None where there is none, or one of a dialect that is not Python's."""
    try:
        return re.compile(written) if written else None
    except re.error:
        return None


def _fits(kind: str, value: Any) -> bool:
    return isinstance(value, _JSON_TYPES.get(kind, object)) and (kind == "boolean" or not isinstance(value, bool))


_JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "character": str,
    "blob": (str, dict),
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": (int, float),
    "double": (int, float),
    "timestamp": (str, int, float),
}


def small(name: str) -> str:
    """A member's name as most records spell it, with a small first letter."""
    return name[:1].lower() + name[1:]


def _shape(event_source: str, operation: str, side: Side) -> Shape:
    model = _operation(event_source, operation)
    if model is None:
        return None
    return model.input_shape if side == "requestParameters" else model.output_shape


def _operation(event_source: str, operation: str) -> OperationModel | None:
    service = _service(event_source)
    if service is None or operation not in service.operation_names:
        return None
    return service.operation_model(operation)


@lru_cache(maxsize=64)
def _service(event_source: str) -> ServiceModel | None:
    # Imported late: botocore is only needed to judge operations, not to compile rules.
    from botocore.exceptions import UnknownServiceError
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    name = event_source.removesuffix(_HOST)
    if not event_source.endswith(_HOST) or not name.replace("-", "").isalnum():
        return None
    try:
        return ServiceModel(Loader().load_service_model(name, "service-2"), service_name=name)
    except UnknownServiceError:
        return None


@cache
def _data_events() -> dict[tuple[str, str], tuple[str, ...]]:
    (table,) = content.read_yaml(Path(__file__).with_name("data_events.yml"))
    return {
        (source, operation): tuple(group["resource_types"])
        for source, groups in table.items()
        for group in groups
        for operation in group["operations"]
    }
