"""How to import the bundle, in its README."""

from __future__ import annotations

_TEXT = """\
# {name} for CloudWatch

`queries/` holds each rule as a Logs Insights query, to paste into the console. Choose the log group of your trail.

## All queries, with CloudFormation

```sh
aws cloudformation deploy --stack-name {stack} --template-file template.yaml \\
    --parameter-overrides LogGroupNames=YOUR_TRAIL_LOG_GROUP
```

A template above 51,200 bytes needs `--s3-bucket BUCKET` on that command. Where the rules are more than one template holds,
`template-2.yaml` and so on are stacks of their own. You need `cloudformation:*Stack*`, `logs:PutQueryDefinition`,
`logs:DescribeQueryDefinitions` and `logs:DeleteQueryDefinition`. `aws cloudformation delete-stack` takes everything away again.

## Alarms

Add `Alarms=create TopicArn=YOUR_SNS_TOPIC`, and `--capabilities CAPABILITY_IAM` for the role with which the alarms run their
queries (it may run queries on the log groups of this account and region, nothing else). This needs a region that has
CloudWatch log alarms. Rules of level informational get no alarm. Each alarm runs its query on the rule's schedule and
scans what the log groups received in its window; that is billed by the gigabyte, so start with the rules you need.
`manifest.json` has the promise each keeps.

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
