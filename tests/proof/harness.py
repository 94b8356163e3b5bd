"""Runs what the strategies make on every engine, and holds it against the meaning itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from amazon_q_detections.engine import Engine, Match
from amazon_q_detections.engines import Choice
from amazon_q_detections.errors import ContentError, QdetError, Refused
from amazon_q_detections.rule import Rule
from amazon_q_detections.sigma_engine import SigmaEngine
from proof import correlations, records, rules
from proof.rules import Made
from proof.tally import Tally

Event = dict[str, Any]


@dataclass(frozen=True)
class Disagreement:
    """A rule that an engine understands otherwise than it is meant, with the events that show it."""

    choice: Choice
    document: Any
    events: tuple[Event, ...]
    expected: Any
    got: Any

    def __str__(self) -> str:
        return (
            f"{self.choice.name}/{self.choice.schema}: {self.document} on {list(self.events)}: {self.got}, not {self.expected}"
        )


@dataclass
class Batch:
    """Rules and the events that they are run on; a correlation's sequence is in a batch of its own."""

    rules: list[tuple[Rule, frozenset[str]]]
    events: list[Event]


@st.composite
def _singles(draw: st.DrawFn) -> tuple[list[Event], list[Made]]:
    events = draw(st.lists(records.record(), min_size=4, max_size=6))
    return events, [draw(rules.rule(events)) for _ in range(8)]


def batches(count: int, seed: int, *, joined: int = 4) -> Iterator[Batch]:
    """*count* batches of single-event rules, of *joined* draws each."""
    drawn = _drawn(_singles(), count * joined, seed)
    for at in range(0, len(drawn), joined):
        some = drawn[at : at + joined]
        events = [event for own, _ in some for event in own]
        made = [one for _, own in some for one in own]
        yield Batch(
            [(_rule(f"aws_made_{number}", [one]), one.constructs) for number, one in enumerate(made)], _numbered(events)
        )


def sequences(count: int, seed: int) -> Iterator[Batch]:
    """*count* batches of one sequence and a few correlations over it."""
    drawn = _drawn(
        st.tuples(correlations.sequence(), st.lists(correlations.correlation(), min_size=3, max_size=3)), count, seed
    )
    for events, made in drawn:
        counted = [(_rule(f"aws_counted_{number}", one), one[-1].constructs) for number, one in enumerate(made)]
        yield Batch(counted, _numbered(events))


def _drawn(strategy: st.SearchStrategy[Any], count: int, seed: int) -> list[Any]:
    """So many draws of a strategy, the same ones for a seed."""
    found: list[Any] = []

    @seeded(seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(one: Any) -> None:
        found.append(one)

    collect()
    return found


def _rule(stem: str, made: Sequence[Made]) -> Rule:
    *bases, main = (one.document for one in made)
    return Rule(stem, Path(f"{stem}.yml"), {**main, "title": stem}, tuple(bases))


def _numbered(events: Iterable[Event]) -> list[Event]:
    return [
        {"eventTime": "2026-03-01T10:00:00Z", **event, "eventID": f"00000000-0000-4000-8000-{number:012}"}
        for number, event in enumerate(events)
    ]


def compare(batch: Batch, opened: Mapping[Choice, Engine], tally: Tally) -> list[Disagreement]:
    """What the engines say otherwise than the meaning, and the counts of what was compared."""
    refused: list[Refused] = []
    meant = _told(SigmaEngine(), [rule for rule, _ in batch.rules], batch.events, refused)
    nonsense = {refusal.stem for refusal in refused}
    wanted = [(rule, constructs) for rule, constructs in batch.rules if rule.stem not in nonsense]
    found: list[Disagreement] = []
    for choice, engine in opened.items():
        refused = []
        said = _told(engine, [rule for rule, _ in wanted], batch.events, refused)
        reasons = {refusal.stem: refusal for refusal in refused}
        for rule, constructs in wanted:
            mine, own = meant.get(rule.stem, []), said.get(rule.stem, [])
            if rule.stem in reasons:
                tally.refused(choice, constructs, reasons[rule.stem])
                continue
            tally.judged(choice, constructs, len(batch.events), len(mine))
            if mine != own:
                found.append(_smaller(Disagreement(choice, rule, tuple(batch.events), mine, own), engine))
    return found


def _told(engine: Engine, some: Sequence[Rule], events: Sequence[Event], refused: list[Refused]) -> dict[str, list[Any]]:
    """Each rule's matches: the event, or the time, the group and the events of a burst."""
    found: dict[str, list[Any]] = {}
    for match in engine.search(some, events, refused.append):
        found.setdefault(match.rule.stem, []).append(_of(match))
    return {stem: sorted(matches) for stem, matches in found.items()}


def _of(match: Match) -> Any:
    return (match.time, tuple(match.group.items()), match.event_ids) if match.rule.is_correlation else match.event_ids


_TRIES = 60


def _smaller(found: Disagreement, engine: Engine) -> Disagreement:
    """The same disagreement on fewer events, with fewer keys, as far as a few tries lead."""
    rule: Rule = found.document
    events = list(found.events)
    if not rule.is_correlation:
        wrong = {ids for ids in [*found.expected, *found.got] if (ids in found.expected) is not (ids in found.got)}
        events = [event for event in events if (event["eventID"],) in wrong][:1]
    tries = 0
    changed = True
    while changed and tries < _TRIES:
        changed = False
        for smaller in _reduced(events):
            tries += 1
            if tries >= _TRIES:
                break
            if _differs(rule, smaller, engine):
                events, changed = smaller, True
                break
    expected, got = (_told(one, [rule], events, []).get(rule.stem, []) for one in (SigmaEngine(), engine))
    shown = [*(base for base in rule.bases), rule.main] if rule.is_correlation else rule.main["detection"]
    return Disagreement(found.choice, shown, tuple(events), expected, got)


def _reduced(events: list[Event]) -> Iterator[list[Event]]:
    if len(events) > 1:
        yield from (events[:at] + events[at + 1 :] for at in range(len(events)))
    for at, event in enumerate(events):
        for key in event.keys() - {"eventID", "eventTime", "eventSource"}:
            yield [*events[:at], {name: value for name, value in event.items() if name != key}, *events[at + 1 :]]


def _differs(rule: Rule, events: list[Event], engine: Engine) -> bool:
    try:
        meant, said = (_told(one, [rule], events, []) for one in (SigmaEngine(), engine))
    except (QdetError, ContentError):
        return False
    return meant != said


@dataclass
class Proof:
    """A whole run: the counts, and what disagrees."""

    tally: Tally = field(default_factory=Tally)
    disagreements: list[Disagreement] = field(default_factory=list)

    def run(self, batches: Iterable[Batch], opened: Mapping[Choice, Engine]) -> None:
        """Compare each batch on each engine."""
        for batch in batches:
            self.disagreements.extend(compare(batch, opened, self.tally))
