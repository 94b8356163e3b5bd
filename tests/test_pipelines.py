"""The pipelines against the service model: what they say of arrays and keys is so, and says it of all that our rules read."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from sigma.rule import SigmaRule

from amazon_q_detections import condition, content, ruleset
from amazon_q_detections.conversion import pipeline, schema_of
from amazon_q_detections.rule import Rule

RULES = ruleset.load([content.folder("sigma_rules")])
MODEL = ServiceModel(Loader().load_service_model("qbusiness", "service-2"))
SIDE = "requestParameters"


def parsed(one: Rule) -> list[SigmaRule]:
    filled = one.with_placeholders(dict.fromkeys(one.needed_placeholders, ("x",)))
    return [found for found in filled.collection().rules if isinstance(found, SigmaRule)]


def fields_of_rules() -> set[str]:
    found = {field for one in RULES for base in parsed(one) for field in condition.fields(condition.of_rule(base))}
    for one in RULES:
        if one.is_correlation:
            correlation = one.main["correlation"]
            found.update(correlation.get("group-by") or ())
            found.update(filter(None, [(correlation.get("condition") or {}).get("field")]))
    return found


def operations_with(path: list[str]) -> list[Any]:
    """The shapes that operations of Amazon Q Business have at a path of their input, arrays walked through."""
    shapes = []
    for name in MODEL.operation_names:
        shape: Any = MODEL.operation_model(name).input_shape
        for step in path:
            while shape is not None and shape.type_name == "list":
                shape = shape.member
            shape = shape.members.get(step) if shape is not None and shape.type_name == "structure" else None
        if shape is not None:
            shapes.append(shape)
    return shapes


def arrays_on(field: str) -> list[str]:
    """The array paths on the way to a field of the parameters, the field itself included if it is one."""
    steps = field.split(".")[1:]
    return [
        ".".join([SIDE, *steps[:length]])
        for length in range(1, len(steps) + 1)
        if any(shape.type_name == "list" for shape in operations_with(steps[:length]))
    ]


READ = sorted(field for field in fields_of_rules() if field.startswith(f"{SIDE}."))
THROUGH_ARRAYS = [field for field in READ if arrays_on(field)]


def test_rules_read_through_arrays_at_all() -> None:
    assert len(THROUGH_ARRAYS) >= 6


@pytest.mark.parametrize("field", THROUGH_ARRAYS)
def test_splunk_marks_every_array_on_the_way(field: str) -> None:
    renaming = next(
        item.transformation for item in pipeline("splunk_aws_addon").items if hasattr(item.transformation, "mapping")
    )
    marked = field
    for array in sorted(arrays_on(field), key=len, reverse=True):
        marked = array + "{}" + marked[len(array) :]
    assert renaming.apply_field_name(field) == marked


@pytest.mark.parametrize("field", THROUGH_ARRAYS)
def test_cloudwatch_knows_how_to_reach_the_elements(field: str) -> None:
    schema = schema_of("cloudwatch_cloudtrail")
    assert set(arrays_on(field)[:1]) <= set(schema["arrays"])
    assert field in schema["json_text"] or field in schema["numbered"]


def keys_below(shape: Any, depth: int = 0) -> list[str]:
    """Every key of the JSON text of a shape, once for each place; recursive shapes are cut at a depth no rule reads."""
    if depth > 8 or getattr(shape, "is_document_type", False):
        return []
    if shape.type_name == "list":
        return keys_below(shape.member, depth + 1)
    if shape.type_name != "structure":
        return []
    return [key for name, member in shape.members.items() for key in (name, *keys_below(member, depth + 1))]


@pytest.mark.parametrize(
    ("field", "container"),
    [
        (field, container)
        for field, container in schema_of("cloudwatch_cloudtrail")["json_text"].items()
        if field.startswith(SIDE)
    ],
)
def test_a_key_that_decides_on_a_json_text_is_of_one_place(field: str, container: str) -> None:
    """Of one place in the text of its container, in each operation that has the field."""
    if field == container:
        (shape, *_) = operations_with(field.split(".")[1:])
        assert (shape.type_name, shape.member.type_name) == ("list", "string")
        return
    key, steps = field.rpartition(".")[2], container.split(".")[1:]
    relative = field.removeprefix(f"{container}.").split(".")
    for name in MODEL.operation_names:
        shape: Any = MODEL.operation_model(name).input_shape
        for step in steps:
            shape = shape.members.get(step) if shape is not None and shape.type_name == "structure" else None
        if shape is not None and key in keys_below(shape) and operations_with([*steps, *relative]):
            assert keys_below(shape).count(key) == 1, name


@pytest.mark.parametrize(("field", "bound"), list(schema_of("cloudwatch_cloudtrail")["numbered"].items()))
def test_numbered_elements_are_as_many_as_the_api_takes(field: str, bound: list[Any]) -> None:
    array, most = bound
    assert array in arrays_on(field)
    sizes = [shape.metadata.get("max") for shape in operations_with(array.split(".")[1:]) if shape.metadata.get("max")]
    assert most in sizes


SCALARS = {target: schema_of(target)["scalars"] for target in ("opensearch_cloudtrail", "cloudwatch_cloudtrail")}


@pytest.mark.parametrize(
    ("target", "field"), [(target, field) for target, found in SCALARS.items() for field in found if field.startswith(SIDE)]
)
def test_a_scalar_is_one_in_every_operation(target: str, field: str) -> None:
    shapes = operations_with(field.split(".")[1:])
    assert shapes
    assert {shape.type_name for shape in shapes} <= {"string", "boolean", "integer", "long"}
    assert not arrays_on(field)
