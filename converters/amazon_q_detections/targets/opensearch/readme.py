"""How to import the bundle, in its README."""

from __future__ import annotations

_TEXT = """\
# {name} for OpenSearch

`queries/` holds each rule as query DSL (`.dsl.json`, for `_search`) and as Lucene text (`.lucene`, for Dashboards, where it
can be said as text). `monitors/` holds one monitor a rule, disabled.

They are for an index made from one of the two templates here, on CloudTrail records with one record a document:

```sh
curl -X PUT "$URL/_index_template/{name}" -H 'Content-Type: application/json' -d @index-template.json
```

- `index-template.json` is for OpenSearch 2.15 and later. It rejects, loudly, a record that has an object where the rules
  read a value.
- `index-template-flat.json` is for 3.8 and later, and rejects no record.

Both are generated from the fields that the rules use; a rule of your own may need another field, so build your bundle with
it. Values above 10,922 characters stay in the record but are not searched.

```sh
curl -X POST "$URL/_plugins/_alerting/monitors" -H 'Content-Type: application/json' -d @monitors/RULE.json
```

You need the permissions `indices:admin/index_template/put` and `cluster:admin/opendistro/alerting/monitor/write`. A
monitor's name starts with `[qdet:<rule>]`; delete it by its id, `DELETE _plugins/_alerting/monitors/ID`. Add actions with
your own destinations, and enable it. More than 75 monitors that start at once need a higher
`script.context.template.max_compilations_rate`.
"""


def text(name: str) -> str:
    """The README of the bundle called *name*."""
    return _TEXT.format(name=name)
