"""The pipeline of the Add-on's schema against the service models, and what a rule rests on where they say nothing."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from our_content import RULES
from sigma.backends.splunk.splunk import SplunkBackend
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaTransformationError

from amazon_q_detections import condition, conversion
from amazon_q_detections.correlation import Correlation
from amazon_q_detections.errors import Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.splunk import spl
from amazon_q_detections.targets.splunk.backend import FaithfulSplunkBackend, Parts
from amazon_q_detections.targets.splunk.fields import Fields
from sigma.pipelines.amazon_q import pipelines

PIPELINE = conversion.pipeline("splunk_aws_addon")
SCHEMA = conversion.schema_of("splunk_aws_addon")
SERVICES = ("qbusiness", "qapps")
MODELS = {name: ServiceModel(Loader().load_service_model(name, "service-2"), service_name=name) for name in SERVICES}
MAPPINGS: dict[str, dict[str, str]] = {
    str(item.identifier): item.transformation.mapping for item in PIPELINE.items if hasattr(item.transformation, "mapping")
}


def sides(service: str) -> Iterator[tuple[str, Any]]:
    """What records may hold of each operation: its input, and its output unless it only reads."""
    for name in MODELS[service].operation_names:
        model = MODELS[service].operation_model(name)
        if model.input_shape is not None:
            yield "requestParameters", model.input_shape
        if model.output_shape is not None and model.http["method"] != "GET":
            yield "responseElements", model.output_shape


def arrays(shape: Any, path: str, above: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Each array below *shape* as prefix and name; a dot ends the prefix where the elements are objects."""
    if shape.name in above or shape.serialization.get("eventstream"):
        return
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from arrays(member, f"{path}.{name[:1].lower()}{name[1:]}", above | {shape.name})
    elif shape.type_name == "list":
        dot = "." if shape.member.type_name == "structure" else ""
        yield f"{path.replace('{}', '')}{dot}", f"{path}{{}}{dot}"
        yield from arrays(shape.member, f"{path}{{}}", above)


@pytest.mark.parametrize("service", SERVICES)
def test_the_arrays_are_those_of_the_service_model(service: str) -> None:
    derived = {prefix: name for side, shape in sides(service) for prefix, name in arrays(shape, side)}
    assert derived == MAPPINGS[f"{service}_values"] | MAPPINGS[f"{service}_elements"]


@pytest.mark.parametrize("item", MAPPINGS)
def test_a_prefix_ends_in_a_dot_and_a_longer_one_stands_first(item: str) -> None:
    prefixes = list(MAPPINGS[item])
    assert {prefix.endswith(".") for prefix in prefixes} == {item.endswith("_elements")}
    if item.endswith("_elements"):
        assert not [one for at, one in enumerate(prefixes) for other in prefixes[at + 1 :] if other.startswith(one)]


def base(name: str, detection: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": name,
        "name": name,
        "logsource": {"product": "aws", "service": "cloudtrail"},
        "detection": {"selection": detection, "condition": "selection"},
    }


def parts(*documents: dict[str, Any]) -> Parts:
    backend = FaithfulSplunkBackend(PIPELINE)
    collection = SigmaCollection.from_dicts(list(documents))
    collection.resolve_rule_references()
    return backend.parts(backend.meaning_of(collection)[1])


def asked(field: str, source: Any = "qbusiness.amazonaws.com", **more: Any) -> Parts:
    pin = {} if source is None else {"eventSource": source}
    return parts(base("a_rule", {**pin, **more, field: "x"}))


NAMED = [
    ("requestParameters.actions", "qbusiness.amazonaws.com", "requestParameters.actions{}"),
    (
        "requestParameters.conditions.conditionValues",
        "qbusiness.amazonaws.com",
        "requestParameters.conditions{}.conditionValues{}",
    ),
    ("requestParameters.tags.key", "qbusiness.amazonaws.com", "requestParameters.tags{}.key"),
    ("requestParameters.tags.key", "qapps.amazonaws.com", "requestParameters.tags.key"),
    ("requestParameters.tags.key", "iam.amazonaws.com", "requestParameters.tags{}.key"),
    ("requestParameters.tags.key", None, "requestParameters.tags{}.key"),
    ("requestParameters.categories", "qapps.amazonaws.com", "requestParameters.categories{}"),
    ("requestParameters.values.cardId", "qapps.amazonaws.com", "requestParameters.values{}.cardId"),
    ("requestParameters.userGroups", "qbusiness.amazonaws.com", "requestParameters.userGroups{}"),
    ("requestParameters.userGroupsFoo", "qbusiness.amazonaws.com", "requestParameters.userGroupsFoo"),
    ("requestParameters.userGroups.foo", "qbusiness.amazonaws.com", "requestParameters.userGroups.foo"),
    ("requestParameters.documentsFoo.id", "qbusiness.amazonaws.com", "requestParameters.documentsFoo.id"),
    ("responseElements.failedDocuments.id", "qbusiness.amazonaws.com", "responseElements.failedDocuments{}.id"),
    (
        "requestParameters.attributeFilter.andAllFilters.equalsTo.name",
        "qbusiness.amazonaws.com",
        "requestParameters.attributeFilter.andAllFilters{}.equalsTo.name",
    ),
    ("resources.type", "iam.amazonaws.com", "resources{}.type"),
]


@pytest.mark.parametrize(("field", "source", "name"), NAMED, ids=[f"{field}-{source}" for field, source, _ in NAMED])
def test_an_array_is_named_for_the_service_that_has_it(field: str, source: str | None, name: str) -> None:
    assert f'{name}="x"' in asked(field, source).text


def test_a_correlations_own_fields_are_named_too() -> None:
    main = {
        "title": "c",
        "correlation": {
            "type": "value_count",
            "rules": ["a_base"],
            "timespan": "1h",
            "condition": {"gte": 3, "field": "requestParameters.actions"},
        },
    }
    made = parts(base("a_base", {"eventSource": "qbusiness.amazonaws.com"}), main)
    assert 'json_array_to_mv(json_extract(_raw, "requestParameters.actions"), true())' in made.text
    assert "no_array" not in made.assumptions


@pytest.mark.parametrize(
    ("field", "source", "names"),
    [
        (
            "requestParameters.attributeFilter.andAllFilters.orAllFilters.equalsTo.name",
            "qbusiness.amazonaws.com",
            ["requestParameters.attributeFilter.andAllFilters{}.orAllFilters{}.equalsTo.name"],
        ),
        (
            "requestParameters.attributeFilter.notFilter.equalsTo.value.stringListValue",
            "qbusiness.amazonaws.com",
            ["requestParameters.attributeFilter.notFilter.equalsTo.value.stringListValue{}"],
        ),
        ("requestParameters.actions", "QBusiness.amazonaws.com", ["requestParameters.actions{}"]),
        (
            "requestParameters.tags.key",
            ["qbusiness.amazonaws.com", "qapps.amazonaws.com"],
            ["requestParameters.tags.key", "requestParameters.tags{}.key"],
        ),
        ("requestParameters.valuesToAdd", "rds.amazonaws.com", ["requestParameters.valuesToAdd{}"]),
        (
            "requestParameters.createVolumePermission.add.items.group",
            "ec2.amazonaws.com",
            ["requestParameters.createVolumePermission.add.items{}.group"],
        ),
        (
            "requestParameters.bucketPolicy.Statement.Principal",
            "s3.amazonaws.com",
            ["requestParameters.bucketPolicy.Statement.Principal", "requestParameters.bucketPolicy.Statement{}.Principal"],
        ),
    ],
)
def test_an_array_that_no_pipeline_names_is_known_from_its_service(field: str, source: Any, names: list[str]) -> None:
    made = asked(field, source)
    assert all(f'{name}="x"' in made.text for name in names)
    assert made.text.count('="x"') == len(names)
    assert "no_array" not in made.assumptions


SURE = [
    ("userIdentity.sessionContext.attributes.mfaAuthenticated", None),
    ("eventName", None),
    ("resources.ARN", None),
    ("requestParameters.displayName", "qbusiness.amazonaws.com"),
    ("requestParameters.vpcConfiguration.subnetIds", "qbusiness.amazonaws.com"),
    ("requestParameters.appDefinition.cards.qPlugin.pluginId", "qapps.amazonaws.com"),
    ("requestParameters.tags.team", "qapps.amazonaws.com"),
]
UNSURE = [
    ("responseElements.pluginId", ["qbusiness.amazonaws.com", "qapps.amazonaws.com"]),
    ("requestParameters.displayName", None),
    ("requestParameters.displayName", "iam.amazonaws.com"),
    ("requestParameters.displayName", ["qbusiness.amazonaws.com", "iam.amazonaws.com"]),
    ("requestParameters.displayName", "qbusiness*"),
    ("requestParameters.noSuchMember", "qbusiness.amazonaws.com"),
    ("requestParameters.configuration.repositories", "qbusiness.amazonaws.com"),
    ("requestParameters.userGroups.foo", "qbusiness.amazonaws.com"),
    ("responseElements.applications.displayName", "qbusiness.amazonaws.com"),
    ("additionalEventData.x", "qbusiness.amazonaws.com"),
    ("noSuchField", None),
]


@pytest.mark.parametrize(("field", "source"), SURE)
def test_a_field_that_is_known_needs_no_assumption(field: str, source: Any) -> None:
    assert "no_array" not in asked(field, source).assumptions


@pytest.mark.parametrize(("field", "source"), UNSURE)
def test_a_field_that_is_not_known_rests_on_an_assumption(field: str, source: Any) -> None:
    assert "no_array" in asked(field, source).assumptions


def test_a_member_is_looked_for_in_the_operations_that_the_rule_asks_for() -> None:
    assert "no_array" not in asked("requestParameters.userGroups", eventName="CHATSYNC").assumptions
    assert "no_array" in asked("requestParameters.userGroups", eventName="CreateIndex").assumptions


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.needed_placeholders], ids=lambda rule: rule.stem)
def test_our_rules_rest_on_nothing_about_arrays(rule: Rule) -> None:
    backend = FaithfulSplunkBackend(PIPELINE)
    _, meaning = backend.meaning_of(rule.collection())
    assert "no_array" not in backend.parts(meaning).assumptions


def test_our_rules_need_no_model() -> None:
    """It takes a tenth of a second to load; what our rules ask for stands in the schema."""
    script = """
import sys
from amazon_q_detections import content, ruleset
from amazon_q_detections.targets.splunk import Splunk
for rule in ruleset.load([content.folder("sigma_rules")]):
    if not rule.needed_placeholders:
        Splunk().compile(rule, "aws_addon")
assert "botocore" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={"PYTHONPATH": ":".join(sys.path)})


LISTED = [(key, field) for key in ("service_texts", "service_scalars", "service_objects") for field in SCHEMA[key]]
FREE = "requestParameters.configuration."


@pytest.mark.parametrize(("key", "field"), LISTED, ids=[field for _, field in LISTED])
def test_what_the_schema_says_of_a_field_is_what_the_models_say(key: str, field: str) -> None:
    """Of what the API leaves free nothing is said there."""
    of_service = condition.Leaf("eventSource", condition.Text((SCHEMA["services"][1],)))
    meaning = condition.And((of_service, condition.Leaf(field, condition.Exists())))
    known = Fields.spelled(meaning, SCHEMA)
    without = Fields.spelled(meaning, SCHEMA | {key: []})
    assert known.sure(field)
    if not field.startswith(FREE):
        assert without.sure(field)
        assert without.kind(field) == known.kind(field)


def test_records_own_fields_are_known_of_any_rule() -> None:
    known = Fields(condition.Leaf("eventName", condition.Exists()), SCHEMA)
    assert all(known.sure(field) for key in ("texts", "scalars", "objects") for field in SCHEMA[key])


@pytest.mark.parametrize("field", [*SCHEMA["reserved"], "_time", "_raw", "_indextime", "tag::host"])
@pytest.mark.parametrize("value", ["x", "*x", None], ids=["plain", "contains", "null"])
def test_a_name_that_is_something_else_in_splunk_is_refused(field: str, value: str | None) -> None:
    with pytest.raises(Refused, match=f"the field {field}: Splunk and its add-on have something else"):
        parts(base("a_rule", {field: value}))


@pytest.mark.parametrize("place", ["fieldref", "group-by", "counted"])
def test_such_a_name_is_refused_wherever_it_stands(place: str) -> None:
    one = base("a_base", {"eventName|fieldref": "user"} if place == "fieldref" else {"eventName": "A"})
    counted = {"type": "value_count", "condition": {"gte": 2, "field": "src_ip" if place == "counted" else "userAgent"}}
    main = {"title": "c", "correlation": {**counted, "rules": ["a_base"], "timespan": "1h"}}
    if place == "group-by":
        main["correlation"]["group-by"] = ["user"]  # type: ignore[index]
    with pytest.raises(Refused, match="something else under this name"):
        parts(*([one] if place == "fieldref" else [one, main]))


def test_a_name_below_a_record_may_be_any() -> None:
    assert 'requestParameters.user="x"' in asked("requestParameters.user").text
    assert 'requestParameters._time="x"' in asked("requestParameters._time").text


@pytest.mark.parametrize("field", ["a*", "requestParameters.*", "*"])
def test_a_wildcard_in_a_field_name_is_refused(field: str) -> None:
    with pytest.raises(Refused, match="the field name"):
        asked(field)


MARKED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "tested": ({"a{}.b|contains": "x"}, {}),
    "not tested": ({"a{}": None}, {}),
    "fieldref": ({"eventName|fieldref": "a{}"}, {}),
    "group-by": ({"eventName": "A"}, {"group-by": ["a{}.b"]}),
    "alias": ({"eventName": "A"}, {"group-by": ["who"], "aliases": {"who": {"a_base": "a{}.b"}}}),
    "counted": ({"eventName": "A"}, {"condition": {"gte": 2, "field": "a{}.b"}}),
    "counted in a list": ({"eventName": "A"}, {"condition": {"gte": 2, "field": ["a{}.b"]}}),
}


@pytest.mark.parametrize("place", MARKED)
def test_the_mark_of_an_array_is_no_part_of_a_rule(place: str) -> None:
    """Else a rule would hold in Splunk of what it does not mean: a record has no key `a{}`."""
    detection, more = MARKED[place]
    correlation = {"type": "value_count", "rules": ["a_base"], "timespan": "1h", "condition": {"gte": 2, "field": "userAgent"}}
    with pytest.raises(
        Refused, match=r"the field a\{\}(\.b)?: a rule goes through arrays without Splunk's mark; write a(\.b)?\."
    ):
        parts(base("a_base", detection), {"title": "c", "correlation": correlation | more})


def test_every_field_of_a_correlation_is_known() -> None:
    correlation = Correlation("value_count", (), (), 60, "gte", 2, "requestParameters.x")
    assert Fields(correlation, SCHEMA).names == {"requestParameters.x"}


def stock(detection: dict[str, Any]) -> str:
    """What the stock backend writes with the published pipeline."""
    rule = {"title": "t", "logsource": {"product": "aws"}, "detection": {"s": detection, "condition": "s"}}
    backend = SplunkBackend(pipelines["amazon_q_splunk_aws_addon"]())
    (query,) = backend.convert(SigmaCollection.from_dicts([rule]))
    return str(query)


@pytest.mark.parametrize(
    "errors", [{"errorCode": None}, {"errorCode|exists": False}, {"errorCode": [None, "Throttled"]}], ids=str
)
def test_the_published_pipeline_tells_stock_backends_what_stands_for_nothing(errors: dict[str, Any]) -> None:
    query = stock({"eventName": "DeletePlugin", **errors})
    event = {"eventTime": "2026-11-24T00:00:00Z", "eventName": "DeletePlugin"}
    assert spl.run(query, [spl.row(event)])
    assert not spl.run(query, [spl.row({**event, "errorCode": "AccessDenied"})])
    assert not spl.run(query, [spl.row({**event, "eventName": "DeleteIndex"})])


def test_the_published_pipeline_refuses_that_a_field_exists_which_always_does() -> None:
    with pytest.raises(SigmaTransformationError, match="always exists"):
        stock({"errorCode|exists": True})
    assert stock({"errorCode": "AccessDenied"}) == 'errorCode="AccessDenied"'
