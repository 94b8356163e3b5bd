"""A rule as a monitor of the alerting plugin (OpenSearch documentation, "Alerting", "Monitors", "Alerting API").

A run looks at the events between its start and its end, both shifted back by the delay. One of a correlation counts in each
group the bursts that were completed within the throttle, on the events of its timespan more: so the plugin, which keeps an
alert for each group until a run does not see it, has one for a burst, however many runs see it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import correlations, mapping

if TYPE_CHECKING:
    from amazon_q_detections.rule import Rule
    from amazon_q_detections.targets.opensearch.fields import Schema

# A search is compiled as one mustache script (node setting `script.max_size_in_bytes`), in which the plugin writes out what the
# search leaves to defaults: 22 bytes for each of its objects at most, and 300 beside.
_LONGEST_SCRIPT = 65_535
_DEFAULTS = 25
_DEFAULTS_BESIDE = 1000
# Minutes that the plugin takes for a throttle.
_MOST_THROTTLE = 1440
_SEVERITY = {"critical": "1", "high": "2", "medium": "3", "low": "4", "informational": "5"}
_END = "{{period_end}}"

_FOUND = "ctx.results.size() > 0 && ctx.results[0].hits.total.value > 0"
_BURST_FOUND = (
    "ctx.results.size() > 0 && ctx.results[0].aggregations != null && "
    f"ctx.results[0].aggregations.{correlations.NAME}.value.size() > 0"
)
_SUBJECT = "{{ctx.trigger.name}}"
_HITS = (
    "{{ctx.monitor.name}}\n{{#ctx.results.0.hits.hits}}{{_source.eventTime}} {{_source.eventName}} by "
    "{{_source.userIdentity.arn}} from {{_source.sourceIPAddress}}, event {{_source.eventID}}\n{{/ctx.results.0.hits.hits}}"
)
_GROUPS = "{{ctx.monitor.name}}\n{{#ctx.newAlerts}}{{bucket_keys}}\n{{/ctx.newAlerts}}"
_VALUE = f"ctx.results.0.aggregations.{correlations.NAME}.value"
_BURSTS = (
    "{{ctx.monitor.name}}\n"
    f"{{{{#{_VALUE}}}}}"
    "{{#key}}{{.}} {{/key}}from {{from}} to {{to}}, {{events}} events\n"
    f"{{{{/{_VALUE}}}}}"
)


def of(rule: Rule, body: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """The body of `POST _plugins/_alerting/monitors`, disabled; raises Refused for what the plugin cannot carry."""
    _refuse_mustache(body)
    search = _correlation(rule, body, schema) if rule.is_correlation else _single(rule, body, schema)
    _refuse_too_long(json.dumps(search))
    kind = "bucket_level" if _has_groups(rule, body) else "query_level"
    return {
        "type": "monitor",
        "monitor_type": f"{kind}_monitor",
        "name": f"[qdet:{rule.stem}] {rule.title}",
        "enabled": False,
        "schedule": {"period": {"interval": rule.schedule.step // 60, "unit": "MINUTES"}},
        "inputs": [{"search": {"indices": [mapping.INDEX_PATTERN], "query": search}}],
        "triggers": [{f"{kind}_trigger": _trigger(rule, body)}],
        "ui_metadata": {"search": {"searchType": "query"}, "qdet": _about(rule, body)},
    }


def _has_groups(rule: Rule, body: dict[str, Any]) -> bool:
    """Whether there is an alert for each group; where a key is another field in each rule, there is one for the rule."""
    return rule.is_correlation and correlations.grouped(body)


def _single(rule: Rule, body: dict[str, Any], schema: Schema) -> dict[str, Any]:
    schedule = rule.schedule
    window = {
        "gte": f"{_END}||-{schedule.delay + schedule.step}s",
        "lt": f"{_END}||-{schedule.delay}s",
        "format": "epoch_millis",
    }
    return {
        "size": 100,
        "_source": list(schema.columns),
        "track_total_hits": True,
        "query": {"bool": {"filter": [{"range": {schema.time: window}}, body["query"]]}},
        "sort": body["sort"],
    }


def _correlation(rule: Rule, body: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """Bursts are looked for in what happened within the reach, and the timespan before, from which they may come."""
    schedule = rule.schedule
    reach = max(schedule.step, schedule.throttle)
    window = {
        "gte": f"{_END}||-{schedule.delay + reach + rule.timespan}s",
        "lte": f"{_END}||-{schedule.delay}s",
        "format": "epoch_millis",
    }
    params = {"end": _END, "delay": schedule.delay * 1000, "reach": reach * 1000}
    return correlations.watched(body, [{"range": {schema.time: window}}], params)


def _trigger(rule: Rule, body: dict[str, Any]) -> dict[str, Any]:
    """Its id is the rule's; without one the plugin gives it one."""
    named = {"id": rule.id} if rule.id else {}
    named |= {"name": f"{rule.level}: {rule.stem} version {rule.version}", "severity": _SEVERITY[rule.level]}
    if not _has_groups(rule, body):
        found = _BURST_FOUND if rule.is_correlation else _FOUND
        return {**named, "condition": {"script": {"source": found, "lang": "painless"}}, "actions": []}
    condition = {
        "buckets_path": {"bursts": f"{correlations.NAME}.value"},
        "parent_bucket_path": correlations.GROUPS,
        "script": {"source": "params.bursts > 0", "lang": "painless"},
        "gap_policy": "skip",
    }
    return {**named, "condition": condition, "actions": []}


def _refuse_too_long(search: str) -> None:
    written = len(search) + _DEFAULTS * search.count("{") + _DEFAULTS_BESIDE
    if written > _LONGEST_SCRIPT:
        raise Refused(f"a search of {written} bytes", f"a monitor's may have {_LONGEST_SCRIPT}.")


def _refuse_mustache(node: Any) -> None:
    """The plugin renders the search as a mustache template, which would eat or fill in braces that a rule's value has."""
    if isinstance(node, dict):
        for key, value in node.items():
            _refuse_mustache(key)
            _refuse_mustache(value)
    elif isinstance(node, list):
        for value in node:
            _refuse_mustache(value)
    elif isinstance(node, str) and "{{" in node:
        raise Refused("a value with {{", "the alerting plugin reads it as a template.")


def _about(rule: Rule, body: dict[str, Any]) -> dict[str, Any]:
    """What the plugin keeps but does not read: who this is, what to do, and an action that only lacks its destination."""
    return {
        "id": rule.id,
        "version": rule.version,
        "level": rule.level,
        "risk": rule.risk,
        "description": rule.description,
        "falsepositives": list(rule.falsepositives),
        "response": rule.response,
        "tags": list(rule.tags),
        "action": _action(rule, body),
    }


def _action(rule: Rule, body: dict[str, Any]) -> dict[str, Any]:
    """A message once a burst: for a new alert of a group, or for events or bursts of a rule once a throttle."""
    has_groups = _has_groups(rule, body)
    message = _GROUPS if has_groups else _BURSTS if rule.is_correlation else _HITS
    action: dict[str, Any] = {
        "name": "notify",
        "subject_template": {"source": _SUBJECT, "lang": "mustache"},
        "message_template": {"source": message, "lang": "mustache"},
    }
    if has_groups:
        once = {"per_alert": {"actionable_alerts": ["NEW"]}}
        return {**action, "throttle_enabled": False, "action_execution_policy": {"action_execution_scope": once}}
    minutes = min(max(rule.schedule.throttle // 60, 1), _MOST_THROTTLE)
    return {**action, "throttle_enabled": True, "throttle": {"value": minutes, "unit": "MINUTES"}}
