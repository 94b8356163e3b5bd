"""The pipeline of the Add-on's schema against the service models, and our rules against the pipeline."""

from collections.abc import Iterator
from typing import Any

import pytest

from amazon_q_detections import condition, content, conversion, ruleset, service_model
from amazon_q_detections.rule import Rule

PIPELINE = conversion.pipeline("splunk_aws_addon")
MAPPING: dict[str, str] = PIPELINE.items[0].transformation.mapping  # type: ignore[attr-defined]
SERVICES = ("qbusiness.amazonaws.com", "qapps.amazonaws.com")
# Names that other services use for something that is no array, or an array of something else.
SHARED = {"actions", "attachments", "categories", "conditions", "origins", "tags", "values"}
FILTERS = {"AttributeFilter", "DocumentAttributeFilter"}


def arrays(shape: Any, path: str, above: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Each array below *shape* as prefix and name; a dot ends the prefix where the elements are objects."""
    if shape.name in above | FILTERS or getattr(shape, "is_document_type", False):
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from arrays(member, f"{path}.{name[:1].lower()}{name[1:]}", above | {shape.name})
    elif shape.type_name == "list":
        dot = "." if shape.member.type_name == "structure" else ""
        yield f"{path.replace('{}', '')}{dot}", f"{path}{{}}{dot}"
        yield from arrays(shape.member, f"{path}{{}}", above)


def requests() -> Iterator[Any]:
    for service in SERVICES:
        for operation in service_model.operations(service):
            model = service_model._operation(service, operation)  # the only way to a shape
            if model is not None and model.input_shape is not None:
                yield model.input_shape


def test_the_arrays_are_those_of_the_service_models() -> None:
    derived = {prefix: name for shape in requests() for prefix, name in arrays(shape, "requestParameters")}
    own = {prefix: name for prefix, name in derived.items() if prefix.rstrip(".").split(".")[1] not in SHARED}
    assert own | {"resources.": "resources{}."} == MAPPING


def test_a_longer_prefix_stands_first() -> None:
    prefixes = list(MAPPING)
    assert not [(one, other) for at, one in enumerate(prefixes) for other in prefixes[at + 1 :] if other.startswith(one)]


def test_no_member_only_starts_like_an_array() -> None:
    scalars = {path for shape in requests() for path in members(shape, "requestParameters")}
    ends = [prefix for prefix in MAPPING if not prefix.endswith(".")]
    assert not [path for path in scalars for prefix in ends if path.startswith(prefix) and path != prefix]


def members(shape: Any, path: str, above: frozenset[str] = frozenset()) -> Iterator[str]:
    yield path
    while shape.type_name == "list":
        shape = shape.member
    if shape.type_name == "structure" and shape.name not in above:
        for name, member in shape.members.items():
            yield from members(member, f"{path}.{name[:1].lower()}{name[1:]}", above | {shape.name})


RULES = ruleset.load([content.folder("sigma_rules")])


def fields(rule: Rule) -> Iterator[tuple[str, set[str], set[str]]]:
    """Of each document: its event source, its operations, and the fields that are asked for in them."""
    for document in rule.documents:
        if "detection" in document:
            tree = condition.of_rule(_parsed(document))
            yield (
                next(iter(condition.pinned(tree, "eventSource") or {""})),
                set(condition.pinned(tree, "eventName") or ()),
                condition.fields(tree) | set(_of_correlation(rule)),
            )


def _parsed(document: dict[str, Any]) -> Any:
    from sigma.rule import SigmaRule

    return SigmaRule.from_dict(
        {key: value for key, value in document.items() if key != "qdet"} | {"detection": _filled(document)}
    )


def _filled(document: dict[str, Any]) -> dict[str, Any]:
    """With the placeholders as plain text: only the field names matter here."""
    return {
        name: {key.replace("|expand", ""): value for key, value in selection.items()}
        if isinstance(selection, dict)
        else selection
        for name, selection in document["detection"].items()
    }


def _of_correlation(rule: Rule) -> list[str]:
    correlation = rule.main.get("correlation") or {}
    field = (correlation.get("condition") or {}).get("field")
    return [*(correlation.get("group-by") or ()), *([field] if field else [])]


def through_arrays(source: str, operations: set[str], field: str) -> str | None:
    """The field's name with `{}` after each array that it goes through, by the model of one of the operations."""
    for operation in service_model.operations(source):
        if operation.lower() in operations:
            model = service_model._operation(source, operation)
            named = _named(model.input_shape, field.split(".")[1:]) if model is not None else None
            if named is not None:
                return ".".join([field.split(".")[0], *named])
    return None


def _named(shape: Any, steps: list[str]) -> list[str] | None:
    found = []
    for step in steps:
        if getattr(shape, "is_document_type", False) or shape.type_name != "structure":
            return [*found, *steps[len(found) :]]
        inside = {name[:1].lower() + name[1:]: member for name, member in shape.members.items()}
        if step not in inside:
            return None
        shape, name = inside[step], step
        while shape.type_name == "list":
            shape, name = shape.member, f"{name}{{}}"
        found.append(name)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.stem)
def test_every_array_that_a_rule_asks_for_is_named(rule: Rule) -> None:
    for source, operations, asked in fields(rule):
        for field in asked:
            if field.startswith("requestParameters."):
                expected = through_arrays(source, operations, field)
                if expected is not None:
                    # The array itself may stand without `{}`: that it exists is asked of the record.
                    assert mapped(field) in (expected, field if expected.removesuffix("{}") == field else expected)
            elif field.startswith("resources."):
                assert mapped(field) == field.replace("resources.", "resources{}.")


def mapped(field: str) -> str:
    return next((name + field[len(prefix) :] for prefix, name in MAPPING.items() if field.startswith(prefix)), field)
