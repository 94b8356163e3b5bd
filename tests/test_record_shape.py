"""Which fields of a record go through arrays: what the models, EC2's habit and the table say, and what real records show."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amazon_q_detections import archive, record_shape
from amazon_q_detections.record_shape import Way


def ways(source: str, field: str, *operations: str) -> set[Way]:
    names = frozenset(operation.lower() for operation in operations) or None
    return set(record_shape.ways(f"{source}.amazonaws.com", names, field))


def counts(source: str, field: str, *operations: str) -> set[str]:
    """The counts of each way, as their first letters: one, many, either."""
    return {"".join(count[0] for count in way.counts) for way in ways(source, field, *operations)}


@pytest.mark.parametrize(
    ("source", "operation", "field", "expected"),
    [
        ("qbusiness", "BatchPutDocument", "requestParameters.documents.id", "omo"),
        ("qbusiness", "UpdateWebExperience", "requestParameters.origins", "om"),
        ("ecs", "RegisterTaskDefinition", "requestParameters.containerDefinitions.command", "omm"),
        ("lambda", "UpdateFunctionConfiguration20150331v2", "requestParameters.layers", "om"),
        ("rds", "ModifyDBSnapshotAttribute", "requestParameters.valuesToAdd", "om"),
        ("rds", "ModifyDBInstance", "requestParameters.publiclyAccessible", "oo"),
        ("rds", "CreateDBInstance", "responseElements.dBInstance.dBSecurityGroups.status", "oomo"),
        ("rds", "CreateDBInstance", "responseElements.dBSecurityGroups.status", "omo"),
        ("cloudtrail", "PutEventSelectors", "requestParameters.eventSelectors.dataResources.values", "ommm"),
        ("ec2", "AuthorizeSecurityGroupIngress", "requestParameters.ipPermissions.items.ipRanges.items.cidrIp", "oomomo"),
        ("ec2", "CreateNatGateway", "responseElements.CreateNatGatewayResponse.natGateway.tagSet.item.key", "ooooeo"),
        ("ec2", "RunInstances", "requestParameters.tagSpecificationSet.items.tags.key", "oommo"),
        ("s3", "PutBucketPolicy", "requestParameters.bucketPolicy.Statement.Principal.AWS", "ooeoe"),
        ("kms", "Decrypt", "resources.type", "mo"),
    ],
)
def test_a_field_goes_through_the_arrays_of_its_service(source: str, operation: str, field: str, expected: str) -> None:
    assert counts(source, field, operation) == {expected}


@pytest.mark.parametrize(
    ("source", "operation", "field"),
    [
        ("rds", "ModifyDBInstance", "requestParameters.noSuchMember"),
        ("ec2", "RunInstances", "requestParameters.instanceType"),
        ("example", "Anything", "requestParameters.list"),
        ("q", "SendMessage", "requestParameters.conversationId"),
        ("rds", "ModifyDBInstance", "requestParameters"),
        ("rds", "NoSuchOperation", "requestParameters.valuesToAdd"),
        ("s3", "PutBucketPolicy", "requestParameters.bucketName.x"),
    ],
)
def test_of_other_fields_nothing_is_known(source: str, operation: str, field: str) -> None:
    assert ways(source, field, operation) == set()


def test_an_answer_of_an_operation_that_only_reads_is_not_recorded() -> None:
    assert ways("qbusiness", "responseElements.plugins.pluginId", "ListPlugins") == set()


def test_without_operations_all_of_a_service_count() -> None:
    """Names such as `filters` are lists in some operations and objects in others."""
    assert counts("qbusiness", "requestParameters.tags.key") == {"omo"}
    assert len(counts("ssm", "requestParameters.filters")) >= 1


def test_a_key_is_alone_where_no_other_place_in_its_array_has_it() -> None:
    """A map in the array, such as a container's labels, can have any key."""
    alone = ways("cloudtrail", "requestParameters.eventSelectors.includeManagementEvents", "PutEventSelectors")
    assert {way.alone for way in alone} == {True}
    shared = ways("ecs", "requestParameters.containerDefinitions.image", "RegisterTaskDefinition")
    assert {way.alone for way in shared} == {False}


def test_the_kind_is_that_of_the_end() -> None:
    assert {way.kind for way in ways("ecs", "requestParameters.containerDefinitions.command", "RegisterTaskDefinition")} == {
        "text"
    }
    assert {way.kind for way in ways("ecs", "requestParameters.containerDefinitions", "RegisterTaskDefinition")} == {"object"}
    assert {way.kind for way in ways("rds", "requestParameters.publiclyAccessible", "ModifyDBInstance")} == {"scalar"}


# Operations whose records do not name their parameters as the model does, with how many paths below an array they have.
_UNLIKE_THE_MODEL = {"rds": 2, "guardduty": 1}


@pytest.mark.skipif("QDET_CORPUS" not in os.environ, reason="QDET_CORPUS names a folder of real CloudTrail records")
def test_real_records_go_through_the_arrays_that_are_known() -> None:
    wrong: set[tuple[str, str]] = set()
    checked: Counter[str] = Counter()
    for path in archive.files([Path(os.environ["QDET_CORPUS"])], pytest.fail):
        for event in archive.records(path, pytest.fail):
            source = event["eventSource"].removesuffix(".amazonaws.com")
            for field, shape in found(event):
                known = counts(source, field, event["eventName"])
                if known:
                    checked["known"] += 1
                if not any(fits(shape, one) for one in known) and (known or "m" in shape):
                    wrong.add((source, field))
    assert Counter(source for source, _ in wrong) == _UNLIKE_THE_MODEL, wrong
    assert checked["known"] > 5_000


def fits(shape: str, known: str) -> bool:
    return len(shape) == len(known) and all(
        mine in (other, "o" if other == "e" else "", "m" if other == "e" else "")
        for mine, other in zip(shape, known, strict=True)
    )


def found(event: dict[str, Any]) -> set[tuple[str, str]]:
    """The paths of a record's scalars and empty arrays, with `m` for each step at which it has an array."""
    paths: set[tuple[str, str]] = set()
    for side in ("requestParameters", "responseElements", "resources"):
        if event.get(side) is not None:
            paths.update(walked(event[side], side, "o"))
    return {(path, shape) for path, shape in paths if path.replace(".", "").replace("-", "").replace("_", "").isalnum()}


def walked(value: Any, path: str, shape: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inside in value.items():
            yield from walked(inside, f"{path}.{key}", f"{shape}o")
    elif isinstance(value, list):
        marked = f"{shape[:-1]}m"
        if not value:
            yield path, marked
        for element in value:
            yield from walked(element, path, marked)
    else:
        yield path, shape
