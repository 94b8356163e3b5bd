"""The engine `opensearch`: each rule's query DSL, run on records in a temporary index of a real node."""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from amazon_q_detections import engine, found, record
from amazon_q_detections.conversion import schema_of
from amazon_q_detections.engine import Match
from amazon_q_detections.errors import ContentError, Refused
from amazon_q_detections.targets import opensearch
from amazon_q_detections.targets.opensearch import OpenSearch, correlations, node
from amazon_q_detections.targets.opensearch.client import Client
from amazon_q_detections.targets.opensearch.fields import Schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from amazon_q_detections.engine import Record, Session
    from amazon_q_detections.rule import Rule
    from amazon_q_detections.targets.opensearch import OpenSearchQuery
    from amazon_q_detections.targets.opensearch.mapping import Shape

    Document = dict[str, Any]

# The first release whose indexes hold fields with dots without objects.
_FLAT_SINCE = (3, 8)


class OpenSearchEngine:
    """Runs queries on a node: one that it starts for the session, or the session's own.

    On its index only the fields are mapped that the rules read; it is made for a search and goes with it.
    """

    def __init__(self, schema: str, session: Session) -> None:
        self._schema = schema
        self._session = session
        self._target = OpenSearch()

    def search(
        self,
        rules: Sequence[Rule],
        records: Iterable[Record],
        refused: Callable[[Refused], None] = engine.raise_refusal,
        lost: Callable[[ContentError], None] = engine.raise_lost,
    ) -> Iterator[Match]:
        """See Engine."""
        queries = found.compiled(self._target, self._schema, rules, refused)
        if not queries:
            return
        events = found.once(records)
        told: set[int] = set()
        correlated: list[Match] = []
        for some in self._sets(queries, refused):
            with self._filled(some, events) as (name, rejected):
                for number in rejected.keys() - told:
                    told.add(number)
                    lost(_lost(events[number], rejected[number]))
                for query in some:
                    matches = _matches(self._client, name, query, events)
                    if query.rule.is_correlation:
                        correlated.extend(matches)
                    else:
                        yield from matches
        yield from correlated

    def judge(self, rule: Rule, cases: Sequence[Sequence[Record]]) -> Sequence[bool]:
        """See Engine; all cases are in one index, and a query is asked about each."""
        (query,) = found.compiled(self._target, self._schema, [rule], engine.raise_refusal)
        apart = [found.once(case) for case in cases]
        events = [event for case in apart for event in case]
        (some,) = self._sets([query], engine.raise_refusal)
        with self._filled(some, events) as (name, rejected):
            for number, reason in rejected.items():
                raise _lost(events[number], reason)
            ends = [sum(len(case) for case in apart[: at + 1]) for at in range(len(apart))]
            spans = [range(end - len(case), end) for case, end in zip(apart, ends, strict=True)]
            if not rule.is_correlation:
                numbers = set(self._client.numbers(name, {"query": _body(query)["query"]}))
                return [not numbers.isdisjoint(span) for span in spans]
            answers = self._client.searches(name, [_among(_body(query), span) for span in spans])
            return [bool(_bursts(answer)) for answer in answers]

    @property
    def _client(self) -> Client:
        """The connection to the session's node, or to one that is started for it."""

        def connected() -> AbstractContextManager[Client]:
            return nullcontext(Client(self._session.url or self._session.keep("opensearch node", node.started)))

        return self._session.keep("opensearch client", connected)

    @property
    def _shape(self) -> Shape:
        return "flat" if self._client.release >= _FLAT_SINCE else "nested"

    def _template(self, queries: Sequence[OpenSearchQuery]) -> Document:
        made: Document = opensearch.template(queries, self._fields, self._shape)["template"]
        return made

    def _sets(self, queries: Sequence[OpenSearchQuery], refused: Callable[[Refused], None]) -> list[list[OpenSearchQuery]]:
        """The queries in sets whose fields one index can hold; *refused* is told of one that none can."""
        held: list[OpenSearchQuery] = []
        for query in queries:
            try:
                self._template([*held, query])
                held.append(query)
            except Refused as error:
                refused(error.within(stem=query.rule.stem, target=self._target.name))
        return [held] if self._shape == "flat" and held else opensearch.apart(held, self._fields)

    @property
    def _fields(self) -> Schema:
        return Schema.of(schema_of(f"{self._target.name}_{self._schema}"))

    @contextmanager
    def _filled(self, queries: Sequence[OpenSearchQuery], events: Sequence[Record]) -> Iterator[tuple[str, dict[int, str]]]:
        """A temporary index for *queries* that holds *events*; its name, and what it rejects of them by number."""
        made = self._template(queries)
        with self._client.index(made["mappings"], made.get("settings", {})) as name:
            yield name, dict(self._client.fill(name, enumerate(events)))


def _body(query: OpenSearchQuery) -> Document:
    body: Document = json.loads(query.text("dsl"))
    return body


def _matches(client: Client, name: str, query: OpenSearchQuery, events: Sequence[Record]) -> Iterator[Match]:
    body = _body(query)
    if not query.rule.is_correlation:
        yield from found.singles(query.rule, client.numbers(name, {"query": body["query"]}), events)
        return
    places = {str(event.get("eventID")): (record.microseconds(event) or 0, number) for number, event in enumerate(events)}
    names = found.key_names(query.rule)
    bursts = []
    for burst in _bursts(client.search(name, body)):
        group = dict(zip(names, map(record.text, burst["key"]), strict=True))
        ids = tuple(sorted(burst["event_ids"], key=places.__getitem__))
        moment = datetime.fromisoformat(burst["time"])
        bursts.append(
            (moment, tuple(group.values()), Match(query.rule, record.iso_time({"eventTime": burst["time"]}), ids, group))
        )
    yield from (match for *_, match in sorted(bursts, key=lambda one: one[:2]))


def _bursts(answer: Document) -> list[Document]:
    bursts: list[Document] = answer["aggregations"][correlations.NAME]["value"]
    return bursts


def _among(body: Document, numbers: range) -> Document:
    """The same search of the documents with these numbers only."""
    inside = {"ids": {"values": [str(number) for number in numbers]}}
    return {**body, "query": {"bool": {"filter": [inside], "must": [body["query"]]}}}


def _lost(event: Record, reason: str) -> ContentError:
    return ContentError(f"event {event.get('eventID')}", f"OpenSearch cannot hold the record: {reason}.")
