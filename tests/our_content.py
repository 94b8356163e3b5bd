"""Our rules and events, as the tests of the targets run them."""

from __future__ import annotations

from amazon_q_detections import content, fixture, prove, ruleset
from amazon_q_detections.fixture import Case
from amazon_q_detections.rule import Rule
from amazon_q_detections.sigma_engine import SigmaEngine

RULES = ruleset.load([content.folder("sigma_rules")])
PAIRS = [(one, events) for one, events in prove.paired(RULES, fixture.load([content.folder("events")])) if events is not None]
SINGLES = [one for one, _ in PAIRS if not one.is_correlation]
CORRELATED = [(one, case) for one, events in PAIRS if one.is_correlation for case in events.cases]

# Each rule runs on the events of all rules, so that one that fires on another's event shows up.
EVENTS = list({one["eventID"]: one for single, events in PAIRS if not single.is_correlation for one in events.events}.values())
ENGINE = SigmaEngine()


def said_by(target: str) -> tuple[list[Rule], list[tuple[Rule, Case]]]:
    """The single-event rules, and the correlations with their cases, that do not declare to be refused by *target*."""
    return (
        [one for one in SINGLES if target not in one.refusals],
        [(one, case) for one, case in CORRELATED if target not in one.refusals],
    )


def ids(cases: list[tuple[Rule, Case]]) -> list[str]:
    """Readable names of cases: the stem, what is expected, and the case's own name."""
    return [f"{one.stem}-{'match' if case.expected else 'no_match'}-{case.name}" for one, case in cases]


def raising(one: Rule) -> set[str]:
    """The ids of the events that raise a single-event rule, by the engine `sigma`."""
    return {match.event_ids[0] for match in ENGINE.search([one], EVENTS)}


def grouped(one: Rule, case: Case) -> set[tuple[str, ...]]:
    """The groups that a case raises a correlation for, by the engine `sigma`."""
    return {tuple(match.group.values()) for match in ENGINE.search([one], case.events)}
