"""A rule as a monitor of the alerting plugin (OpenSearch documentation, "Alerting", "Monitors", "Alerting API").

A run looks at the events between its start and its end, both shifted back by the delay; a correlation looks back its
timespan more and reports what was completed since the run before.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from amazon_q_detections.errors import Refused
from amazon_q_detections.targets.opensearch import correlations, mapping

if TYPE_CHECKING:
    from amazon_q_detections.rule import Rule

# Field limit of a script's source; a search is compiled as one mustache script.
_LONGEST_BODY = 65_535
_SEVERITY = {"critical": "1", "high": "2", "medium": "3", "low": "4", "informational": "5"}
_END = "{{period_end}}"

_FOUND = "ctx.results.size() > 0 && ctx.results[0].hits.total.value > 0"
_CORRELATED = (
    "ctx.results.size() > 0 && ctx.results[0].aggregations != null"
    f" && ctx.results[0].aggregations.{correlations.NAME}.value.size() > 0"
)


def of(rule: Rule, body: dict[str, Any], time: str, columns: list[str]) -> dict[str, Any]:
    """The body of `POST _plugins/_alerting/monitors`, disabled; raises Refused for what the plugin cannot carry."""
    search = _correlation(rule, body, time) if rule.is_correlation else _single(rule, body, time, columns)
    _refuse_mustache(search, rule)
    if len(json.dumps(search)) > _LONGEST_BODY:
        raise Refused("a search this long", f"a monitor takes {_LONGEST_BODY} bytes.")
    return {
        "type": "monitor",
        "monitor_type": "query_level_monitor",
        "name": f"[qdet:{rule.stem}] {rule.title}",
        "enabled": False,
        "schedule": {"period": {"interval": rule.schedule.step // 60, "unit": "MINUTES"}},
        "inputs": [{"search": {"indices": [mapping.INDEX_PATTERN], "query": search}}],
        "triggers": [
            {
                "query_level_trigger": {
                    "id": rule.id,
                    "name": f"{rule.level}: {rule.stem} version {rule.version}",
                    "severity": _SEVERITY[rule.level],
                    "condition": {"script": {"source": _CORRELATED if rule.is_correlation else _FOUND, "lang": "painless"}},
                    "actions": [],
                }
            }
        ],
        "ui_metadata": {"search": {"searchType": "query"}, "qdet": _about(rule)},
    }


def _single(rule: Rule, body: dict[str, Any], time: str, columns: list[str]) -> dict[str, Any]:
    schedule = rule.schedule
    window = {
        "gte": f"{_END}||-{schedule.delay + schedule.step}s",
        "lt": f"{_END}||-{schedule.delay}s",
        "format": "epoch_millis",
    }
    query = {"bool": {"filter": [{"range": {time: window}}, body["query"]]}}
    return {"size": 100, "_source": columns, "track_total_hits": True, "query": query, "sort": [{time: "desc"}]}


def _correlation(rule: Rule, body: dict[str, Any], time: str) -> dict[str, Any]:
    schedule = rule.schedule
    search: dict[str, Any] = copy.deepcopy(body)
    window = {
        "gte": f"{_END}||-{schedule.delay + schedule.step + rule.timespan}s",
        "lte": f"{_END}||-{schedule.delay}s",
        "format": "epoch_millis",
    }
    search["query"]["bool"]["filter"] = [{"range": {time: window}}]
    params = search["aggs"][correlations.NAME]["scripted_metric"]["params"]
    params |= {"end": _END, "step": schedule.step * 1000, "delay": schedule.delay * 1000}
    return search


def _refuse_mustache(node: Any, rule: Rule) -> None:
    """The plugin renders the search as a mustache template, which would eat braces that a rule's value has."""
    if isinstance(node, dict):
        for key, value in node.items():
            _refuse_mustache(key, rule)
            _refuse_mustache(value, rule)
    elif isinstance(node, list):
        for value in node:
            _refuse_mustache(value, rule)
    elif isinstance(node, str) and "{{" in node.replace(_END, ""):
        raise Refused("a value with {{", "the alerting plugin reads it as a template.", stem=rule.stem)


def _about(rule: Rule) -> dict[str, Any]:
    """What the plugin keeps but does not read: who this is and what to do."""
    return {
        "id": rule.id,
        "version": rule.version,
        "level": rule.level,
        "risk": rule.risk,
        "description": rule.description,
        "falsepositives": list(rule.falsepositives),
        "response": rule.response,
        "tags": list(rule.tags),
    }
