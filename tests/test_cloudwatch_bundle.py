"""The CloudWatch bundle: templates that cfn-lint accepts, alarms that see what the query finds, definitions for the CLI."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from amazon_q_detections import content, ruleset
from amazon_q_detections.errors import Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.targets.cloudwatch import CloudWatch, InsightsQuery, query_definition, template

RULES = [
    one
    for one in ruleset.load([content.folder("sigma_rules")])
    if not one.needed_placeholders and "cloudwatch" not in one.refusals
]


@pytest.fixture(scope="module")
def queries() -> list[InsightsQuery]:
    return [CloudWatch().compile(one, "cloudtrail") for one in RULES]


@pytest.fixture(scope="module")
def tree(queries: list[InsightsQuery]) -> dict[str, bytes]:
    return CloudWatch().bundle(queries, name="acme", schema="cloudtrail")


def resources(tree: dict[str, bytes], kind: str) -> list[dict[str, Any]]:
    found = [yaml.safe_load(data)["Resources"] for name, data in tree.items() if name.startswith("template")]
    return [one["Properties"] for part in found for one in part.values() if one["Type"] == kind]


def lint(folder: Path, tree: dict[str, bytes]) -> subprocess.CompletedProcess[str]:
    paths = []
    for name, data in tree.items():
        if name.startswith("template"):
            (folder / name).write_bytes(data)
            paths.append(str(folder / name))
    command = [
        str(Path(sys.executable).with_name("cfn-lint")),
        "--regions",
        "us-east-1",
        "eu-west-1",
        "us-west-2",
        "--",
        *paths,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


OWN = """
title: {stem}
id: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e11
name: logins
logsource: {{product: aws, service: cloudtrail}}
detection:
    selection: {{eventSource: signin.amazonaws.com, eventName: ConsoleLogin}}
    condition: selection
---
title: {stem}
id: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e12
correlation: {{type: event_count, rules: [logins], group-by: [{keys}], timespan: {timespan}, condition: {{gte: 5}}}}
level: high
"""


@pytest.mark.parametrize(
    ("stem", "timespan", "keys", "reason"),
    [
        ("my-own_rule", "1h", "a", ""),
        ("aws_long", "30d", "a", "looks back 30 days"),
        ("aws_wide", "1h", "a, b, c, d, e, f", "groups by 5 fields"),
        ("aws_short", "30s", "a", "shorten schedule.step"),
    ],
)
def test_a_users_rule_gives_a_good_template(stem: str, timespan: str, keys: str, reason: str, tmp_path: Path) -> None:
    """What no log alarm can run has a saved query, and no alarm; the manifest says why."""
    (tmp_path / f"{stem}.yml").write_text(OWN.format(stem=stem, timespan=timespan, keys=keys))
    query = CloudWatch().compile(ruleset.load([tmp_path])[0], "cloudtrail")
    made = CloudWatch().bundle([query], name="acme", schema="cloudtrail")
    assert reason in query.missing.get("alarm", "")
    assert len(resources(made, "AWS::CloudWatch::LogAlarm")) == (not reason)
    assert len(resources(made, "AWS::Logs::QueryDefinition")) == 1
    done = lint(tmp_path, made)
    assert done.returncode == 0, done.stdout


def test_cfn_lint_accepts_the_templates(tree: dict[str, bytes], tmp_path: Path) -> None:
    done = lint(tmp_path, tree)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_query_is_saved_and_every_alerting_rule_has_an_alarm(
    tree: dict[str, bytes], queries: list[InsightsQuery]
) -> None:
    saved = resources(tree, "AWS::Logs::QueryDefinition")
    assert [one["QueryString"] for one in saved] == [query.text("insights") for query in queries]
    assert len({one["Name"] for one in saved}) == len(queries)
    alarms = resources(tree, "AWS::CloudWatch::LogAlarm")
    assert len(alarms) == sum(query.rule.level != "informational" for query in queries)


def test_an_alarm_looks_as_far_back_as_its_rule(tree: dict[str, bytes]) -> None:
    alarms = {
        tag["Value"]: one
        for one in resources(tree, "AWS::CloudWatch::LogAlarm")
        for tag in one["Tags"]
        if tag["Key"] == "sigma:id"
    }
    for one in RULES:
        if one.level == "informational":
            continue
        query = alarms[one.id]["ScheduledQueryConfiguration"]
        window = query["ScheduleConfiguration"]
        minutes = int(window["ScheduleExpression"].split("(")[1].split()[0])
        assert minutes * 60 == one.schedule.step
        overlap = 0 if one.is_correlation else 300
        assert window["StartTimeOffset"] - overlap == (
            one.timespan + one.schedule.delay if one.is_correlation else one.schedule.step
        )
        assert not any(command in query["QueryString"] for command in ("| sort", "| limit", "| display"))
        assert query["AggregationExpression"].startswith("count(*)")
        assert len(alarms[one.id]["AlarmDescription"]) <= 1024


def test_a_text_of_a_rule_is_no_reference_and_no_parameter(queries: list[InsightsQuery]) -> None:
    """CloudFormation would resolve the one, and a saved query ask for the other."""
    hostile = "{{resolve:secretsmanager:prod:SecretString:password}} ${AWS::AccountId} {{{x}}}"
    given = {**queries[0].rule.main, "title": hostile, "description": hostile, "falsepositives": [hostile], "level": "high"}
    one = Rule("aws_hostile_rule", Path("x.yml"), given)
    made = CloudWatch().bundle([CloudWatch().compile(one, "cloudtrail")], name="acme", schema="cloudtrail")
    template_text = made["template.yaml"].decode()
    assert "resolve:secretsmanager" in template_text
    assert "{{" not in template_text
    assert template_text.count("${AWS::AccountId}") == 1, "that of the role's policy"
    assert "{{" not in made["query-definitions.json"].decode()


def test_a_query_may_be_as_long_as_cloudwatch_takes_and_no_longer() -> None:
    def query(length: int) -> str:
        selection = {"userAgent": "a" * length}
        main = {"title": "A", "logsource": {"product": "aws"}, "detection": {"selection": selection, "condition": "selection"}}
        return CloudWatch().compile(Rule("aws_full_query", Path("x.yml"), main), "cloudtrail").text("insights")

    spare = 10_000 - len(query(0)) - len("(?i)")
    assert len(query(spare)) == 10_000
    with pytest.raises(Refused, match="a query of 10001 characters"):
        query(spare + 1)


@pytest.mark.parametrize(("timespan", "span"), [("30s", "0s"), ("1m", "0s"), ("10m", "8m")])
def test_a_correlation_promises_the_spans_that_no_run_can_miss(timespan: str, span: str, tmp_path: Path) -> None:
    (tmp_path / "aws_span.yml").write_text(OWN.format(stem="Span", timespan=timespan, keys="a"))
    query = CloudWatch().compile(ruleset.load([tmp_path])[0], "cloudtrail")
    assert query.promise == f"spans up to timespan - step, {span}"
    assert bool(query.missing) is (timespan == "30s")


def test_query_and_alarm_keep_the_schedule_of_the_rule(tmp_path: Path) -> None:
    schedule = "qdet: {schedule: {step: 2m, delay: 5m}}\n"
    (tmp_path / "aws_often.yml").write_text(OWN.format(stem="Often", timespan="1h", keys="a") + schedule)
    query = CloudWatch().compile(ruleset.load([tmp_path])[0], "cloudtrail")
    assert "q_t >= (queryEndTime() - 300000 - 3600000) and q_t <= (queryEndTime() - 300000)" in query.deciding
    (alarm,) = resources(CloudWatch().bundle([query], name="acme", schema="cloudtrail"), "AWS::CloudWatch::LogAlarm")
    window = alarm["ScheduledQueryConfiguration"]["ScheduleConfiguration"]
    assert window == {"ScheduleExpression": "rate(2 minutes)", "StartTimeOffset": 3900}
    (tmp_path / "aws_often.yml").write_text(OWN.format(stem="Often", timespan="1m", keys="a"))
    query = CloudWatch().compile(ruleset.load([tmp_path])[0], "cloudtrail")
    (alarm,) = resources(CloudWatch().bundle([query], name="acme", schema="cloudtrail"), "AWS::CloudWatch::LogAlarm")
    window = alarm["ScheduledQueryConfiguration"]["ScheduleConfiguration"]
    assert window == {"ScheduleExpression": "rate(1 minute)", "StartTimeOffset": 960}


def test_arrays_are_known_only_if_every_counted_rule_is_of_a_service_that_is(tmp_path: Path) -> None:
    field = "requestParameters.documents.documentId: x"
    text = OWN.format(stem="Known", timespan="1h", keys="a").replace("eventName: ConsoleLogin", field)
    text = text.replace("signin", "qbusiness")
    (tmp_path / "aws_known.yml").write_text(text)
    assert CloudWatch().compile(ruleset.load([tmp_path])[0], "cloudtrail")
    second = "title: b\nname: any\nlogsource: {product: aws}\ndetection: {selection: {a: b}, condition: selection}\n---\n"
    (tmp_path / "aws_known.yml").write_text(second + text.replace("[logins]", "[logins, any]"))
    with pytest.raises(Refused, match="pin eventSource"):
        CloudWatch().compile(ruleset.load([tmp_path])[0], "cloudtrail")


def test_a_rule_without_an_id_gives_a_good_template(tmp_path: Path) -> None:
    (tmp_path / "aws_no_id.yml").write_text(OWN.replace("id: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e12\n", "").format(
        stem="No id", timespan="1h", keys="a"
    ))  # fmt: skip
    query = CloudWatch().compile(ruleset.load([tmp_path])[0], "cloudtrail")
    made = CloudWatch().bundle([query], name="acme", schema="cloudtrail")
    done = lint(tmp_path, made)
    assert (done.returncode, done.stdout) == (0, "")
    assert query.text("insights").split("\n")[1] == "# Sigma rule, version 1"
    (alarm,) = resources(made, "AWS::CloudWatch::LogAlarm")
    assert "Sigma rule, version 1." in alarm["AlarmDescription"]


@pytest.mark.parametrize(
    ("folder", "title", "name"),
    [
        ("data_sources", "A/B", "Sigma/data_sources/A-B"),
        ("{{resolve:ssm:x}} ${AWS::Region}\n", "A", "Sigma/{ {resolve:ssm:x}} $ {AWS::Region}/A"),
        (".", "A", "Sigma/A"),
        ("a", "A" * 300, f"Sigma/a/{'A' * 234} aws_a_folder"),
    ],
)
def test_a_definition_goes_by_folder_and_title(folder: str, title: str, name: str) -> None:
    one = Rule("aws_a_folder", Path(folder) / "aws_a_folder.yml", {"title": title})
    assert query_definition.name(one) == name
    assert len(name) <= 255


def test_definitions_are_what_the_cli_takes(tree: dict[str, bytes]) -> None:
    from botocore.loaders import Loader
    from botocore.model import ServiceModel
    from botocore.validate import validate_parameters

    shape = ServiceModel(Loader().load_service_model("logs", "service-2")).operation_model("PutQueryDefinition").input_shape
    definitions = json.loads(tree["query-definitions.json"])
    assert len(definitions) == len(RULES)
    for definition in definitions:
        validate_parameters(definition, shape)
        assert len(definition["name"]) <= 255


def test_a_bundle_of_many_rules_is_split_below_the_limits(queries: list[InsightsQuery], tmp_path: Path) -> None:
    many = [
        InsightsQuery(**{**vars(queries[0]), "rule": Rule(f"aws_rule_number_{number}", Path("x.yml"), queries[0].rule.main)})
        for number in range(450)
    ]
    files = template.files(many, "acme")
    assert list(files) == ["template.yaml", "template-2.yaml", "template-3.yaml"]
    assert all(len(text.encode()) < 1_000_000 for text in files.values())
    parts = [yaml.safe_load(text)["Resources"] for text in files.values()]
    assert all(len(part) <= 500 for part in parts)
    assert sum(len(part) - 1 for part in parts) == 2 * len(many), "a role in each, two resources a rule"


def test_a_bundle_of_long_queries_is_split_by_size_into_few_templates(queries: list[InsightsQuery]) -> None:
    rule, text = queries[0].rule, "# x\n" * 2400
    parts = replace(queries[0].parts, heading=(text,))
    long = {**vars(queries[0]), "parts": parts, "formats": {"insights": lambda: text}}
    many = [
        InsightsQuery(**{**long, "rule": Rule(f"aws_rule_number_{number}", Path("x.yml"), rule.main)}) for number in range(40)
    ]
    files = template.files(many, "acme")
    assert 1 < len(files) < 7
    assert all(len(written.encode()) < 1_000_000 for written in files.values())
    assert sum(written.count("Type: AWS::CloudWatch::LogAlarm") for written in files.values()) == len(many)


def test_stems_that_differ_in_signs_only_are_resources_of_their_own(queries: list[InsightsQuery]) -> None:
    stems = ["aws_a_b", "aws_a-b", "aws_a__b", "aws_A_b"]
    alike = [InsightsQuery(**{**vars(queries[0]), "rule": Rule(stem, Path("x.yml"), queries[0].rule.main)}) for stem in stems]
    made = yaml.safe_load(template.files(alike, "acme")["template.yaml"])["Resources"]
    assert len(made) == 2 * len(stems) + 1
    assert all(name.isalnum() for name in made)


def test_every_row_of_an_alarms_query_raises_it_and_silence_does_not(tree: dict[str, bytes]) -> None:
    wanted = {
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1,
        "QueryResultsToAlarm": 1,
        "QueryResultsToEvaluate": 1,
        "TreatMissingData": "notBreaching",
        "ActionsEnabled": True,
        "AlarmActions": {"Fn::If": ["HasTopic", [{"Ref": "TopicArn"}], {"Ref": "AWS::NoValue"}]},
    }
    for alarm in resources(tree, "AWS::CloudWatch::LogAlarm"):
        assert {key: alarm[key] for key in wanted} == wanted


def test_an_alarm_is_by_event_or_by_the_keys_of_its_correlation(queries: list[InsightsQuery], tree: dict[str, bytes]) -> None:
    alarms = {one["AlarmName"]["Fn::Sub"]: one for one in resources(tree, "AWS::CloudWatch::LogAlarm")}
    for query in queries:
        if alarm := alarms.get(f"${{AWS::StackName}}-{query.rule.stem}"):
            run = alarm["ScheduledQueryConfiguration"]
            assert run["QueryString"] == query.deciding
            assert run["AggregationExpression"] == f"count(*) by {', '.join(query.by)}"
            assert query.by == ("q_event",) or query.rule.is_correlation


def test_a_long_description_is_cut_where_cloudwatch_cuts(queries: list[InsightsQuery]) -> None:
    one = Rule("aws_long_tale", Path("x.yml"), {**queries[0].rule.main, "description": "b" * 2000, "level": "high"})
    made = CloudWatch().bundle([CloudWatch().compile(one, "cloudtrail")], name="acme", schema="cloudtrail")
    (alarm,) = resources(made, "AWS::CloudWatch::LogAlarm")
    assert len(alarm["AlarmDescription"]) == 1024
    assert alarm["AlarmDescription"].endswith("b…")


def test_templates_have_no_anchors(tree: dict[str, bytes]) -> None:
    assert b"&id" not in tree["template.yaml"]
    assert b"*id" not in tree["template.yaml"]


def test_a_query_that_is_too_long_is_refused(tmp_path: Path) -> None:
    values = "\n".join(f"            - a-rather-long-value-to-compare-with-{number}" for number in range(400))
    path = tmp_path / "aws_long_rule.yml"
    path.write_text(
        "title: Long\nid: 5b1f8e0e-54e7-4a1c-9d53-2b6f0c9a4e15\nlogsource: {product: aws, service: cloudtrail}\n"
        f"detection:\n    selection:\n        eventName:\n{values}\n    condition: selection\n"
    )
    with pytest.raises(Refused, match=r"aws_long_rule on cloudwatch: a query of \d+ characters: CloudWatch takes 10000"):
        CloudWatch().compile(ruleset.load([path])[0], "cloudtrail")
