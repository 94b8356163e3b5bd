from typing import Any

import pytest

from amazon_q_detections import service_model
from amazon_q_detections.service_model import Side

Q = "qbusiness.amazonaws.com"


@pytest.mark.parametrize(
    ("operation", "path", "unknown"),
    [
        ("CreatePlugin", "displayName", None),
        ("CreatePlugin", "DisplayName", "DisplayName"),
        ("CreatePlugin", "authConfiguration.noAuthConfiguration", None),
        ("CreatePlugin", "authConfiguration.noAuth", "noAuth"),
        ("CreatePlugin", "displayName.length", "length"),
        ("BatchPutDocument", "documents.content.s3.bucket", None),
        ("BatchPutDocument", "documents.contents", "contents"),
        ("CreateDataSource", "configuration.anything.goes.here", None),
        ("NoSuchOperation", "whatever", None),
    ],
)
def test_members_are_known_by_the_names_in_the_record(operation: str, path: str, unknown: str | None) -> None:
    assert service_model.unknown_member(Q, operation, "requestParameters", tuple(path.split("."))) == unknown


def test_the_first_letter_of_a_member_is_small_in_a_record() -> None:
    kendra = "kendra.amazonaws.com"
    assert service_model.unknown_member(kendra, "BatchPutDocument", "requestParameters", ("indexId",)) is None
    assert service_model.unknown_member(kendra, "BatchPutDocument", "requestParameters", ("IndexId",)) == "IndexId"


@pytest.mark.parametrize("source", ["q.amazonaws.com", "example.com", "../../etc.amazonaws.com", ""])
def test_a_service_that_botocore_has_not_is_not_judged(source: str) -> None:
    assert not service_model.known(source)
    assert service_model.operations(source) == ()
    assert list(service_model.faults(source, "CreatePlugin", "requestParameters", {"x": 1})) == []


APP = "a1b2c3d4-5678-90ab-cdef-111122223333"


@pytest.mark.parametrize(
    ("side", "value", "expected"),
    [
        ("requestParameters", {"applicationId": APP, "displayName": "x", "type": "CUSTOM", "authConfiguration": {}}, []),
        ("requestParameters", None, []),
        ("requestParameters", {"applicationId": APP, "displayName": "x", "type": "ODD", "authConfiguration": {}}, ["requestParameters.type"]),
        ("requestParameters", {"displayName": "x", "type": "CUSTOM", "authConfiguration": {}}, ["requestParameters.applicationId"]),
        ("requestParameters", {"applicationId": 7, "displayName": True, "type": "CUSTOM", "authConfiguration": []},
         ["requestParameters.applicationId", "requestParameters.displayName", "requestParameters.authConfiguration"]),
        ("requestParameters", {"applicationId": APP, "displayName": "x", "type": "CUSTOM", "authConfiguration": {}, "name": "x"},
         ["requestParameters.name"]),
        ("responseElements", {"pluginId": "4d5e6f7a-8b9c-4e0f-9a2b-3c4d5e6f7a8b", "buildStatus": "READY"}, []),
        ("responseElements", {"plugin": "p"}, ["responseElements.plugin"]),
    ],
)  # fmt: skip
def test_faults_of_a_record_are_found_by_path(side: Side, value: Any, expected: list[str]) -> None:
    assert [path for path, _ in service_model.faults(Q, "CreatePlugin", side, value)] == expected


def test_nothing_is_judged_below_a_free_form_member() -> None:
    value = {"applicationId": APP, "indexId": APP, "displayName": "x", "configuration": {"odd": [{"odder": 1}]}}
    assert list(service_model.faults(Q, "CreateDataSource", "requestParameters", value)) == []


def test_every_data_event_is_an_operation_that_exists() -> None:
    known = set(service_model.operations(Q))
    data = {name for name in known if service_model.data_event_types(Q, name)}
    assert len(data) == 20
    assert service_model.data_event_types(Q, "BatchPutDocument") == (
        "AWS::QBusiness::Application",
        "AWS::QBusiness::Index",
    )
    assert service_model.data_event_types(Q, "CreatePlugin") == ()
    table = service_model._data_events()
    assert {name for source, name in table if source == Q} == data


def test_an_operation_that_returns_nothing_has_no_member() -> None:
    assert service_model.unknown_member("kendra.amazonaws.com", "DeleteIndex", "responseElements", ("id",)) == "id"


@pytest.mark.parametrize(
    "stem", ["q", "qbusiness", "ec2", "access-analyzer", "monitoring", "user-subscriptions", "elasticloadbalancing"]
)
def test_a_source_that_aws_writes_is_known_by_some_name(stem: str) -> None:
    assert f"{stem}.amazonaws.com" in service_model.event_sources()
    assert service_model.likely_source(f"{stem}.amazonaws.com") is None


@pytest.mark.parametrize(
    ("source", "likely"),
    [
        ("qbusines.amazonaws.com", "qbusiness.amazonaws.com"),
        ("qbusiness", "qbusiness.amazonaws.com"),
        ("codewisperer.amazonaws.com", "codewhisperer.amazonaws.com"),
        ("example.com", None),
        ("", None),
    ],
)
def test_a_slip_in_a_source_is_told_from_a_service_without_a_model(source: str, likely: str | None) -> None:
    assert service_model.likely_source(source) == likely


SENT = {
    "applicationId": "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d", "displayName": "jira-cloud", "type": "JIRA_CLOUD",
    "authConfiguration": {"noAuthConfiguration": {}}, "serverUrl": "https://jira.example.com",
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({}, ""),
        ({"serverUrl": "HIDDEN_DUE_TO_SECURITY_REASONS"}, ""),
        ({"displayName": "jira cloud"}, "does not fit PluginName's pattern"),
        ({"displayName": "x" * 101}, "has a length of 101, and PluginName goes from 1 to 100"),
        ({"type": "JIRA CLOUD"}, "none of PluginType's values"),
        ({"tags": [{"key": "a", "value": "b"}] * 201}, "has a length of 201, and Tags goes from 0 to 200"),
    ],
)
def test_a_value_fits_its_pattern_length_and_enumeration(changes: dict[str, Any], fault: str) -> None:
    def found(accepted: bool) -> list[str]:
        sent = {**SENT, **changes}
        return [what for _, what in service_model.faults(Q, "CreatePlugin", "requestParameters", sent, accepted=accepted)]

    assert [fault in what for what in found(accepted=True)] == [True] * bool(fault)
    assert found(accepted=False) == [], "a refused call may have sent anything"
