"""Splunk: searches, and an app of saved searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from amazon_q_detections.conversion import pipeline, schema_of
from amazon_q_detections.target import Query, Target
from amazon_q_detections.targets.splunk import app, savedsearch
from amazon_q_detections.targets.splunk.backend import FaithfulSplunkBackend, Parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from amazon_q_detections.rule import Rule

# The name that `qdet convert --format savedsearch` gives the app, whose macros stand in the search.
_APP = "amazon_q_detections"


@dataclass(frozen=True)
class SplunkQuery(Query):
    """A rule as a search, with what its saved search is made from."""

    parts: Parts

    def stanza(self, app_name: str) -> savedsearch.Stanza:
        """Its saved search in the app called *app_name*."""
        return savedsearch.of(self.rule, self.parts, app_name)


class Splunk(Target[SplunkQuery]):
    """Splunk with the Add-on for AWS."""

    name: ClassVar[str] = "splunk"

    def compile(self, rule: Rule, schema: str) -> SplunkQuery:
        """See Target."""
        backend = FaithfulSplunkBackend(pipeline(f"{self.name}_{schema}"))
        _, meaning = backend.meaning_of(rule.collection())
        parts = backend.parts(meaning)
        savedsearch.name(rule)  # refuses the one that Splunk takes for something else
        by_arrival = () if rule.is_correlation else (savedsearch.BY_ARRIVAL,)
        return SplunkQuery(
            rule=rule,
            schema=schema,
            formats={"search": lambda: parts.text, "savedsearch": lambda: savedsearch.of(rule, parts, _APP).text},
            missing={},
            promise="complete" if rule.is_correlation else "each event once",
            assumptions=tuple(sorted((*parts.assumptions, *by_arrival))),
            parts=parts,
        )

    def bundle(self, queries: Sequence[SplunkQuery], *, name: str, schema: str) -> dict[str, bytes]:
        """See Target: an app directory and its archive."""
        return app.files(queries, name, schema_of(f"{self.name}_{schema}")["sourcetype"])
