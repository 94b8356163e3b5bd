import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from amazon_q_detections import fixture
from amazon_q_detections.errors import ContentError

EVENT = "{eventSource: s, eventName: n, eventTime: '2026-01-01T00:00:00Z', eventID: e1, requestID: r1, p: {d: [{id: x}]}}"


def load(tmp_path: Path, text: str) -> fixture.Fixture:
    path = tmp_path / "aws_some_rule.yml"
    path.write_text(text)
    return fixture.read(path)


def test_a_case_may_be_a_record_a_list_or_named(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        f"match:\n- {EVENT}\n- [{EVENT}]\n- {{name: one, event: {EVENT}}}\nno_match:\n- {{name: two, events: [{EVENT}]}}\n",
    )
    assert [(case.name, case.expected, len(case.events)) for case in found.cases] == [
        ("match[0]", True, 1),
        ("match[1]", True, 1),
        ("one", True, 1),
        ("two", False, 1),
    ]


def test_a_repeated_event_moves_in_time_and_keeps_its_identity_apart(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        f"match:\n- name: burst\n  events:\n  - event: {EVENT}\n    repeat: 3\n    every: 10m\n    vary: {{p.d.0.id: 'doc-{{n}}'}}\n",
    )
    events = found.cases[0].events
    assert [event["eventTime"] for event in events] == [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:10:00Z",
        "2026-01-01T00:20:00Z",
    ]
    assert [event["p"]["d"][0]["id"] for event in events] == ["doc-0", "doc-1", "doc-2"]
    assert events[0]["eventID"] == "e1"
    assert len({event["eventID"] for event in events}) == 3
    assert len({event["requestID"] for event in events}) == 3
    assert load(tmp_path, (tmp_path / "aws_some_rule.yml").read_text()).cases[0].events == events, "the same every time"


@pytest.fixture(params=["Asia/Tokyo", "America/New_York"])
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine stands in another time zone than UTC."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("written", "times"),
    [
        ("2026-01-01T00:00:00", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]),
        ("2026-01-01T01:00:00+01:00", ["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"]),
        ("2026-01-01T00:00:59.25Z", ["2026-01-01T00:00:59.250Z", "2026-01-01T00:01:00.250Z"]),
    ],
)
def test_times_are_those_of_the_file_wherever_it_is_read(tmp_path: Path, written: str, times: list[str]) -> None:
    event = EVENT.replace("2026-01-01T00:00:00Z", written)
    found = load(tmp_path, f"match: [{{events: [{{event: {event}, repeat: 2}}]}}]")
    assert [one["eventTime"] for one in found.cases[0].events] == times


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "is no events file"),
        ("matches: []", "matches: is no key of an events file. Did you mean 'match'?"),
        ("match: {}", "match: is not a list"),
        ("match: [7]", r"match\[0\]\[0\]: is no CloudTrail record"),
        ("match: [[]]", r"match\[0\]: has no event"),
        ("match: [{eventSource: a, eventName: b, eventTime: 2026-01-01T00:00:00Z, eventID: c}]", "eventTime is missing or no text"),
        (f"match: [{{events: [{{event: {EVENT}, repeat: many}}]}}]", "repeat is no whole number"),
        (f"match: [{{events: [{{event: {EVENT}, repeat: 0}}]}}]", "repeat is no whole number"),
        (f"match: [{{events: [{{event: {EVENT}, repeat: 2, vary: [a]}}]}}]", "vary is no mapping"),
        (f"match: [{{events: [{{event: {EVENT}, repeat: 2, every: 9999999d}}]}}]", "longer than a year"),
        (f"match: [{{events: [{{event: {EVENT}, repeat: 2, vary: {{p.d.7.id: x}}}}]}}]", "cannot be repeated"),
        (f"match: [{{events: [{{event: {EVENT.replace('2026-01-01T00:00:00Z', 'soon')}, repeat: 2}}]}}]", "cannot be repeated: eventTime 'soon' is no time"),
        (f"match: [{{events: [{{event: {EVENT.replace('2026', '9999')}, repeat: 3, every: 365d}}]}}]", "cannot be repeated"),
        ("placeholders: {a: b}\nmatch: []", "a: is not a list of non-empty strings"),
        ("match: [", "is not YAML"),
    ],
)  # fmt: skip
def test_an_unusable_file_is_named_with_the_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ContentError, match=message) as caught:
        load(tmp_path, text)
    assert "aws_some_rule.yml" in str(caught.value)
