"""Each fault that `qdet check` promises to find, made in a good rule: exit code 1, file and key named."""

import json
from pathlib import Path

import good_content
import pytest
from good_content import EVENTS, STEM, changed, check, copied, counted

from amazon_q_detections import cli
from amazon_q_detections.check import pipelines, report


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return good_content.write(tmp_path)


def test_good_content_has_no_finding(content: Path) -> None:
    result = check(content)
    assert (result.stdout, result.return_value) == ("", cli.GOOD)


FAULTS = {
    "unknown operation": (
        changed("rules", "eventName: BatchPutDocument", "eventName: BatchPutDocuments"),
        "rules", "detection.eventName", "unknown-operation", "Did you mean 'BatchPutDocument'?",
    ),
    "unknown operation in events": (
        changed("events", "eventName: BatchPutDocument", "eventName: BatchPutDocuments"),
        "events", "match[0]: eventName", "unknown-operation", "Did you mean 'BatchPutDocument'?",
    ),
    "wrong parameter name": (
        changed("rules", "content.s3.bucket", "content.s3.bucketName"),
        "rules", "detection.requestParameters.documents.content.s3.bucketName", "unknown-parameter", "'bucket'",
    ),
    "operation in another case": (
        changed("rules", "eventName: BatchPutDocument", "eventName: batchputdocument"),
        "rules", "detection.eventName", "spelling", "AWS spells it 'BatchPutDocument'",
    ),
    "operation in another case with a wildcard": (
        changed("rules", "eventName: BatchPutDocument", "eventName: batchput*"),
        "rules", "detection.eventName", "spelling", "AWS spells it 'BatchPutDocument'",
    ),
    "operation that can match nowhere": (
        changed("rules", "eventName: BatchPutDocument", "eventName|cased: batchPutDocument"),
        "rules", "detection.eventName", "spelling", "AWS spells it 'BatchPutDocument'",
    ),
    "source in another case": (
        changed("rules", "eventSource: qbusiness.", "eventSource: QBusiness."),
        "rules", "detection.eventSource", "spelling", "AWS spells it 'qbusiness.amazonaws.com'",
    ),
    "source of a slip": (
        changed("rules", "eventSource: qbusiness.", "eventSource: qbusines."),
        "rules", "detection.eventSource", "unknown-source", "Did you mean 'qbusiness.amazonaws.com'?",
    ),
    "source with another end": (
        changed("rules", "eventSource: qbusiness.amazonaws.com", "eventSource: q.amazonaws.co"),
        "rules", "detection.eventSource", "unknown-source", "Did you mean 'q.amazonaws.com'?",
    ),
    "unknown operation by a regular expression": (
        changed("rules", "eventName: BatchPutDocument", "eventName|re: ^BatchPutDocumnt$"),
        "rules", "detection.eventName", "unknown-operation", "Did you mean 'BatchPutDocument'?",
    ),
    "operation that is a number": (
        changed("rules", "eventName: BatchPutDocument", "eventName: 5"), "rules", "detection.eventName", "unknown-operation", "'5'",
    ),
    "unknown operation of a pattern of sources": (
        changed("rules", "eventSource: qbusiness.amazonaws.com\n        eventName: BatchPutDocument",
                "eventSource|re: ^qbusiness[.]\n        eventName: BatchPutDocumnt"),
        "rules", "detection.eventName", "unknown-operation", "Did you mean 'BatchPutDocument'?",
    ),
    "wrong parameter name with a regular expression": (
        lambda content: (
            changed("rules", "eventName: BatchPutDocument", "eventName|re: BatchPut.*")(content),
            changed("rules", "content.s3.bucket", "content.s3.bucketName")(content),
        ),
        "rules", "detection.requestParameters.documents.content.s3.bucketName", "unknown-parameter", "'bucket'",
    ),
    "wrong parameter name without an operation": (
        lambda content: (
            changed("rules", "eventName: BatchPutDocument", "recipientAccountId|exists: true")(content),
            changed("rules", "content.s3.bucket", "content.s3.bucketName")(content),
        ),
        "rules", "detection.requestParameters.documents.content.s3.bucketName", "unknown-parameter", "'bucket'",
    ),
    "wrong parameter name beside a filter on operations": (
        lambda content: (
            changed("rules", "eventName: BatchPutDocument", "recipientAccountId|exists: true")(content),
            changed("rules", "content.s3.bucket", "content.s3.bucketName")(content),
            changed("rules", "condition: selection", "filter: {eventName: ListPlugins}\n    condition: selection and not filter")(content),
        ),
        "rules", "detection.requestParameters.documents.content.s3.bucketName", "unknown-parameter", "'bucket'",
    ),
    "parameter of an operation that returns nothing": (
        changed("rules", "errorCode: null", "responseElements.documnts|exists: true"),
        "rules", "detection.responseElements.documnts", "unknown-parameter", "BatchPutDocument has no 'documnts' there",
    ),
    "data events by a regular expression without prerequisite": (
        lambda content: (
            changed("rules", "eventName: BatchPutDocument", "eventName|re: ^BatchPutDocument$")(content),
            changed("rules", "events: data", "events: management")(content),
        ),
        "rules", "qdet.prerequisite", "prerequisite", "is missing or not 'events: data'",
    ),
    "field in another case": (
        changed("rules", "eventName: Batch", "eventname: Batch"), "rules", "detection.eventname", "unknown-field", "Did you mean 'eventName'?",
    ),
    "field of a slip": (
        changed("rules", "requestParameters.doc", "requestParameter.doc"),
        "rules", "detection.requestParameter.documents.content.s3.bucket", "unknown-field", "Did you mean 'requestParameters'?",
    ),
    "member of a field in another case": (
        changed("rules", "errorCode: null", "userIdentity.ARN|contains: root"),
        "rules", "detection.userIdentity.ARN", "unknown-field", "Did you mean 'userIdentity.arn'?",
    ),
    "member of a field that has none": (
        changed("rules", "errorCode: null", "errorCode.code: x"), "rules", "detection.errorCode.code", "unknown-field", "is no field",
    ),
    "field of a slip in a correlation": (
        lambda content: counted(content, "group-by: [userIdentity.an]", "condition: {gte: 5}"),
        "rules", "correlation.group-by.userIdentity.an", "unknown-field", "Did you mean 'userIdentity.arn'?",
    ),
    "wrong parameter name in events": (
        changed("events", "indexId: b1", "index: b1"),
        "events", "match[0]: requestParameters.index", "parameters", "is no member of BatchPutDocumentRequest",
    ),
    "wrong type in events": (
        changed("events", "applicationId: a1b2c3d4-5678-90ab-cdef-111122223333", "applicationId: 7"),
        "events", "match[0]: requestParameters.applicationId", "parameters", "the API has a string there",
    ),
    "too few near misses": (
        changed("events", EVENTS[EVENTS.index("    - <<: *match\n      eventID: 6c7b4d2e-0000-4000-8000-000000000003"):], ""),
        "events", "no_match", "too-few-events", "has 1 near misses",
    ),
    "near miss given twice": (
        changed("events", EVENTS[EVENTS.index("      eventSource: kendra"):], "      errorCode: AccessDenied\n      requestParameters: null\n"),
        "events", "no_match", "too-few-events", "has 1 near misses",
    ),
    "near miss at another time only": (
        changed("events", EVENTS[EVENTS.index("      eventSource: kendra"):],
                "      eventTime: '2026-02-02T00:00:00Z'\n      errorCode: AccessDenied\n      requestParameters: null\n"),
        "events", "no_match", "too-few-events", "has 1 near misses",
    ),
    "near miss of another service and operation": (
        changed("events", EVENTS[EVENTS.index("      eventSource: kendra"):],
                "      eventSource: s3.amazonaws.com\n      eventName: ListBuckets\n      requestParameters: null\n"),
        "events", "no_match", "too-few-events", "has 1 near misses",
    ),
    "near miss of a misspelt source": (
        changed("events", "eventSource: kendra.", "eventSource: kendr."),
        "events", "no_match[1]: eventSource", "unknown-source", "Did you mean 'kendra.amazonaws.com'?",
    ),
    "source in another case in events": (
        changed("events", "eventSource: kendra.", "eventSource: Kendra."),
        "events", "no_match[1]: eventSource", "spelling", "AWS spells it 'kendra.amazonaws.com'",
    ),
    "near miss with a misspelt key": (
        changed("events", "errorCode: AccessDenied", "errorcode: AccessDenied"),
        "events", "no_match[0]: errorcode", "unknown-field", "Did you mean 'errorCode'?",
    ),
    "misspelt key of an identity": (
        changed("events", "managementEvent", "userIdentity: {ARN: x}\n      managementEvent"),
        "events", "match[0]: userIdentity.ARN", "unknown-field", "Did you mean 'userIdentity.arn'?",
    ),
    "time that is none": (
        changed("events", "'2026-01-01T00:00:00Z'", "yesterday"), "events", "match[0]: eventTime", "event-time", "'yesterday' is no time",
    ),
    "time of no calendar": (
        changed("events", "'2026-01-01T00:00:00Z'", "'2026-02-31T00:00:00Z'"), "events", "match[0]: eventTime", "event-time", "is no time",
    ),
    "events nested too deeply": (
        changed("events", "managementEvent", f"additionalEventData: {'[' * 300 + ']' * 300}\n      managementEvent"),
        "events", "", "unusable-events", "nested too deeply",
    ),
    "events that hold themselves": (
        changed("events", "managementEvent", "additionalEventData: &z [*z]\n      managementEvent"),
        "events", "", "unusable-events", "holds itself",
    ),
    "key given twice in events": (
        changed("events", "match:\n    - &match", "match: []\nno_match:\n    - &match"),
        "events", "no_match", "duplicate-key", "given twice",
    ),
    "one of two kinds of events": (
        changed("rules", "eventName: BatchPutDocument", "eventName: [BatchPutDocument, CreateIndex]"),
        "rules", "qdet.prerequisite", "prerequisite", "'events: [data, management]'",
    ),
    "a kind of events that is none": (
        changed("rules", "        events: data", "        events: [data, network]"),
        "rules", "qdet.prerequisite.events", "prerequisite", "is none of management, data",
    ),
    "data events without prerequisite": (
        changed("rules", "    prerequisite:\n        events: data\n        resource_types: ['AWS::QBusiness::Index']\n", ""),
        "rules", "qdet.prerequisite", "prerequisite", "AWS::QBusiness::Application or AWS::QBusiness::Index",
    ),
    "data events called management": (
        changed("rules", "events: data", "events: management"),
        "rules", "qdet.prerequisite", "prerequisite", "is missing or not 'events: data'",
    ),
    "wrong resource type": (
        changed("rules", "resource_types: ['AWS::QBusiness::Index']", "resource_types: ['AWS::QBusiness::DataSource']"),
        "rules", "qdet.prerequisite.resource_types", "prerequisite", "of which a trail must select one",
    ),
    "definition without the type": (
        changed("rules", "data events of AWS::QBusiness::Index", "data events"),
        "rules", "logsource.definition", "prerequisite", "does not name AWS::QBusiness::Index",
    ),
    "duplicate id": (copied, "rules", "id", "duplicate-id", "is also that of"),
    "wrong parameter name in a correlation": (
        lambda content: counted(content, "group-by: [requestParameters.aplicationId]", "condition: {gte: 5}"),
        "rules", "correlation.group-by.requestParameters.aplicationId", "unknown-parameter", "Did you mean 'applicationId'?",
    ),
    "wrong parameter name to count": (
        lambda content: counted(content, "type: value_count", "condition: {gte: 5, field: requestParameters.documnts.id}"),
        "rules", "correlation.condition.field.requestParameters.documnts.id", "unknown-parameter", "Did you mean 'documents'?",
    ),
    "condition that silence satisfies": (
        lambda content: counted(content, "condition: {lt: 3}"), "rules", "correlation", "refused", "a silent window",
    ),
    "duplicate id in one file": (
        lambda content: counted(content, "condition: {gte: 5}", id="0B9AE1B2-7AB5-4C0C-8E7F-7C2F4D0F4C11"),
        "rules", "id", "duplicate-id", "another rule of this file",
    ),
    "duplicate id in another spelling": (
        lambda content: counted(content, "condition: {gte: 5}", id="'{0B9AE1B27AB54C0C8E7F7C2F4D0F4C11}'"),
        "rules", "id", "duplicate-id", "another rule of this file",
    ),
    "file name that no target takes": (
        lambda content: (content / "rules" / f"{STEM}.yml").rename(content / "rules" / "aws batch.yml"),
        "rules", "", "file-name", "'aws batch' is no name of letters",
    ),
    "near miss of no event": (
        changed("events", "no_match:", "no_match:\n    - [{event: *match, repeat: 0}]"),
        "events", "no_match[0][0]", "unusable-events", "repeat is no whole number from 1",
    ),
    "event id of another file": (
        lambda content: copied(content, events="6c7b4d2e"),
        "events", "match[0]: eventID", "duplicate-event-id", "is also in",
    ),
    "event id given twice in a sequence": (
        changed("events", "no_match:", "no_match:\n    - [*match, *match]"),
        "events", "no_match[0]: eventID", "duplicate-event-id", "is given twice",
    ),
    "leading zero": (
        changed("rules", "'012345670123'", "012345670123"),
        "rules", "detection.selection.recipientAccountId", "leading-zero", "Quote it",
    ),
    "leading zero in events": (
        changed("events", "'012345670123'", "012345670123"),
        "events", "match[0].recipientAccountId", "leading-zero", "Quote it",
    ),
    "leading zero where a number is meant": (
        changed("rules", "errorCode: null", "requestParameters.documents.size|gte: 0100"),
        "rules", "detection.selection.requestParameters.documents.size|gte", "leading-zero", "if a number is meant, write 100",
    ),
    "hexadecimal number": (
        changed("rules", "'012345670123'", "0x1F"), "rules", "detection.selection.recipientAccountId", "number", "is the number 31 in YAML",
    ),
    "number with underscores": (
        changed("rules", "'012345670123'", "1_000"), "rules", "detection.selection.recipientAccountId", "number", "is the number 1000",
    ),
    "number to the base of 60": (
        changed("events", "'012345670123'", "12:30:45"), "events", "match[0].recipientAccountId", "number", "is the number 45045",
    ),
    "number that loses its last zero": (
        changed("events", "managementEvent", "eventVersion: 1.10\n      managementEvent"),
        "events", "match[0].eventVersion", "number", "is the number 1.1 in YAML. Quote it",
    ),
    "number tagged as one": (
        changed("rules", "'012345670123'", "!!int 0123"), "rules", "detection.selection.recipientAccountId", "leading-zero", "Quote it",
    ),
    "duplicate key": (
        changed("rules", "level: low", "level: low\nlevel: high"),
        "rules", "level", "duplicate-key", "YAML keeps only the last",
    ),
    "unknown level": (changed("rules", "level: low", "level: lo"), "rules", "level", "level", "Did you mean 'low'?"),
    "no uuid": (changed("rules", "0b9ae1b2-7ab5", "0b9ae1b2-x"), "rules", "id", "id", "is no UUID"),
    "unknown key of the block": (
        changed("rules", "    risk: 20", "    rsik: 20"), "rules", "qdet.rsik", "custom-block", "Did you mean 'risk'?",
    ),
    "risk that does not fit": (changed("rules", "risk: 20", "risk: 90"), "rules", "qdet.risk", "risk", "goes from 11 to 30"),
    "bad schedule": (
        changed("rules", "    risk: 20", "    risk: 20\n    schedule: {step: soon}"),
        "rules", "qdet.schedule", "schedule", "is no duration",
    ),
    "refusal of no target": (
        changed("rules", "    risk: 20", "    risk: 20\n    refusals: {spunk: why}"),
        "rules", "qdet.refusals.spunk", "refusals", "Did you mean 'splunk'?",
    ),
    "what the contract refuses": (
        changed("rules", "errorCode: null", "errorCode: []"), "rules", "detection", "refused", "an empty list as value",
    ),
    "what pySigma refuses": (
        changed("rules", "condition: selection", "condition: selection or"), "rules", "Batch Uploaded", "unusable-rule", "pySigma refuses",
    ),
    "events of no rule": (
        lambda content: (content / "events" / f"{STEM}.yml").rename(content / "events" / "aws_batch_upload.yml"),
        "events", "", "orphan-events", "Did you mean 'aws_batch_uploaded'?",
    ),
    "another log source": (
        changed("rules", "service: cloudtrail", "service: guardduty"),
        "rules", "logsource.service", "log-source", "'guardduty' is another log source.",
    ),
    "a selection that is none": (
        changed("rules", "condition: selection", "condition: selction"),
        "rules", "detection.condition", "condition", "Did you mean 'selection'?",
    ),
    "a date without quotes": (
        changed("rules", "'012345670123'", "2026-01-01"),
        "rules", "detection.selection.recipientAccountId", "date", "is a date in YAML",
    ),
    "an unknown modifier": (
        changed("rules", "recipientAccountId:", "recipientAccountId|containz:"),
        "rules", "Batch Uploaded", "unusable-rule", "Did you mean 'contains'?",
    ),
    "unusable events": (changed("events", "no_match:", "nomatch:"), "events", "nomatch", "unusable-events", "is no key of an events file"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(content: Path, name: str) -> None:
    change, folder, key, code, message = FAULTS[name]
    change(content)
    result = check(content, "--json")
    assert result.return_value == cli.FINDINGS, result.output
    findings = [json.loads(line) for line in result.stdout.splitlines()]
    wanted = [one for one in findings if one["code"] == code and one["key"] == key and message in one["message"]]
    assert wanted, findings
    assert str(content / folder) in wanted[0]["path"]
    assert wanted[0]["severity"] == "error"


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("level: low", "levle: low", "unknown-key", "Did you mean 'level'?"),
        ("[attack.impact,", "[attack.impcat,", "attack", "Did you mean 'attack.impact'?"),
        ("attack.t1565.001]", "attack.t156]", "attack", "is no tactic, technique, group or software"),
        ("condition: selection", "other: {awsRegion: x}\n    condition: selection", "unused-selection", "never uses"),
        ("condition: selection", "_other: {awsRegion: x}\n    condition: all of them", "unused-selection", "never uses"),
        (
            "eventSource: qbusiness.",
            "eventSource: launchwizard.",
            "unknown-source",
            "Did you mean 'launch-wizard.amazonaws.com'?",
        ),
        ("recipientAccountId: '", "dialect: '", "unknown-field", "'dialect' is no field of a CloudTrail record."),
        ("errorCode: null", "requestParameters|contains: x", "object-leaf", "a string test on it is always false"),
        ("errorCode: null", "userIdentity: x", "object-leaf", "a string test on it is always false"),
        ("eventSource: qbusiness.amazonaws.com", "eventSource|re: ^qbusines[.]", "unknown-source", "fits no event source"),
        ("eventSource: qbusiness.amazonaws.com", "eventSource: 5", "unknown-source", "fits no event source"),
        (
            "eventSource: qbusiness.amazonaws.com",
            "eventSource: EC2.amazonaws.com",
            "spelling",
            "AWS spells it 'ec2.amazonaws.com'",
        ),
    ],
)
def test_a_slip_of_the_pen_is_a_doubt(content: Path, old: str, new: str, code: str, message: str) -> None:
    changed("rules", old, new)(content)
    (finding,) = [one for one in map(json.loads, check(content, "--json").stdout.splitlines()) if one["code"] == code]
    assert message in finding["message"]
    assert finding["severity"] == "warning"


@pytest.mark.parametrize("text", ["!!str 0123", "&x !!str 0123", "!!str 0x1F", "'0123'", "5", "-7.5", "true"])
def test_a_value_that_is_what_it_says_is_no_finding(content: Path, text: str) -> None:
    changed("rules", "'012345670123'", text)(content)
    assert check(content).return_value == cli.GOOD


@pytest.mark.parametrize("word", ["off", "yes", "No"])
def test_a_word_that_is_a_boolean_is_a_doubt(content: Path, word: str) -> None:
    changed("rules", "'012345670123'", word)(content)
    (finding,) = map(json.loads, check(content, "--json").stdout.splitlines())
    assert (finding["code"], finding["severity"]) == ("boolean", "warning")
    assert f"{word} is the boolean {str(word == 'yes').lower()} in YAML" in finding["message"]


@pytest.mark.parametrize("condition", ["all of them", "1 of sel*", "selection and not filter-a"])
def test_a_selection_that_the_condition_means_is_used(content: Path, condition: str) -> None:
    extra = "\n    filter-a: {awsRegion: x}" if "filter" in condition else ""
    changed("rules", "condition: selection", f"condition: {condition}{extra}")(content)
    assert "unused-selection" not in check(content).stdout


def test_a_short_file_name_is_a_doubt_in_a_users_rules(content: Path) -> None:
    for folder in ("rules", "events"):
        (content / folder / f"{STEM}.yml").rename(content / folder / "Batch.yml")
    (finding,) = map(json.loads, check(content, "--json").stdout.splitlines())
    assert (finding["code"], finding["severity"]) == ("file-name", "warning")


def test_an_allow_list_of_operations_is_not_judged(content: Path) -> None:
    changed("rules", "eventName: BatchPutDocument", "eventName|expand: '%operations%'")(content)
    assert "unknown-operation" not in check(content, "--json").stdout


def test_a_rule_without_events_is_a_finding(content: Path) -> None:
    (content / "events" / f"{STEM}.yml").unlink()
    result = check(content)
    assert result.return_value == cli.FINDINGS
    assert "has no events file" in result.stdout


def test_an_unfixed_event_source_is_a_doubt_in_a_users_rule(content: Path) -> None:
    changed("rules", "eventSource: qbusiness.amazonaws.com", "eventSource: '*.amazonaws.com'")(content)
    result = check(content, "--json")
    (finding,) = [json.loads(line) for line in result.stdout.splitlines() if '"event-source"' in line]
    assert finding["severity"] == "warning"


def test_an_operation_of_a_loosely_modelled_service_is_a_doubt(content: Path) -> None:
    changed("rules", "eventSource: qbusiness.amazonaws.com", "eventSource: iam.amazonaws.com")(content)
    findings = [json.loads(line) for line in check(content, "--json").stdout.splitlines()]
    assert [one["severity"] for one in findings if one["code"] == "unknown-operation"] == ["warning"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("title: [", 2, "is not YAML"),
        ("a: b", None, "is not a Sigma rule"),
        ("&z [*z]", 1, "holds itself"),
        ("x: 1\ncorrelation: {rules: [nothing]}", None, "which no rule has as name or id"),
        ("detection: {a: !!int 0129}", 1, "a number or a date that is none"),
    ],
)
@pytest.mark.parametrize("form", report.FORMATS)
def test_a_file_that_gives_no_rule_is_a_finding_beside_the_others(
    content: Path, form: str, text: str, line: int | None, message: str
) -> None:
    (content / "rules" / "aws_broken_rule.yml").write_text(text)
    (content / "rules" / "aws_broken_too.yml").write_text("")
    (content / "events" / "aws_broken_rule.yml").write_text(EVENTS.replace("6c7b4d2e", "7c7b4d2e"))
    changed("rules", "level: low", "level: lo")(content)
    result = check(content, "--format", form)
    assert result.return_value == cli.FINDINGS
    assert "orphan" not in result.stdout
    for word in (message, "is empty", "Did you mean 'low'?"):
        assert word in result.stdout
    if form == "json" and line is not None:
        assert line in [json.loads(one)["line"] for one in result.stdout.splitlines()]


def test_two_forms_at_once_are_refused(content: Path) -> None:
    assert "ask for one" in str(check(content, "--json", "--format", "sarif").exception)
    assert check(content, "--json", "--format", "json").return_value == cli.GOOD


LINES = {
    "operation in another case": "        eventName: batchputdocument",
    "data events by a regular expression without prerequisite": "    prerequisite:",
    "wrong parameter name": "        requestParameters.documents.content.s3.bucketName: evil-bucket",
    "wrong parameter name in events": "          index: b1b2c3d4-5678-90ab-cdef-111122223333",
    "misspelt key of an identity": "      userIdentity: {ARN: x}",
    "near miss with a misspelt key": "      errorcode: AccessDenied",
    "near miss given twice": "no_match:",
    "wrong parameter name in a correlation": "    group-by: [requestParameters.aplicationId]",
    "unknown level": "level: lo",
}


@pytest.mark.parametrize("name", LINES)
def test_a_finding_has_the_line_of_its_key(content: Path, name: str) -> None:
    change, folder, key, _, _ = FAULTS[name]
    change(content)
    findings = [json.loads(line) for line in check(content, "--json").stdout.splitlines()]
    (line,) = {one["line"] for one in findings if one["key"] == key}
    assert (content / folder / f"{STEM}.yml").read_text().splitlines()[line - 1] == LINES[name]


def test_a_finding_in_the_second_of_two_rules_has_its_line(content: Path) -> None:
    counted(content, "condition: {gte: 5}")
    changed("rules", "eventName: BatchPutDocument", "eventName: BatchPutDocumnt")(content)
    (finding,) = [one for one in map(json.loads, check(content, "--json").stdout.splitlines()) if "Name" in one["key"]]
    assert finding["key"] == "batch_uploaded: detection.eventName"
    lines = (content / "rules" / f"{STEM}.yml").read_text().splitlines()
    assert "eventName" in lines[finding["line"] - 1]
    changed("rules", "title: Many\nid: 0b9ae1b2-7ab5", "title: Many\nid: 0b9ae1b2-x")(content)
    (finding,) = [one for one in map(json.loads, check(content, "--json").stdout.splitlines()) if one["key"] == "id"]
    assert lines[finding["line"] - 2] == "title: Many"


def test_a_pipeline_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "splunk_aws_addon.yml").write_text("name: [")
    found = [one for one in pipelines.findings(tmp_path) if one.path.name == "splunk_aws_addon.yml"]
    assert [(one.code, one.line) for one in found] == [("pipeline", 2)]
