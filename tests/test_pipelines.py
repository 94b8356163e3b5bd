"""The pipelines against the service model: what they say of arrays and keys is so, and says it of all that our rules read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from sigma.rule import SigmaRule

from amazon_q_detections import condition, content, conversion, ruleset, sigma_condition
from amazon_q_detections.conversion import pipeline, schema_of
from amazon_q_detections.errors import ContentError
from amazon_q_detections.rule import Rule

RULES = ruleset.load([content.folder("sigma_rules")])
MODEL = ServiceModel(Loader().load_service_model("qbusiness", "service-2"))
SIDE = "requestParameters"


@pytest.mark.parametrize("text", ["transformation: []", "[]", "name: x\npriority: [", ""])
def test_a_file_that_is_no_pipeline_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "splunk_aws_addon.yml"
    path.write_text(text)
    with pytest.raises(ContentError, match=r"splunk_aws_addon\.yml"):
        conversion.read(path)


def parsed(one: Rule) -> list[SigmaRule]:
    filled = one.with_placeholders(dict.fromkeys(one.needed_placeholders, ("x",)))
    return [found for found in filled.collection().rules if isinstance(found, SigmaRule)]


def fields_of_rules() -> set[str]:
    found = {field for one in RULES for base in parsed(one) for field in condition.fields(sigma_condition.of_rule(base))}
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
    named = field
    for item in pipeline("splunk_aws_addon").items:
        if hasattr(item.transformation, "mapping"):
            named = item.transformation.apply_field_name(named) or named
    marked = field
    for array in sorted(arrays_on(field), key=len, reverse=True):
        marked = array + "{}" + marked[len(array) :]
    assert named == marked


@pytest.mark.parametrize("field", THROUGH_ARRAYS)
def test_cloudwatch_knows_how_to_reach_the_elements(field: str) -> None:
    schema = schema_of("cloudwatch_cloudtrail")
    assert set(arrays_on(field)[:1]) <= set(schema["arrays"])
    assert field in schema["reached"]


def keys_below(shape: Any, depth: int = 0) -> list[str]:
    """Every key of the JSON text of a shape, once for each place; recursive shapes are cut at a depth no rule reads."""
    if depth > 8 or getattr(shape, "is_document_type", False):
        return []
    if shape.type_name == "list":
        return keys_below(shape.member, depth + 1)
    if shape.type_name != "structure":
        return []
    return [key for name, member in shape.members.items() for key in (name, *keys_below(member, depth + 1))]


REACHED = {field: how for field, how in schema_of("cloudwatch_cloudtrail")["reached"].items() if field.startswith(SIDE)}


@pytest.mark.parametrize(("field", "how"), list(REACHED.items()))
def test_a_field_below_an_array_is_reached_in_a_way_that_is_exact(field: str, how: dict[str, Any]) -> None:
    """Its key is of one place in the text of the array, or of the arrays it is sought in; or the elements are as many as given."""
    assert how["array"] in arrays_on(field)
    steps = how["array"].split(".")[1:]
    shapes = [one for one in operations_with(steps) if operations_at(one, field.removeprefix(how["array"]).split(".")[1:])]
    assert shapes
    if "most" in how:
        assert field == f"{how['array']}.{how['key']}"
        assert {shape.metadata.get("max") for shape in shapes} == {how["most"]}
    elif "within" in how:
        assert field.endswith(f".{how['within']}.{how['key']}")
        for shape in shapes:
            assert keys_below(shape).count(how["within"]) == 1
            (inner,) = (one for one in shapes_below(shape) if one[0] == how["within"])
            assert keys_below(inner[1]).count(how["key"]) == 1
            assert not nested_objects_in_lists(inner[1].member)
    elif "key" in how:
        assert field.endswith(f".{how['key']}")
        assert all(keys_below(shape).count(how["key"]) == 1 for shape in shapes)
    else:
        assert field == how["array"]
        assert {shape.member.type_name for shape in shapes} == {"string"}


def operations_at(shape: Any, path: list[str]) -> bool:
    """Whether a shape has anything at a path, arrays walked through."""
    for step in path:
        while shape is not None and shape.type_name == "list":
            shape = shape.member
        shape = shape.members.get(step) if shape is not None and shape.type_name == "structure" else None
    return shape is not None


def shapes_below(shape: Any, depth: int = 0) -> list[tuple[str, Any]]:
    """Every key below a shape with the shape it has there."""
    if depth > 8:
        return []
    if shape.type_name == "list":
        return shapes_below(shape.member, depth + 1)
    if shape.type_name != "structure":
        return []
    return [one for name, member in shape.members.items() for one in ((name, member), *shapes_below(member, depth + 1))]


def nested_objects_in_lists(shape: Any) -> bool:
    """Whether a list of anything but scalars lies below a shape."""
    below = [member for _, member in shapes_below(shape)]
    return any(member.type_name == "list" and member.member.type_name in ("structure", "list") for member in below)


def arrays_of(service: str, side: str) -> set[str]:
    """The outermost arrays of every request, or of every answer that CloudTrail records, of a service."""
    model = ServiceModel(Loader().load_service_model(service, "service-2"))
    found: set[str] = set()
    for name in model.operation_names:
        operation = model.operation_model(name)
        shape = operation.input_shape if side == SIDE else operation.output_shape
        if side == SIDE or not name.startswith(("Get", "List", "Check", "Search", "Describe")):
            found |= arrays_below(shape, side, frozenset())
    return found


def arrays_below(shape: Any, path: str, seen: frozenset[str]) -> set[str]:
    if shape is None or shape.name in seen:
        return set()
    if shape.type_name == "list" or getattr(shape, "is_event_stream", False) or shape.serialization.get("eventstream"):
        return {path}
    if shape.type_name != "structure":
        return set()
    return {
        one for name, member in shape.members.items() for one in arrays_below(member, f"{path}.{name}", seen | {shape.name})
    }


@pytest.mark.parametrize("side", [SIDE, "responseElements"])
@pytest.mark.parametrize("service", ["qbusiness", "qapps"])
def test_cloudwatch_knows_every_array_of_the_services_it_says_it_knows(service: str, side: str) -> None:
    schema = schema_of("cloudwatch_cloudtrail")
    assert f"{service}.amazonaws.com" in schema["modelled_sources"]
    listed = set(schema["arrays"])
    assert {
        one for one in arrays_of(service, side) if not any(one == array or one.startswith(f"{array}.") for array in listed)
    } == set()


SCALARS = {target: schema_of(target)["scalars"] for target in ("opensearch_cloudtrail", "cloudwatch_cloudtrail")}


@pytest.mark.parametrize(
    ("target", "field"), [(target, field) for target, found in SCALARS.items() for field in found if field.startswith(SIDE)]
)
def test_a_scalar_is_one_in_every_operation(target: str, field: str) -> None:
    shapes = operations_with(field.split(".")[1:])
    assert shapes
    assert {shape.type_name for shape in shapes} <= {"string", "boolean", "integer", "long"}
    assert not arrays_on(field)
