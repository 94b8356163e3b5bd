"""`qdet hunt` over archives: real records on which all is silent, and our events, on which each rule is raised."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from amazon_q_detections import cli, content, fixture, ruleset

RULES = ruleset.load([content.folder("sigma_rules")])
EVENTS = fixture.load([content.folder("events")])
CORPUS = os.environ.get("QDET_CORPUS", "")


def hunt(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, ["hunt", *map(str, arguments)], standalone_mode=False)


def matches(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def placeholders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The allow-lists that the events files assume, as a user would set them."""
    path = tmp_path_factory.mktemp("lists") / "allow-lists.yml"
    merged: dict[str, list[str]] = {}
    for events in EVENTS:
        for name, values in events.placeholders.items():
            merged.setdefault(name, []).extend(values)
    path.write_text(yaml.safe_dump(merged))
    return path


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every event that must match, as CloudTrail would have written them: gzipped, several files, any order."""
    home = tmp_path_factory.mktemp("AWSLogs")
    for number, events in enumerate(EVENTS):
        records = [event for case in events.cases if case.expected for event in case.events]
        path = home / f"111122223333_CloudTrail_us-east-1_{number:04}.json.gz"
        path.write_bytes(gzip.compress(json.dumps({"Records": records[::-1]}).encode()))
    return home


@pytest.mark.skipif(not CORPUS, reason="QDET_CORPUS names a folder of real CloudTrail records; .ci/run sets it")
def test_every_rule_is_silent_on_real_records(placeholders: Path) -> None:
    result = hunt(CORPUS, "--placeholders", placeholders, "--json")
    assert (result.stdout, result.return_value) == ("", cli.GOOD)
    assert "2900 records" in result.stderr
    assert "unreadable" not in result.stderr


def test_every_rule_is_raised_by_the_events(archive: Path, placeholders: Path) -> None:
    result = hunt(archive, "--placeholders", placeholders, "--json")
    assert result.return_value == cli.GOOD
    assert {match["stem"] for match in matches(result)} == {one.stem for one in RULES}


def test_events_files_are_archives_too(placeholders: Path) -> None:
    result = hunt(content.folder("events"), "--placeholders", placeholders, "--json")
    assert {match["stem"] for match in matches(result)} == {one.stem for one in RULES}


def test_a_match_has_its_stable_keys(archive: Path) -> None:
    by_stem = {match["stem"]: match for match in matches(hunt(archive, "--json"))}
    single = by_stem["aws_amazonq_plugin_deleted"]
    assert list(single) == ["stem", "id", "level", "time", "event_ids", "group"]
    assert len(single["event_ids"]) == 1
    assert single["group"] == {}
    assert single["time"].endswith("Z")
    counted = by_stem["aws_amazonq_document_uploaded_in_bulk"]
    assert len(counted["event_ids"]) > 1
    assert set(counted["group"]) == {"userIdentity.arn"}


def test_rules_with_an_unset_list_are_left_out_by_name(archive: Path) -> None:
    needing = {one.stem for one in RULES if one.needed_placeholders}
    result = hunt(archive, "--json")
    assert needing
    assert {match["stem"] for match in matches(result)} == {one.stem for one in RULES} - needing
    assert all(f"{stem}: left out" in result.stderr for stem in needing)


@pytest.mark.parametrize(("level", "code"), [("low", cli.FINDINGS), ("critical", cli.GOOD)])
def test_a_match_is_a_finding_only_on_request(archive: Path, level: str, code: int) -> None:
    assert hunt(archive, "--fail-on", level).return_value == code
    assert hunt(archive).return_value == cli.GOOD


def test_a_period_bounds_the_records(tmp_path: Path) -> None:
    events = next(one for one in EVENTS if one.stem == "aws_amazonq_plugin_deleted")
    event = dict(next(case for case in events.cases if case.expected).events[0], eventTime="2026-03-01T12:00:00Z")
    (tmp_path / "a.json").write_text(json.dumps(event))

    def found(*options: str) -> bool:
        return any(match["stem"] == events.stem for match in matches(hunt(tmp_path, "--json", *options)))

    assert found()
    assert found("--since", "2026-03-01T12:00:00Z", "--until", "2026-03-01T12:00:00+00:00")
    assert found("--since", "2026-03-01")
    assert not found("--since", "2026-03-01T12:00:01Z")
    assert found("--until", "2026-03-01"), "a date is the whole day"
    assert found("--since", "2026-03-01", "--until", "2026-03-01")
    assert not found("--until", "2026-02-28")
    assert not found("--until", "2026-03-01T00:00:00Z")
    assert not found("--since", "1d")


def test_the_summary_says_what_the_period_left_out(tmp_path: Path) -> None:
    (tmp_path / "aws_any_call.yml").write_text(MINE)
    times = ["2026-03-01T12:00:00Z", "2026-03-02T00:00:00Z", "noon", None]
    (tmp_path / "a.json").write_text(json.dumps([{"eventName": "Any", "eventTime": one} for one in times]))
    result = hunt(tmp_path / "a.json", "--rules", tmp_path / "aws_any_call.yml", "--until", "2026-03-01")
    assert "4 records, 1 rule: 1 match. Inside the period: 1 record. Without a time, and so in none: 2." in result.stderr
    assert "period" not in hunt(tmp_path / "a.json", "--rules", tmp_path / "aws_any_call.yml").stderr


def test_a_file_that_may_not_be_read_leaves_the_rest(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = archive / "111122223333_CloudTrail_us-east-1_0000.json.gz"
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    monkeypatch.setattr(os, "access", lambda path, *_, **__: Path(os.fsdecode(path)) != closed)
    result = hunt(closed, archive, "--json")
    assert result.return_value == cli.UNREADABLE
    assert "0000.json.gz: cannot be read" in result.stderr
    assert matches(result)


@pytest.mark.parametrize("event", [{}, {"eventID": None}, {"eventID": ""}])
def test_a_record_without_an_id_has_no_id(tmp_path: Path, event: dict[str, Any]) -> None:
    (tmp_path / "aws_any_call.yml").write_text(MINE)
    (tmp_path / "a.json").write_text(json.dumps({"eventName": "Any", **event}))
    arguments = (tmp_path / "a.json", "--rules", tmp_path / "aws_any_call.yml")
    assert matches(hunt(*arguments, "--json"))[0]["event_ids"] == []
    assert hunt(*arguments).stdout == "\tlow\taws_any_call\t\t\n"


def test_a_record_delivered_twice_is_one_match(tmp_path: Path) -> None:
    events = next(one for one in EVENTS if one.stem == "aws_amazonq_plugin_deleted")
    event = next(case for case in events.cases if case.expected).events[0]
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps([event, event]))
    assert sum(match["stem"] == events.stem for match in matches(hunt(tmp_path, "--json"))) == 1


def test_what_cannot_be_read_is_named_and_the_rest_is_hunted(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    result = hunt(archive, tmp_path, "--json")
    assert result.return_value == cli.UNREADABLE
    assert "broken.json" in result.stderr
    assert matches(result)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--since", "yesterday"], "--since: 'yesterday' is no time"),
        (["--since", ""], "--since: '' is no time"),
        (["--until", "99999999d"], "--until: '99999999d' is no time"),
        (["--since", "2026-11-17", "--until", "2026-11-16"], "--since: '2026-11-17' is later than --until '2026-11-16'"),
        (["--since", "1d", "--until", "2d"], "is later than --until"),
        (["--engine", "sigmo"], "Did you mean 'sigma'?"),
    ],
)
def test_unusable_arguments_are_named(archive: Path, arguments: list[str], message: str) -> None:
    assert message in str(hunt(archive, *arguments).exception)


MINE = """
title: Any Call
name: any_call
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: Any}, condition: selection}
level: low
"""
SILENT = """
---
title: Too Few
correlation: {type: event_count, rules: [any_call], timespan: 1h, condition: {lt: 3}, generate: true}
"""


def test_a_rule_that_cannot_be_run_is_named_first_and_the_rest_is_hunted(tmp_path: Path) -> None:
    (tmp_path / "aws_too_few.yml").write_text(MINE + SILENT)
    (tmp_path / "a.json").write_text(json.dumps({"eventName": "Any", "eventID": "e"}))
    result = hunt(tmp_path / "a.json", "--rules", tmp_path / "aws_too_few.yml")
    assert result.return_value == cli.FINDINGS
    assert "aws_too_few: the correlation condition lt 3: a silent window would satisfy it." in result.stderr
    assert result.stdout == "\tlow\tany_call\te\t\n"


def test_a_hostile_value_is_only_a_cell(tmp_path: Path) -> None:
    (tmp_path / "aws_any_call.yml").write_text(MINE)
    (tmp_path / "a.json").write_text(json.dumps({"eventName": "Any", "eventID": "x\n2026\thigh\x1b[31m\u2028"}))
    result = hunt(tmp_path / "a.json", "--rules", tmp_path / "aws_any_call.yml")
    assert result.stdout == "\tlow\taws_any_call\tx\\n2026\\thigh\\x1b[31m\\u2028\t\n"
