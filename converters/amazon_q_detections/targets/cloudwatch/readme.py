"""How to import the bundle, in its README."""

from __future__ import annotations

_TEXT = """\
# {name} for CloudWatch

`queries/` holds each rule as a Logs Insights query, to paste into the console. Choose the log group of your trail, of the
Standard log class. A query on single events shows those of the time range; that of a correlation judges one window at the end
of the range, which its third line names.

A record is parsed where a query reads what stands behind its parameters, since Logs Insights discovers the first 200 fields
only; a column of the result can be empty for a longer record, the verdict is not affected.

## All queries, with CloudFormation

```sh
aws cloudformation deploy --stack-name {stack} --template-file template.yaml --s3-bucket YOUR_BUCKET \\
    --parameter-overrides LogGroupNames=YOUR_TRAIL_LOG_GROUP
```

The bucket is any that you may write to; CloudFormation reads a template above 51,200 bytes from there. Where the rules are more
than one template holds, `template-2.yaml` and so on are stacks of their own. You need `cloudformation:*Stack*`,
`cloudformation:*ChangeSet*`, `s3:PutObject`, `logs:PutQueryDefinition`, `logs:DescribeQueryDefinitions` and
`logs:DeleteQueryDefinition`. `aws cloudformation delete-stack --stack-name {stack}` takes everything away again.

## Alarms

Add `Alarms=create TopicArn=YOUR_SNS_TOPIC`, and `--capabilities CAPABILITY_IAM` for the role with which the alarms run their
queries (it may run queries on the log groups of this account and region, nothing else). You need `cloudwatch:*Alarm*`,
`iam:CreateRole`, `iam:PutRolePolicy`, `iam:DeleteRole`, `iam:DeleteRolePolicy` and `iam:PassRole` as well, and a region that
has CloudWatch log alarms. Rules of level informational get no alarm; `manifest.json` names other rules without one, and the
promise that each keeps.

Each event, or each group of a correlation, is a contributor of its rule's alarm: it notifies once, when it appears. An alarm
takes 500 of them a run and has 100 in alarm at most, so a rule that matches more often than that needs a filter first. Each
alarm runs its query on the rule's schedule and scans what the log groups received in its window; that is billed by the
gigabyte, so start with the rules you need.

## One query, with the command line

`query-definitions.json` is a list; each element is what `aws logs put-query-definition --cli-input-json` takes:

```sh
aws logs put-query-definition --log-group-names YOUR_TRAIL_LOG_GROUP \\
    --cli-input-json "$(jq '.[0]' query-definitions.json)"
```
"""


def text(name: str) -> str:
    """The README of the bundle called *name*."""
    return _TEXT.format(name=name, stack=name.replace("_", "-"))
