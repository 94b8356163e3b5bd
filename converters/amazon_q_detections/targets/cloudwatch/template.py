"""CloudFormation: a saved query for every rule and, where the region has it, an alarm on its query.

An alarm's window is relative to its scheduled time. For a single event it goes by the time of delivery, so that an event is
seen however late it comes, and it overlaps the window before, since not every query finds a record that was just delivered; an
event is a contributor of its own, which alerts once however many windows it is in. For a correlation the window is the timespan
and the delay (CloudFormation Template Reference, "AWS::CloudWatch::LogAlarm", "AWS::Logs::QueryDefinition"; CloudWatch User
Guide, "Log alarms").
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from amazon_q_detections.targets.cloudwatch import query_definition
from sigma.backends.cloudwatch_logs_insights import syntax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from amazon_q_detections.rule import Rule
    from amazon_q_detections.targets.cloudwatch import InsightsQuery

# CloudFormation quotas: 500 resources a template, of which two a rule, and 1,000,000 bytes, measured here as JSON, which is
# about as long as the YAML that is written but for the white space before each line of a query.
_RULES = 200
_BYTES = 700_000
_INDENT = 10
_DESCRIPTION = 1024  # PutMetricAlarm and PutLogAlarm, AlarmDescription
_SILENT_LEVELS = ("informational",)  # nobody is to be called for these
ALARM = "alarm"
"""What a query is missing that no log alarm can run."""

_LONGEST_LOOK_BACK = 2_592_000  # s; AWS::CloudWatch::LogAlarm, ScheduleConfiguration.StartTimeOffset
_MOST_GROUPS = 5  # CloudWatch User Guide, "Log alarms", aggregation expression
_OVERLAP = 300  # s; how long a record that was delivered may take until every query finds it

_FORMAT = "2010-09-09"
_ALARM_TYPE = "AWS::CloudWatch::LogAlarm"
_LOG_GROUPS = "LogGroupNames"
_PARAMETERS: dict[str, Any] = {
    _LOG_GROUPS: {
        "Type": "CommaDelimitedList",
        "Description": "Names of the log groups that your trails deliver to.",
    },
    "Alarms": {
        "Type": "String",
        "AllowedValues": ["none", "create"],
        "Default": "none",
        "Description": "Create an alarm for each rule; needs a region that has CloudWatch log alarms.",
    },
    "TopicArn": {
        "Type": "String",
        "Default": "",
        "Description": "ARN of the SNS topic that alarms notify; none if empty.",
    },
}
_CONDITIONS: dict[str, Any] = {
    "CreateAlarms": {"Fn::Equals": [{"Ref": "Alarms"}, "create"]},
    "HasTopic": {"Fn::Not": [{"Fn::Equals": [{"Ref": "TopicArn"}, ""]}]},
}


# The role with which alarms run their queries ("Log alarms": it trusts CloudWatch Logs).
_ROLE = "QueryRole"
_ROLE_RESOURCE: dict[str, Any] = {
    "Type": "AWS::IAM::Role",
    "Condition": "CreateAlarms",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole"},
            ],
        },
        "Policies": [
            {
                "PolicyName": "RunQueries",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": ["logs:GetQueryResults", "logs:StartQuery", "logs:StopQuery"],
                            "Resource": {"Fn::Sub": "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:*"},
                        },
                    ],
                },
            },
        ],
    },
}


# libyaml's emitter is several times faster than the pure Python one; PyYAML's wheels carry it.
_Emitter: type[yaml.SafeDumper] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_Emitter):  # type: ignore[valid-type,misc]  # chosen at run time
    """Block style, no anchors, texts of several lines as literal blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def files(queries: Sequence[InsightsQuery], name: str) -> dict[str, str]:
    """`template.yaml`, and further ones beside it when the rules are more than one template holds."""
    templates: list[dict[str, Any]] = [{}]
    size = 0
    for number, query in enumerate(queries):
        resources = _resources(query)
        written = _size(resources)
        if number and (len(templates[-1]) >= 2 * _RULES or size + written > _BYTES):
            templates.append({})
            size = 0
        templates[-1].update(resources)
        size += written
    return {
        f"template{'' if number == 1 else f'-{number}'}.yaml": _dumped(_template(resources, name, number, len(templates)))
        for number, resources in enumerate(templates, 1)
        if resources
    }


def _size(resources: dict[str, Any]) -> int:
    text = json.dumps(resources)
    return len(text) + _INDENT * text.count(r"\n")


def _template(resources: dict[str, Any], name: str, number: int, of: int) -> dict[str, Any]:
    part = f", part {number} of {of}" if of > 1 else ""
    description = f"{name}: Sigma rules as Logs Insights queries and alarms{part}"
    if not any(resource["Type"] == _ALARM_TYPE for resource in resources.values()):
        parameters = {_LOG_GROUPS: _PARAMETERS[_LOG_GROUPS]}
        return {
            "AWSTemplateFormatVersion": _FORMAT,
            "Description": description,
            "Parameters": parameters,
            "Resources": resources,
        }
    return {
        "AWSTemplateFormatVersion": _FORMAT,
        "Description": description,
        "Parameters": _PARAMETERS,
        "Conditions": _CONDITIONS,
        "Resources": {_ROLE: _ROLE_RESOURCE, **resources},
    }


def _dumped(document: Any) -> str:
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _logical_id(stem: str) -> str:
    """Letters and digits only, so a hash keeps stems apart that differ in underscores."""
    digest = hashlib.sha256(stem.encode()).hexdigest()[:6]
    return "".join(part.capitalize() for part in re.split("[_-]", stem))[:200] + digest


def _resources(query: InsightsQuery) -> dict[str, Any]:
    rule = query.rule
    own = _logical_id(rule.stem)
    definition = query_definition.of(rule, query.text("insights"))
    made: dict[str, Any] = {
        f"Query{own}": {
            "Type": "AWS::Logs::QueryDefinition",
            "Properties": {
                "Name": definition["name"],
                "QueryString": definition["queryString"],
                "LogGroupNames": {"Ref": _LOG_GROUPS},
            },
        }
    }
    if rule.level not in _SILENT_LEVELS and ALARM not in query.missing:
        made[f"Alarm{own}"] = {
            "Type": _ALARM_TYPE,
            "Condition": "CreateAlarms",
            "Properties": _alarm(query),
        }
    return made


def no_alarm(rule: Rule, by: Sequence[str]) -> str:
    """Why a log alarm cannot run a rule that groups *by* these fields; empty if it can."""
    if rule.is_correlation and rule.schedule.step > rule.timespan:
        return "between two runs lies more than the rule's timespan, so most bursts would not be seen; shorten schedule.step."
    if _window(rule)["StartTimeOffset"] > _LONGEST_LOOK_BACK:
        return "a log alarm looks back 30 days at most, the delay or the step included."
    if len(by) > _MOST_GROUPS:
        return f"a log alarm groups by {_MOST_GROUPS} fields at most."
    return ""


def _window(rule: Rule) -> dict[str, int]:
    if rule.is_correlation:
        return {"StartTimeOffset": rule.timespan + rule.schedule.delay}
    return {"StartTimeOffset": rule.schedule.step + _OVERLAP}


def _alarm(query: InsightsQuery) -> dict[str, Any]:
    rule = query.rule
    by = f" by {', '.join(query.by)}" if query.by else ""
    return {
        "AlarmName": {"Fn::Sub": f"${{AWS::StackName}}-{rule.stem}"},
        "AlarmDescription": _description(rule),
        "ActionsEnabled": True,
        "AlarmActions": {"Fn::If": ["HasTopic", [{"Ref": "TopicArn"}], {"Ref": "AWS::NoValue"}]},
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "Threshold": 1,
        "QueryResultsToAlarm": 1,
        "QueryResultsToEvaluate": 1,
        "TreatMissingData": "notBreaching",
        "ScheduledQueryConfiguration": {
            "QueryString": query.deciding,
            "AggregationExpression": f"count(*){by}",
            "LogGroupIdentifiers": {"Ref": _LOG_GROUPS},
            "ScheduledQueryRoleARN": {"Fn::GetAtt": [_ROLE, "Arn"]},
            "ScheduleConfiguration": {"ScheduleExpression": _rate(rule.schedule.step), **_window(rule)},
        },
        "Tags": _tags({"sigma:id": rule.id, "sigma:version": str(rule.version), "sigma:level": rule.level}),
    }


def _tags(values: Mapping[str, str]) -> list[dict[str, str]]:
    """A tag for each value that there is; a rule of someone else's may have no id, and a tag is never empty."""
    return [{"Key": key, "Value": value} for key, value in values.items() if value]


def _rate(step: int) -> str:
    minutes = step // 60
    return f"rate({minutes} minute{'' if minutes == 1 else 's'})"


def _description(rule: Rule) -> str:
    """What an on-call engineer reads first, cut where CloudWatch cuts: level, response, false positives, then the rest."""
    parts = [
        f"{rule.title} ({rule.level}). Sigma rule{f' {rule.id}' if rule.id else ''}, version {rule.version}.",
        f"Response: {rule.response}" if rule.response else "",
        f"False positives: {' '.join(rule.falsepositives)}" if rule.falsepositives else "",
        rule.description,
    ]
    text = syntax.harmless(" ".join(part for part in parts if part))
    return text if len(text) <= _DESCRIPTION else text[: _DESCRIPTION - 1] + "…"
