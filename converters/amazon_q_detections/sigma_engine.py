"""The engine `sigma`: the meaning of a rule itself, our evaluator of Sigma on CloudTrail records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from amazon_q_detections import casing, engine, record
from amazon_q_detections.engine import Match, Unseen
from amazon_q_detections.errors import ContentError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from amazon_q_detections.condition import Condition
    from amazon_q_detections.correlation import Correlation
    from amazon_q_detections.engine import Record
    from amazon_q_detections.rule import Rule


class SigmaEngine:
    """Evaluates docs/semantics.md on each record, and slides the windows of correlations over all of them."""

    def search(
        self,
        rules: Sequence[Rule],
        records: Iterable[Record],
        refused: Callable[[Refused], None] = engine.raise_refusal,
        lost: Callable[[ContentError], None] = engine.raise_lost,  # noqa: ARG002  # it holds any record
    ) -> Iterator[Match]:
        """See Engine."""
        hunt = _Hunt()
        for rule in rules:
            try:
                hunt.add(rule)
            except Refused as error:
                refused(error.within(stem=rule.stem))
            except ContentError as error:
                refused(Refused("a rule that is none", str(error), stem=rule.stem))
        for event in records:
            yield from hunt.meet(event)
        yield from hunt.bursts()

    def judge(self, rule: Rule, cases: Sequence[Sequence[Record]]) -> Sequence[bool]:
        """See Engine."""
        return [any(True for _ in self.search([rule], case)) for case in cases]


class _Hunt:
    """The rules of one search, and what correlations have gathered so far."""

    def __init__(self) -> None:
        self._singles = _BySource()
        self._members = _BySource()
        self._counted: list[tuple[Rule, Correlation, _Gather]] = []

    def add(self, rule: Rule) -> None:
        """Raises Refused or ContentError for a rule that cannot be run."""
        # Imported late, with pySigma, so that `qdet list engines` does without it.
        from amazon_q_detections import condition, predicate
        from amazon_q_detections.correlation import Correlation

        meaning = _meaning(rule)
        if not isinstance(meaning, Correlation):
            self._singles.add(condition.pinned(meaning, "eventSource"), predicate.compile(meaning), (rule, Unseen()))
            return
        gather = _Gather([], Unseen())
        self._counted.append((rule, meaning, gather))
        # One test for all its members: an event that several of them match is kept once, also without an eventID.
        counted = condition.Or(tuple(member.condition for member in meaning.members))
        self._members.add(condition.pinned(counted, "eventSource"), predicate.compile(counted), gather)

    def meet(self, event: Record) -> Iterator[Match]:
        """What the record raises by itself."""
        for matches, (rule, new) in self._singles.of(event):
            if matches(event) and new(event):
                yield Match(rule, record.iso_time(event), engine.ids_of((event,)))
        for matches, gather in self._members.of(event):
            if matches(event):
                gather(event)

    def bursts(self) -> Iterator[Match]:
        """What the records met so far raise together."""
        from amazon_q_detections import timeline

        for rule, described, gather in self._counted:
            for hit in timeline.hits(described, gather.kept):
                yield Match(rule, hit.iso_time, engine.ids_of(hit.records), hit.group)


def _meaning(rule: Rule) -> Condition | Correlation:
    """What the rule means; raises Refused for what cannot be run, also on no record at all."""
    from sigma.correlations import SigmaCorrelationRule

    from amazon_q_detections import correlation, sigma_condition, window

    main = rule.collection().rules[-1]
    with rule.blamed():
        if not isinstance(main, SigmaCorrelationRule):
            return sigma_condition.of_rule(main)
        described = correlation.of_rule(main)
    window.maker(described)()
    return described


class _BySource:
    """Predicates by the event source that they pin, so that a record meets only those that can match it."""

    def __init__(self) -> None:
        self._pinned: dict[str, list[tuple[Callable[[Mapping[str, Any]], bool], Any]]] = {}
        self._free: list[tuple[Callable[[Mapping[str, Any]], bool], Any]] = []

    def add(self, sources: frozenset[str] | None, matches: Callable[[Mapping[str, Any]], bool], thing: Any) -> None:
        """Keep a predicate for the records of *sources*, or, where they are None or empty, for all records.

        They are empty for a rule that asks for two sources at once, which only an array can hold.
        """
        one = (matches, thing)
        for source in sources or ():
            self._pinned.setdefault(source, []).append(one)
        if not sources:
            self._free.append(one)

    def of(self, event: Record) -> Iterator[tuple[Callable[[Mapping[str, Any]], bool], Any]]:
        """The predicates that a record must meet, each with the thing that was added with it."""
        source = event.get("eventSource")
        if isinstance(source, str):
            yield from self._pinned.get(casing.fold(source), ())
        else:  # an array can hold a pinned source among others; CloudTrail writes none, but a record is anyone's
            yield from {id(one): one for pinned in self._pinned.values() for one in pinned}.values()
        yield from self._free


@dataclass(frozen=True)
class _Gather:
    """Keeps an event for a correlation, once."""

    kept: list[Record]
    new: Unseen

    def __call__(self, event: Record) -> None:
        if self.new(event):
            self.kept.append(event)
