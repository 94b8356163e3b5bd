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
    """The groups that a run has alerts for: the buckets that the trigger's condition selects, among records that match *only*."""
    search = rendered(node, monitor, end)
    if only is not None:
        search["query"]["bool"]["filter"].append(only)
    condition = monitor["triggers"][0]["bucket_level_trigger"]["condition"]
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
    """A burst as the query of a correlation tells it, but for its first event, of which there may be several at one time."""
    first, last = (record.iso_time(hit.records[place]) for place in (0, -1))
    return {"key": list(hit.group.values()), "from": first, "to": last, "events": len(hit.records)}
