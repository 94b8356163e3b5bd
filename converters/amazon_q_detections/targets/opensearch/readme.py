"""How to import the bundle, in its README."""

from __future__ import annotations

_TEXT = """\
# {name} for OpenSearch

`queries/` holds each rule as query DSL (`.dsl.json`, for `_search`) and, where it can be said so, as Lucene text (`.lucene`,
for Dashboards, with the query bar switched from DQL to Lucene). `monitors/` holds one monitor a rule, disabled.
`manifest.json` says what is missing and why, what each monitor promises, and what its query assumes.

## Indices

They are for indices `cloudtrail-*` made from one of the two templates here, with one CloudTrail record a document, as it is.
Take its `eventID` as the document's `_id`, so that a record which is delivered twice counts once.

```sh
curl -X PUT "$URL/_index_template/{name}" -H 'Content-Type: application/json' -d @index-template-flat.json
```

- `index-template-flat.json` is the one to take, from OpenSearch 3.8 on; earlier ones refuse it, or leave arrays out of the
  index and say nothing. It rejects a record whose JSON OpenSearch does not read: more than 1,000 levels, a number of more than
  1,000 digits, a key that is there twice, has more than 50,000 characters or half a surrogate pair, or one of its own, such as
  `_id`, on the first level. CloudTrail writes none of these by itself; who calls an API with free JSON may.
- `index-template.json` is for OpenSearch 2.15 and later. It rejects also a record that has an object where the rules read a
  value, a value where they read an object (`"documents": "***"`), or a key that is empty, a dot, or has two dots in a row.

A record that is rejected is not searched, and whose call led to it is not seen: watch the errors of your bulk requests. Only
indices made afterwards use the template; of those that do, this shows the field:

```sh
curl "$URL/cloudtrail-*/_mapping/field/eventSource.cs"
```

An index takes one template, and OpenSearch refuses a second one for these indices. A rule of your own may need another field,
so build one bundle of your rules and these (`qdet build --rules DIR --with-builtin`) and put it in the place of this one.

## Monitors

A monitor only lacks an action with a destination of yours. One is in it, but for the id of a notification channel:

```sh
jq --arg id CHANNEL '.enabled = true | .triggers[0][].actions = [.ui_metadata.qdet.action + {{destination_id: $id}}]' \\
  monitors/RULE.json |
  curl -X POST "$URL/_plugins/_alerting/monitors" -H 'Content-Type: application/json' -d @-
```

- A monitor of single events sends a message for a run that finds some, at most one a throttle; take the throttle out of the
  action to be told of each run.
- A monitor of a correlation has an alert for each group, from the first run that sees a burst until its throttle has passed
  without an event of it, and sends one message for that. Where a group-by key is another field in each rule, it has one
  alert for all groups, and sends at most one message a throttle.
- A monitor reads what happened since the run before, 15 minutes late unless the rule says otherwise. Events of a run that is
  missed altogether, or that arrive later, are not seen by one of single events.

You need the permissions `indices:admin/index_template/put` and `cluster:admin/opendistro/alerting/monitor/write`. A
monitor's name starts with `[qdet:<rule>]`; delete it by its id, `DELETE _plugins/_alerting/monitors/ID`. More than 75 monitors
that start at once need a higher `script.context.template.max_compilations_rate`.

## Queries

The query of a correlation reads all that is in the indices, and tells each burst with its group, times, number of events and
their ids. Add a range to its `filter`, such as `{{"range": {{"eventTime": {{"gte": "now-7d"}}}}}}`.

Wildcards, regular expressions and the fields `exists_…` and `keyword_…` need the cluster setting
`search.allow_expensive_queries`, which is on unless somebody has switched it off. Without it a search fails, or as Lucene text
finds nothing.
"""


def text(name: str) -> str:
    """The README of the bundle called *name*."""
    return _TEXT.format(name=name)
