"""A real OpenSearch node for tests, which make their own indexes on it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from amazon_q_detections.targets.opensearch import node
from amazon_q_detections.targets.opensearch.node import NEWEST, OLDER

__all__ = ["NEWEST", "OLDER", "Node"]


class Node:
    """Started on construction, stopped by `stop`; raises ContentError with what is missing when it does not come up."""

    def __init__(self, release: str = NEWEST) -> None:
        self._started = node.started(release)
        self.url = self._started.__enter__()

    def call(self, method: str, path: str, body: Any = None, *, lines: list[Any] | None = None) -> dict[str, Any]:
        """One request; *lines* are sent as a bulk body. Raises AssertionError with the answer of a failed one."""
        data = None if body is None else json.dumps(body).encode()
        kind = "application/json"
        if lines is not None:
            data, kind = "".join(json.dumps(line) + "\n" for line in lines).encode(), "application/x-ndjson"
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                found: dict[str, Any] = json.loads(answer.read() or b"{}")
                return found
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:2000]}") from error

    def index(self, name: str, template: dict[str, Any], records: list[dict[str, Any]], *, shards: int = 1) -> set[int]:
        """An index of that name as the template has it, and *records* in it by their number; the numbers of those rejected."""
        made = template["template"]
        settings = {**made.get("settings", {}), "number_of_shards": shards, "number_of_replicas": 0}
        self.call("PUT", f"/{name}", {"settings": settings, "mappings": made["mappings"]})
        if not records:
            return set()
        lines = [line for number, record in enumerate(records) for line in ({"index": {"_id": str(number)}}, record)]
        done = self.call("POST", f"/{name}/_bulk?refresh=true", lines=lines)
        return {number for number, item in enumerate(done["items"]) if "error" in item["index"]}

    def search(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a search; raises AssertionError where a shard gives none, which OpenSearch leaves out else."""
        return self.call("POST", f"/{name}/_search?allow_partial_search_results=false", body)

    def found(self, name: str, query: dict[str, Any]) -> set[int]:
        """The numbers of the records that a query finds."""
        answer = self.search(name, {"query": query, "size": 10_000, "_source": False})
        return {int(hit["_id"]) for hit in answer["hits"]["hits"]}

    def stop(self) -> None:
        """End the node and remove its data."""
        self._started.__exit__(None, None, None)
