"""Correlations as one `scripted_metric` each, exact on ties and on both ends of the window.

The scripts are the same for all rules and only the parameters differ, since a node compiles few scripts in a short time
(OpenSearch documentation, "Scripted metric", "Script APIs").
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import dsl, fields

if TYPE_CHECKING:
    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.targets.opensearch.dsl import Clause, Writer
    from amazon_q_detections.targets.opensearch.fields import Schema

KINDS = ("event_count", "value_count", "temporal", "temporal_ordered")
# A score is a float, whose whole numbers are exact up to 2**24.
_MOST_RULES = 24
_ID = "eventID"
# Groups a page; the alerting plugin reads them all, page after page.
_PAGE = 1000
_ALL: dict[str, Any] = {"all": {"terms": {"script": {"source": "'all'", "lang": "painless"}}}}
NAME = "corr"
GROUPS = "groups"


def body(correlation: Correlation, writer: Writer, schema: Schema) -> dict[str, Any]:
    """The search that tells every burst in the index; raises Refused for what has no exact form."""
    if correlation.kind not in KINDS or correlation.expression is not None:
        raise Refused(f"this correlation of type {correlation.kind}", "this release does not write it for OpenSearch.")
    if len(correlation.members) > _MOST_RULES:
        raise Refused(f"a correlation of {len(correlation.members)} rules", f"OpenSearch tells {_MOST_RULES} apart.")
    params: dict[str, Any] = {
        "time": schema.time,
        "id": f"{_ID}.cs",
        "kind": correlation.kind,
        "keys": [f"{field}.cs" for field in keys(correlation, schema)],
        "span": correlation.timespan * 1000,
        "least": correlation.threshold,
        "rules": len(correlation.members),
    }
    if correlation.field:
        params["value"] = f"{schema.checked(correlation.field)}.cs"
    return {
        "size": 0,
        "query": {"bool": {"filter": [{"exists": {"field": schema.time}}], "must": [_members(correlation, writer)]}},
        "aggs": {NAME: {"scripted_metric": _scripts(params)}},
    }


def watched(body: dict[str, Any], filters: list[Clause], params: dict[str, Any]) -> dict[str, Any]:
    """The search of a monitor for the bursts of *body*: how many each group has, on events of *filters*."""
    told = body["aggs"][NAME]["scripted_metric"]["params"]
    counted = {key: value for key, value in told.items() if key != "id"} | {"keys": []} | params
    sources = [{fields.flat(key.removesuffix(".cs")): {"terms": {"field": key}}} for key in told["keys"]] or [_ALL]
    return {
        "size": 0,
        "query": {"bool": {"filter": filters, "must": body["query"]["bool"]["must"]}},
        "aggs": {
            GROUPS: {
                "composite": {"size": _PAGE, "sources": sources},
                "aggs": {NAME: {"scripted_metric": _scripts(counted)}},
            }
        },
    }


def keys(correlation: Correlation, schema: Schema) -> list[str]:
    """The fields of the group-by keys; raises Refused where a key is another field in each rule, or two are one."""
    found: list[str] = []
    for key in correlation.group_by:
        if key.field is None:
            raise Refused(f"the alias {key.name} for different fields", "this release does not write it for OpenSearch.")
        if key.field in found:
            raise Refused(f"the field {key.field} as two group-by keys", "one is enough.")
        found.append(schema.checked(key.field))
    return found


def read(correlation: Correlation, schema: Schema) -> list[str]:
    """The fields that a correlation reads beside those of its rules: its keys, and what it counts."""
    return [*keys(correlation, schema), *([schema.checked(correlation.field)] if correlation.field else [])]


def _scripts(params: dict[str, Any]) -> dict[str, Any]:
    return {
        "params": params,
        "init_script": "state.rows = new ArrayList()",
        "map_script": _script("correlation_map"),
        "combine_script": "return state.rows",
        "reduce_script": _script("correlation_reduce"),
    }


def _members(correlation: Correlation, writer: Writer) -> Clause:
    """Each rule adds its bit to the score, so that the score says which rules an event matches."""
    bits = [
        {"constant_score": {"filter": writer.clause(member.condition), "boost": 2**number}}
        for number, member in enumerate(correlation.members)
    ]
    return dsl.refuse_too_many({"bool": {"should": bits, "minimum_should_match": 1}})


@cache
def _script(name: str) -> str:
    """A script of this folder without its comments and line breaks, which a monitor need not carry."""
    lines = Path(__file__).with_name(f"{name}.painless").read_text(encoding="utf-8").splitlines()
    return " ".join(line.strip() for line in lines if line.strip() and not line.strip().startswith("//"))
