"""Correlations as one `scripted_metric` each, exact on ties and on both ends of the window.

The scripts are the same for all rules and only the parameters differ, since a node compiles few scripts in a short time
(OpenSearch documentation, "Scripted metric", "Script APIs").
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaRuleReference,
)

from amazon_q_detections import window
from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import dsl, fields, painless

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.targets.opensearch.dsl import Clause, Writer
    from amazon_q_detections.targets.opensearch.fields import Schema

# A score is a float, whose whole numbers are exact up to 2**24.
_MOST_RULES = 24
_ID = "eventID"
# Groups a page; the alerting plugin reads them all, page after page.
_PAGE = 1000
_ALL: dict[str, Any] = {"all": {"terms": {"script": {"source": "'all'", "lang": "painless"}}}}
NAME = "corr"
GROUPS = "groups"


def body(correlation: Correlation, writer: Writer, schema: Schema) -> dict[str, Any]:
    """The search that tells every burst in the index; raises Refused for what has no exact form.

    `aggregations.corr.value` of its answer is a list with an object for each burst, in the order of `from`: `key`, the values
    of the group-by keys in the order of the rule; `from` and `to`, the times of its first and last event, and `time`, that of
    the first event with which a span satisfies the rule (ISO-8601, UTC); `events`, their number; `event_ids`, the ids of
    those that have one, by time and then by id.
    """
    window.maker(correlation)()  # which refuses what has no meaning on a window
    if len(correlation.members) > _MOST_RULES:
        raise Refused(f"a correlation of {len(correlation.members)} rules", f"OpenSearch tells {_MOST_RULES} apart.")
    params: dict[str, Any] = {
        "time": schema.time,
        "id": f"{_ID}.cs",
        "kind": correlation.kind,
        "keys": [_cased(names) for names in keys(correlation, schema)],
        "span": correlation.timespan * 1000,
        "rules": len(correlation.members),
        **_condition(correlation, schema),
    }
    return {
        "size": 0,
        "query": {"bool": {"filter": [{"exists": {"field": schema.time}}], "must": [_members(correlation, writer)]}},
        "aggs": {NAME: {"scripted_metric": _scripts(params)}},
    }


def grouped(body: dict[str, Any]) -> bool:
    """Whether OpenSearch itself can make the groups of *body*, since each key is one field."""
    return all(isinstance(key, str) for key in body["aggs"][NAME]["scripted_metric"]["params"]["keys"])


def watched(body: dict[str, Any], filters: list[Clause], params: dict[str, Any]) -> dict[str, Any]:
    """The search of a monitor for the bursts of *body*, on events of *filters*: how many each group has, or which there are."""
    told = {key: value for key, value in body["aggs"][NAME]["scripted_metric"]["params"].items() if key != "id"} | params
    search = {"size": 0, "query": {"bool": {"filter": filters, "must": body["query"]["bool"]["must"]}}}
    if not grouped(body):
        return {**search, "aggs": {NAME: {"scripted_metric": _scripts(told)}}}
    sources = [{fields.flat(key.removesuffix(".cs")): {"terms": {"field": key}}} for key in told["keys"]] or [_ALL]
    counted = {NAME: {"scripted_metric": _scripts(told | {"keys": [], "counted": True})}}
    return {**search, "aggs": {GROUPS: {"composite": {"size": _PAGE, "sources": sources}, "aggs": counted}}}


def keys(correlation: Correlation, schema: Schema) -> list[list[str]]:
    """For each group-by key its field, or its fields in the rules in turn; raises Refused where two keys are one."""
    found: list[list[str]] = []
    for key in correlation.group_by:
        names = [schema.checked(field) for field in ((key.field,) if key.field else key.fields)]
        if names in found:
            raise Refused(f"the field {' and '.join(dict.fromkeys(names))} as two group-by keys", "one is enough.")
        found.append(names)
    return found


def _cased(names: list[str]) -> str | list[str]:
    """Where an index has the values as they are: of the one field, or of one for each rule."""
    found = [f"{field}.cs" for field in names]
    return found[0] if len(found) == 1 else found


def _condition(correlation: Correlation, schema: Schema) -> dict[str, Any]:
    """The parameters that say when a window satisfies the rule."""
    match correlation.kind:
        case "value_count":
            return {"least": correlation.threshold, "value": f"{schema.checked(str(correlation.field))}.cs"}
        case "value_sum":
            strict = correlation.op == "gt"  # a sum need not be whole, so `gt 10` is not `gte 11`
            path = schema.checked(str(correlation.field)).split(".")
            return {"least": correlation.count, "strict": strict, "amount": path}
        case "temporal":
            names = [member.name for member in correlation.members]
            every = {"and": list(range(len(names)))}
            return {"condition": _written(correlation.expression.parsed, names) if correlation.expression else every}
        case "temporal_ordered":
            return {}
    return {"least": correlation.threshold}


def _written(node: CorrelationConditionItem | SigmaRuleReference, names: Sequence[str]) -> Any:
    """A part of an extended condition: the number of a rule, or an object of one operator."""
    match node:
        case SigmaRuleReference():
            return names.index(node.reference)
        case CorrelationConditionNOT():
            return {"not": _written(node.args[0], names)}
        case CorrelationConditionAND():
            return {"and": [_written(arg, names) for arg in node.args]}
        case CorrelationConditionOR():
            return {"or": [_written(arg, names) for arg in node.args]}
    raise AssertionError(node)


def read(correlation: Correlation, schema: Schema) -> list[str]:
    """The fields that an index must have for a correlation beside those of its rules: its keys, and what it counts.

    Amounts are read from the record, since an index has each value of an array once.
    """
    counted = [schema.checked(str(correlation.field))] if correlation.kind == "value_count" else []
    return [*(field for names in keys(correlation, schema) for field in names), *counted]


def _scripts(params: dict[str, Any]) -> dict[str, Any]:
    return {
        "params": params,
        "init_script": "state.rows = new ArrayList()",
        "map_script": painless.script("correlation_map"),
        "combine_script": "return state.rows",
        "reduce_script": painless.script("correlation_reduce"),
    }


def _members(correlation: Correlation, writer: Writer) -> Clause:
    """Each rule adds its bit to the score, so that the score says which rules an event matches."""
    bits = [
        {"constant_score": {"filter": writer.clause(member.condition), "boost": 2**number}}
        for number, member in enumerate(correlation.members)
    ]
    return dsl.refuse_too_many({"bool": {"should": bits, "minimum_should_match": 1}})
