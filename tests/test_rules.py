"""Every rule of ours against every event of its file, on every engine; `pytest -k plugin_deleted` runs one rule's life."""

from pathlib import Path

import pytest
from opened_engines import CHOICES, NAMES, OpenedEngines

from amazon_q_detections import check, content, fixture, prove, ruleset
from amazon_q_detections.engines import Choice
from amazon_q_detections.errors import Refused
from amazon_q_detections.fixture import Fixture
from amazon_q_detections.rule import Rule

RULES = ruleset.load([content.folder("sigma_rules")])
EVENTS = fixture.load([content.folder("events")])
PAIRS = [(one, events) for one, events in prove.paired(RULES, EVENTS) if events is not None]

CASES = [
    pytest.param(one, events, number, choice, id=f"{one.stem}-{name}-{'match' if case.expected else 'no_match'}-{number}")
    for one, events in PAIRS
    for choice, name in zip(CHOICES, NAMES, strict=True)
    if not choice.declared(one)
    for number, case in enumerate(events.cases)
]
REFUSALS = [
    pytest.param(one, events, choice, id=f"{one.stem}-{name}")
    for one, events in PAIRS
    for choice, name in zip(CHOICES, NAMES, strict=True)
    if choice.declared(one)
]


def relative(folder: str) -> set[str]:
    home = content.folder(folder)
    return {path.relative_to(home).as_posix() for path in content.yaml_files([home])}


def test_every_rule_has_events_and_every_events_file_a_rule() -> None:
    assert relative("sigma_rules") == relative("events")
    assert len(PAIRS) == len(RULES)


@pytest.mark.parametrize(("one", "events", "number", "choice"), CASES)
def test_an_event_gets_its_verdict(one: Rule, events: Fixture, number: int, choice: Choice, opened: OpenedEngines) -> None:
    verdict = opened.verdicts(choice, one, events)[number]
    assert verdict.got is verdict.expected, verdict.event


@pytest.mark.parametrize(("one", "events", "choice"), REFUSALS)
def test_a_declared_refusal_is_one(one: Rule, events: Fixture, choice: Choice, opened: OpenedEngines) -> None:
    with pytest.raises(Refused):
        opened.verdicts(choice, one, events)


@pytest.mark.parametrize("events", [events for _, events in PAIRS], ids=lambda events: events.stem)
def test_a_near_miss_comes_from_another_service(events: Fixture) -> None:
    """Names of operations are shared between services, so each rule shows that it does not mind only the name."""
    matching = {event["eventSource"] for case in events.cases if case.expected for event in case.events}
    missing = {event["eventSource"] for case in events.cases if not case.expected for event in case.events}
    assert missing - matching


RECORD_KEYS = {
    "eventVersion", "userIdentity", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress", "userAgent",
    "requestParameters", "responseElements", "requestID", "eventID", "readOnly", "eventType", "managementEvent",
    "recipientAccountId", "eventCategory",
}  # fmt: skip


@pytest.mark.parametrize("events", [events for _, events in PAIRS], ids=lambda events: events.stem)
def test_events_are_complete_records(events: Fixture) -> None:
    for event in events.events:
        assert event.keys() >= RECORD_KEYS, event["eventID"]
        assert event["eventVersion"] == "1.11"
        assert (event["eventCategory"] == "Data") == (event.get("resources") is not None) == (event["managementEvent"] is False)
        assert event["recipientAccountId"] in {"111122223333", "444455556666", "123456789012"}
        if str(event.get("errorCode", "")).startswith("AccessDenied"):
            assert event["requestParameters"] is None
            assert event["errorMessage"]


@pytest.fixture(scope="module")
def findings() -> list[check.Finding]:
    return check.run(RULES, [content.folder("events")], whole=True)


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.stem)
def test_a_rule_passes_check(one: Rule, findings: list[check.Finding]) -> None:
    mine = [str(finding) for finding in findings if finding.path.stem == one.path.stem]
    assert mine == []


def test_pipelines_pass_check(findings: list[check.Finding]) -> None:
    home = content.folder("pipelines")
    assert [str(finding) for finding in findings if Path(home) in (finding.path, *finding.path.parents)] == []


def test_the_playbook_categories_of_this_release_are_there() -> None:
    assert {one.category for one in RULES} >= {"plugins", "data_sources", "chat_controls", "documents"}
