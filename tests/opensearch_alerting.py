"""What the alerting plugin does with a monitor, done on a node without it (its code: InputService, BucketSelectorExt)."""

from __future__ import annotations

from typing import Any

from opensearch_node import Node

from amazon_q_detections import record, timeline


def rendered(node: Node, monitor: dict[str, Any], end: float) -> dict[str, Any]:
    """The search of a run that ends then (s since 1970), rendered by the node as the plugin does."""
    source = monitor["inputs"][0]["search"]["query"]
    start = end - monitor["schedule"]["period"]["interval"] * 60
    params = {"period_start": int(start * 1000), "period_end": int(end * 1000)}
    search: dict[str, Any] = node.call("POST", "/_render/template", {"source": source, "params": params})["template_output"]
    return search


def groups(
    node: Node, index: str, monitor: dict[str, Any], end: float, only: dict[str, Any] | None = None
) -> set[tuple[str, ...]]:
    """The groups that a run of a correlation's monitor sees bursts of, among records that match *only*."""
    search = rendered(node, monitor, end)
    if only is not None:
        search["query"]["bool"]["filter"].append(only)
    (trigger,) = monitor["triggers"]
    if "query_level_trigger" in trigger:
        return _bursts(node, index, search, trigger["query_level_trigger"]["condition"]["script"]["source"])
    return _buckets(node, index, search, trigger["bucket_level_trigger"]["condition"])


def _bursts(node: Node, index: str, search: dict[str, Any], condition: str) -> set[tuple[str, ...]]:
    """Those that the search of a monitor tells which has one alert for all groups."""
    answer = node.search(index, search)
    script = {"source": f"def ctx = params.ctx; return {condition};", "params": {"ctx": {"results": [answer]}}}
    triggered = node.call("POST", "/_scripts/painless/_execute", {"script": script})["result"]
    found = answer["aggregations"]["corr"]["value"]
    assert triggered == ("true" if found else "false")
    return {tuple(burst["key"]) for burst in found}


def _buckets(node: Node, index: str, search: dict[str, Any], condition: dict[str, Any]) -> set[tuple[str, ...]]:
    """The buckets that a trigger's condition selects, page after page."""
    name = condition["parent_bucket_path"]
    search["aggs"][name]["aggs"]["selected"] = {
        "bucket_selector": {key: condition[key] for key in ("buckets_path", "script", "gap_policy")}
    }
    found: set[tuple[str, ...]] = set()
    while True:
        page = node.search(index, search)["aggregations"][name]
        found.update(() if "all" in bucket["key"] else tuple(bucket["key"].values()) for bucket in page["buckets"])
        if "after_key" not in page:
            return found
        search["aggs"][name]["composite"]["after"] = page["after_key"]


def told(hit: timeline.Hit) -> dict[str, Any]:
    """A burst as the query of a correlation tells it."""
    first, last = (record.iso_time(hit.records[place]) for place in (0, -1))
    events = sorted(hit.records, key=lambda event: (record.microseconds(event) or 0, str(event.get("eventID", ""))))
    return {
        "key": list(hit.group.values()),
        "from": first,
        "to": last,
        "time": hit.iso_time,
        "events": len(hit.records),
        "event_ids": [str(event["eventID"]) for event in events if "eventID" in event],
    }
