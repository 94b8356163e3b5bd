"""A node of OpenSearch as the engine uses it: indexes of its own, bulk, searches."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from amazon_q_detections.errors import ContentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from opensearchpy import OpenSearch

    Document = dict[str, Any]

PREFIX = "qdet-hunt-"
"""What the name of each index of ours starts with; no other index is ever touched."""

_LEAST_RELEASE = (2, 15)
_BULK = 500
_PAGE = 5000
_TIMEOUT = 120  # s


class Client:
    """A connection to the node at *url*; raises ContentError where there is none, or one of an old release.

    The environment variables OPENSEARCH_USERNAME and OPENSEARCH_PASSWORD are its credentials, unless the address has some. The
    certificate of a TLS address is verified.
    """

    def __init__(self, url: str) -> None:
        # Imported late: it takes 0.2 s, and only this engine needs it.
        from opensearchpy import OpenSearch, OpenSearchException

        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ContentError("--url", f"{url!r} is no address of a node.", mend="Write https://host:9200.")
        user, password = os.environ.get("OPENSEARCH_USERNAME"), os.environ.get("OPENSEARCH_PASSWORD")
        credentials = (user, password) if user and password and not parts.username else None
        self._node: OpenSearch = OpenSearch([url], http_auth=credentials, verify_certs=True, timeout=_TIMEOUT, max_retries=2)
        try:
            told = self._node.info()["version"]
        except (OpenSearchException, KeyError, TypeError, ValueError) as error:
            reason = getattr(error, "error", None) or str(error)
            raise ContentError("--url", f"{parts.hostname} does not answer as OpenSearch: {reason}.") from error
        numbers = re.findall(r"\d+", str(told.get("number", "")))[:2]
        self.release = tuple(map(int, numbers))
        if told.get("distribution") != "opensearch" or self.release < _LEAST_RELEASE:
            number = f"{told.get('distribution', 'another product')} {told.get('number')}"
            raise ContentError("--url", f"{parts.hostname} is {number}; OpenSearch 2.15 or newer is needed.")

    @contextmanager
    def index(self, mappings: Document, settings: Document) -> Iterator[str]:
        """The name of a new index, which goes with the context."""
        name = f"{PREFIX}{uuid4().hex}"
        body = {"settings": {**settings, "number_of_shards": 1, "number_of_replicas": 0, "refresh_interval": -1}}
        self._node.indices.create(index=name, body={**body, "mappings": mappings})
        try:
            yield name
        finally:
            self._node.indices.delete(index=name, ignore_unavailable=True)

    def fill(self, name: str, documents: Iterable[tuple[int, Document]]) -> Iterator[tuple[int, str]]:
        """Put numbered documents into an index of ours; the numbers of those that it rejects, with the reason."""
        from opensearchpy.helpers import streaming_bulk

        actions = ({"_index": name, "_id": str(number), "_source": document} for number, document in documents)
        for good, item in streaming_bulk(self._node, actions, chunk_size=_BULK, raise_on_error=False):
            if not good:
                told = item["index"]
                error = told.get("error") or {}
                cause = (error.get("caused_by") or {}) if isinstance(error, dict) else {}
                yield int(told["_id"]), str(cause.get("reason") or (error.get("reason") if isinstance(error, dict) else error))
        self._node.indices.refresh(index=name)

    def numbers(self, name: str, query: Document) -> list[int]:
        """The numbers of all documents that a query finds, in order."""
        from opensearchpy.helpers import scan

        hits = scan(self._node, index=name, query={**query, "_source": False}, size=_PAGE, preserve_order=False)
        return sorted(int(hit["_id"]) for hit in hits)

    def search(self, name: str, body: Document) -> Document:
        """The answer to a search, of all shards."""
        answer: Document = self._node.search(index=name, body=body, params={"allow_partial_search_results": "false"})
        return answer

    def searches(self, name: str, bodies: Sequence[Document]) -> list[Document]:
        """The answers to several searches."""
        if not bodies:
            return []
        lines = [line for body in bodies for line in ({"index": name}, body)]
        answers: list[Document] = self._node.msearch(body=lines)["responses"]
        for answer in answers:
            if "error" in answer:
                raise ContentError("--engine opensearch", f"a search failed: {answer['error']}.")
        return answers
